"""Of all jobs that hold a rejected row, one sends it."""

# ruff: noqa: F401, F811 - fixtures

import pytest
from django.utils import timezone

from exports import jobs, queries, resending, resuming
from exports.errors import NotPossible
from exports.models import Job, Mode
from tests.exports.rechecks import (
    FIXED,
    MENDED,
    SQL,
    dies,
    draft,
    events,
    job,
    kept,
    log,
    mapping,
    query,
    recheck,
    save,
    send,
)
from tests.exports.test_run import authentication, due, ends, line, run

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_is_sent_once(job, save, editor):
    save(mapping=FIXED)
    check = recheck(job, editor)
    sending = send(check, editor)
    with pytest.raises(NotPossible, match=f"Job {sending.pk} sends these rows already"):
        send(check, editor)


def test_what_was_resent_is_not_checked_once_more(job, save, editor):
    save(mapping=mapping(email="spare"))
    check = recheck(job, editor)
    send(check, editor)
    with pytest.raises(NotPossible, match=f"sent on. Go on from there: job {check.pk}"):
        recheck(job, editor)
    save(mapping=FIXED)
    assert ends(recheck(check, editor)) == (1, 0, 0, 0, 0, 1)


def test_of_two_checks_of_the_same_rows_one_is_sent(job, save, editor):
    save(mapping=FIXED)
    checks = [recheck(job, editor) for _ in range(2)]
    sending = send(checks[1], editor)
    with pytest.raises(NotPossible, match=f"Job {sending.pk} has sent these rows already, after another check"):
        send(checks[0], editor)


def test_what_a_validation_rejected_is_checked_again_though_its_valid_rows_were_sent(line, query, draft, save, editor):
    check = run(queries.run(draft, query=query, user=editor, mode=Mode.VALIDATE))
    send(check, editor)
    save(mapping=FIXED)
    assert ends(send(recheck(check, editor), editor)) == (2, 0, 2, 0, 0, 0)
    assert (line.stats["accepted"], line.stats["duplicates"]) == (10, 0)


def test_what_a_check_rejected_goes_on_from_there_alone(job, save, editor, line):
    save(mapping=mapping(email="spare"))
    first, second = recheck(job, editor), recheck(job, editor)
    save(mapping=FIXED)
    later = send(recheck(first, editor), editor)
    assert resending.look(Job.objects.get(pk=job.pk)).onward == first.pk
    with pytest.raises(NotPossible, match=f"Job {later.pk} has sent these rows already"):
        send(second, editor)
    assert (send(first, editor).accepted, line.stats["duplicates"]) == (1, 0)


def test_what_a_check_rejected_is_not_sent_after_another_check_of_the_same_rows(job, save, editor):
    save(mapping=mapping(email="spare"))
    first = recheck(job, editor)
    save(mapping=FIXED)
    deeper, second = recheck(first, editor), recheck(job, editor)
    sending = send(second, editor)
    with pytest.raises(NotPossible, match=f"Job {sending.pk} has sent these rows already"):
        send(deeper, editor)


def test_rows_refused_in_a_sending_go_on_from_there_alone(job, save, editor, line):
    save(mapping=FIXED)
    check = recheck(job, editor)
    line.behave([{"status": 400, "times": 3}])
    sending = send(check, editor)
    assert ends(sending) == (2, 0, 0, 2, 0, 0)
    assert resending.look(Job.objects.get(pk=job.pk)).onward == check.pk
    assert send(recheck(sending, editor), editor).accepted == 2


# --- rejects that came later -------------------------------------------------------------------------------------


@pytest.fixture
def halted(line, query, save, editor):
    """A job that stopped after its first thousand events: two rows are invalid, and two more of those to come."""
    save(sql=LONG)
    line.behave([{"skip": 1, "status": 401}])
    found = run(queries.run(queries.stored(query), query=query, user=editor))
    assert ends(found) == (1200, 2, 1000, 0, 0, 198)
    return found


LONG = """SELECT * REPLACE (printf('k%d', n) AS deduplication_key,
    CASE WHEN n IN (3, 7, 1100, 1101) THEN 'nobody' ELSE 'u@example.com' END AS email)
    FROM (SELECT * FROM events WHERE deduplication_key = 'k0'), range(1200) t(n) ORDER BY n"""


def resumed(job):
    assert resuming.resume(job)
    done = run(job)
    assert ends(done) == (1200, 4, 1196, 0, 0, 0)
    return done


def keys(job):
    return [row["deduplication_key"] for row in kept(job)]


