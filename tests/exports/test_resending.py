"""The rows that a validation found valid, sent."""

# ruff: noqa: F401, F811 - fixtures

import time
from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from exports import inheriting, jobs, queries, querying, resending, results
from exports.errors import NotPossible
from exports.models import Job, JobState, Mode, RowsFrom
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
from tests.exports.test_run import authentication, ends, line, run

pytestmark = pytest.mark.django_db(transaction=True)


def test_exactly_the_valid_rows_are_sent(job, save, editor, line):
    save(mapping=mapping(email="spare"))
    check = recheck(job, editor)
    sending = send(check, editor)
    assert (sending.state, sending.parent, ends(sending)) == (JobState.SUCCESS, check, (1, 0, 1, 0, 0, 0))
    assert [e["event"]["deduplication_key"] for e in line.events].count("k3") == 1
    assert line.stats["accepted"] == 9


def test_a_whole_validation_is_sent_without_a_query(line, query, draft, editor, monkeypatch):
    check = run(queries.run(draft, query=query, user=editor, mode=Mode.VALIDATE))
    monkeypatch.setattr(querying, "query", lambda *given, **more: pytest.fail("it ran"))
    sending = send(check, editor)
    assert (sending.rows_from, ends(sending)) == (RowsFrom.RESULT, (8, 0, 8, 0, 0, 0))
    assert line.stats["accepted"] == 8


def test_where_every_row_is_valid_the_kept_result_is_shared(line, query, draft, save, editor):
    save(mapping=FIXED)
    check = run(queries.run(queries.stored(query), query=query, user=editor, mode=Mode.VALIDATE))
    ours, theirs = (j.folder / results.NAME for j in (send(check, editor), check))
    assert ours.samefile(theirs) and line.stats["accepted"] == 10


def test_a_row_that_has_become_valid_is_left_to_a_re_check(line, query, draft, editor):
    """k1 lies more than a day ahead, until some time has passed."""
    later = "event_timestamp + CASE deduplication_key WHEN 'k1' THEN 90000 ELSE 0 END AS event_timestamp"
    ahead = replace(draft, text=replace(draft.text, sql=f"SELECT * REPLACE ({later}) FROM events"))
    check = run(queries.run(ahead, query=query, user=editor, mode=Mode.VALIDATE))
    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        line.clock = time.time
        assert (check.invalid, ends(send(check, editor))) == (3, (7, 0, 7, 0, 0, 0))


def test_a_disk_without_hard_links_copies_the_result(line, query, draft, save, editor, monkeypatch):
    save(mapping=FIXED)
    check = run(queries.run(queries.stored(query), query=query, user=editor, mode=Mode.VALIDATE))
    monkeypatch.setattr("pathlib.Path.hardlink_to", lambda *given: (_ for _ in ()).throw(OSError))
    sending = send(check, editor)
    path = sending.folder / results.NAME
    assert not path.samefile(check.folder / results.NAME) and path.stat().st_mode & 0o777 == 0o600
    assert sending.accepted == 10


def test_what_was_frozen_is_sent_whatever_the_query_says_now(job, save, editor, line):
    save(mapping=FIXED)
    check = recheck(job, editor)
    save(sql="SELECT 1 AS n")
    assert send(check, editor).accepted == 2


def test_a_strict_check_with_invalid_rows_is_not_sent(job, save, editor):
    save(mapping=mapping(email="spare"), ignore_invalid_records=False)
    check = recheck(job, editor)
    with pytest.raises(NotPossible, match="Ignore Invalid Records is off"):
        send(check, editor)


@pytest.mark.parametrize("values", [{"mode": Mode.SEND}, {"state": JobState.KILLED}, {"not_attempted": 0, "rows": 0}])
def test_only_a_finished_validation_with_valid_rows_is_sent(job, save, editor, values):
    save(mapping=FIXED)
    check = recheck(job, editor)
    Job.objects.filter(pk=check.pk).update(**values)
    with pytest.raises(NotPossible, match="no valid rows to send"):
        send(check, editor)


def test_run_again_takes_the_same_rows_again(job, save, editor):
    save(mapping=FIXED)
    again = run(jobs.run_again(recheck(job, editor), user=editor))
    assert (again.rows_from, again.parent, ends(again)) == ("rejects", job, (2, 0, 0, 0, 0, 2))


def test_sending_goes_on_after_its_worker_died_with_the_file_linked(job, save, editor, monkeypatch, line):
    save(mapping=FIXED)
    sending = resending.send(recheck(job, editor), user=editor)
    dies(monkeypatch, sending, inheriting, "adopt")
    assert ends(run(sending)) == (2, 0, 2, 0, 0, 0)
    assert [path.name for path in sending.folder.glob("result*")] == [results.NAME]
    assert line.stats["accepted"] == 10