def test_after_resume_only_the_rejects_that_were_not_sent_on_are_checked(halted, save, editor, line):
    save(sql=LONG, mapping=mapping(email="spare"))
    assert send(recheck(halted, editor), editor).accepted == 2
    found = resending.look(resumed(halted))
    assert (found.problem, found.rows, found.lost) == ("", 2, 0)
    later = recheck(halted, editor)
    assert (keys(later), send(later, editor).accepted) == (["k1100", "k1101"], 2)
    assert resending.look(Job.objects.get(pk=halted.pk)).onward == later.pk
    assert (line.stats["accepted"], line.stats["duplicates"]) == (1200, 0)


def test_after_resume_a_changed_query_finds_only_those_too(halted, save, editor):
    save(sql=LONG, mapping=mapping(email="spare"))
    send(recheck(halted, editor), editor)
    resumed(halted)
    save(sql=f"SELECT *, 1 AS more FROM ({LONG})", mapping=mapping(email="spare"))
    assert keys(recheck(halted, editor)) == ["k1100", "k1101"]


def test_a_check_that_was_not_sent_on_blocks_nothing(halted, save, editor):
    save(sql=LONG, mapping=mapping(email="spare"))
    early = recheck(halted, editor)
    both = recheck(resumed(halted), editor)
    assert keys(both) == ["k3", "k7", "k1100", "k1101"]
    sending = send(both, editor)
    with pytest.raises(NotPossible, match=f"Job {sending.pk} has sent these rows already, after another check"):
        send(early, editor)


def test_checks_of_parts_that_do_not_overlap_are_both_sent(halted, save, editor, line):
    save(sql=LONG, mapping=mapping(email="spare"))
    line.behave([{"status": 429}])
    early = send(recheck(halted, editor), editor)  # on its way
    later = recheck(resumed(halted), editor)
    due(early)
    assert (send(later, editor).accepted, run(early).accepted) == (2, 2)
    assert resending.look(Job.objects.get(pk=halted.pk)).onward == later.pk


def test_the_part_before_one_that_was_sent_on_is_checked_too(halted, save, editor, line):
    save(sql=LONG, mapping=mapping(email="spare"))
    line.behave([{"status": 429}])
    early = send(recheck(halted, editor), editor)
    later = recheck(resumed(halted), editor)
    assert jobs.stop(early)
    send(later, editor)
    assert keys(recheck(halted, editor)) == ["k3", "k7"]


def test_a_check_takes_its_part_though_the_job_went_on_meanwhile(halted, save, editor):
    save(sql=LONG, mapping=mapping(email="spare"))
    early = resending.recheck(Job.objects.get(pk=halted.pk), user=editor)
    resumed(halted)
    assert keys(run(early)) == ["k3", "k7"]
    assert keys(run(jobs.run_again(early, user=editor))) == ["k3", "k7"]


def test_the_page_tells_what_was_sent_on_already(halted, save, editor, as_user):
    save(sql=LONG, mapping=mapping(email="spare"))
    early = recheck(halted, editor)
    send(early, editor)
    resumed(halted)
    page = as_user(editor).get(f"/jobs/{halted.pk}/fix").content.decode()
    assert "Fix and resend 2 rows" in page and "Only rows that were not sent on yet." in page
    assert f"job {early.pk}" in page


# --- sendings that sent nothing ----------------------------------------------------------------------------------


def test_a_sending_that_sent_nothing_does_not_stand_in_the_way(job, save, editor):
    save(mapping=FIXED)
    sending = resending.send(recheck(job, editor), user=editor)
    jobs.stop(sending)
    assert not resending.look(Job.objects.get(pk=job.pk)).problem


def test_a_sending_that_sent_nothing_is_not_resumed_after_another_one(job, save, editor, line):
    save(mapping=FIXED)
    line.behave([{"status": 401}])
    first = send(recheck(job, editor), editor)
    assert ends(first) == (2, 0, 0, 0, 0, 2)
    second = send(recheck(job, editor), editor)
    assert f"job {second.pk} has sent these rows" in resuming.offer(first, timezone.now()).why_not
    assert not resuming.resume(first)


def test_a_sending_that_sent_nothing_is_not_run_again_after_another_one(job, save, editor, line, as_user):
    save(mapping=FIXED)
    line.behave([{"status": 401}])
    first = send(recheck(job, editor), editor)
    second = send(recheck(job, editor), editor)
    page = as_user(editor).post(f"/jobs/{first.pk}/run-again", follow=True).content.decode()
    assert f"Job {second.pk} has sent these rows" in page and not first.repeats.exists()


def test_a_sending_that_is_resumed_is_the_only_one(job, save, editor, line):
    save(mapping=FIXED)
    line.behave([{"status": 401}])
    first = send(recheck(job, editor), editor)
    check = recheck(job, editor)
    assert resuming.resume(first)
    with pytest.raises(NotPossible, match=f"Job {first.pk} has sent these rows already"):
        send(check, editor)
