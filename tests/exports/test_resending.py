"""Rejected rows: checked again by the query as it is now, then sent; and nothing that was accepted goes twice."""

import time
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.utils import timezone

from exports import inheriting, jobs, queries, querying, rejects, resending, results, resuming, retrieving
from exports.errors import NotPossible
from exports.models import Job, JobLog, JobState, Mode, RowsFrom
from exports.queries import Draft
from exports.results import KeptResult
from exports.run import run_job
from exports.targets import Target
from exports.texts import Text
from tests.exports.test_run import authentication, ends, line, run  # noqa: F401 - fixtures
from warehouse.models import Database, Table, TableFile

pytestmark = pytest.mark.django_db(transaction=True)
BAD = {3, 7}
SQL = "SELECT * FROM events"
MENDED = "SELECT * EXCLUDE (email), replace(email, 'nobody', 'u@example.com') AS email, 1 AS n FROM events"


def events(count=10, bad=BAD):
    """Those in `bad` have no address in `email`, but one in `spare`; the last bad one has no key."""
    now = int(time.time())
    return pa.table(
        {
            "deduplication_key": [None if bad and n == max(bad) else f"k{n}" for n in range(count)],
            "event_timestamp": pa.array([now - count + n for n in range(count)], pa.int64()),
            "email": ["nobody" if n in bad else f"u{n}@example.com" for n in range(count)],
            "spare": [f"s{n}@example.com" for n in range(count)],
            "spare_key": [f"k{n}" for n in range(count)],
        }
    )


def mapping(**columns):
    columns = {
        "deduplication_key": "deduplication_key",
        "event_timestamp": "event_timestamp",
        "email": "email",
    } | columns
    constants = {"event_type": "conversion", "source_type": "web"}
    return {name: {"column": c} for name, c in columns.items()} | {n: {"constant": c} for n, c in constants.items()}


FIXED = mapping(email="spare", deduplication_key="spare_key")


@pytest.fixture
def draft(authentication, settings, tmp_path):  # noqa: F811
    settings.DATA_DIR = tmp_path
    database, table = Database.objects.create(name="shop"), events()
    columns = [[f.name, "BIGINT" if f.type == pa.int64() else "VARCHAR"] for f in table.schema]
    row = Table.objects.create(database=database, name="events", columns=columns)
    file = TableFile(table=row, path=f"{row.pk}.parquet", rows=len(table), bytes=1)
    file.absolute_path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, file.absolute_path)
    file.save()
    target = Target(authentication, mapping(), {"ignore_invalid_records": True, "max_records": 1000})
    return Draft("events", Text(database, SQL, engine="duckdb"), target)


@pytest.fixture
def query(draft, editor):
    return queries.create(draft, user=editor)


@pytest.fixture
def job(line, query, draft, editor):  # noqa: F811
    """A finished job: eight rows accepted, two invalid."""
    done = run(queries.run(draft, query=query, user=editor))
    assert ends(done) == (10, 2, 8, 0, 0, 0)
    return done


@pytest.fixture
def save(query, draft, editor):
    """`save(sql=…, mapping=…, settings=…)` → the query has a new version."""

    def change(sql=SQL, mapping=None, **settings):
        target = replace(draft.target, mapping=mapping or draft.target.mapping)
        target = replace(target, settings={**target.settings, **settings})
        queries.update(
            query, replace(draft, text=replace(draft.text, sql=sql), target=target), base=query.version, user=editor
        )

    return change


def recheck(job, editor):
    job.refresh_from_db()
    return run(resending.recheck(Job.objects.get(pk=job.pk), user=editor))


def send(job, editor):
    return run(resending.send(Job.objects.get(pk=job.pk), user=editor))


def kept(job):
    return KeptResult(job.folder / results.NAME).reader.read_all().to_pylist()


def log(job):
    return " ".join(JobLog.objects.filter(job=job).values_list("text", flat=True))


# --- checking again ----------------------------------------------------------------------------------------------


def test_the_same_query_is_not_run_again(job, save, editor, monkeypatch):
    save(mapping=FIXED)
    monkeypatch.setattr(querying, "query", lambda *given, **more: pytest.fail("it ran"))
    check = recheck(job, editor)
    assert (check.mode, check.rows_from, check.parent, check.query_version) == ("validate", "rejects", job, 2)
    assert (check.outcome, ends(check)) == ("success", (2, 0, 0, 0, 0, 2))


def test_it_takes_the_rejected_rows_with_all_columns(job, save, editor):
    save(mapping=FIXED)
    check = recheck(job, editor)
    assert [row["spare"] for row in kept(check)] == ["s3@example.com", "s7@example.com"]
    assert check.columns == job.columns and "no query ran" in log(check)


def test_a_check_sends_nothing(job, save, editor, line):  # noqa: F811
    save(mapping=FIXED)
    before = line.stats["requests"]
    assert not recheck(job, editor).requests.exists() and line.stats["requests"] == before


def test_what_is_still_invalid_is_told_with_its_new_reasons(job, save, editor):
    save(mapping=mapping(email="spare"))
    check = recheck(job, editor)
    assert (check.outcome, ends(check)) == ("rejects", (2, 1, 0, 0, 0, 1))
    assert [(r.row, r.reasons[0][0]) for r in rejects.read(check.folder, check.rejects_bytes)] == [
        (1, "deduplication_key")
    ]


def test_refused_rows_are_rejected_rows_too(job, save, editor):
    Job.objects.filter(pk=job.pk).update(invalid=1, refused=1)
    length = rejects.RejectFile(job.folder, 0).append(
        [rejects.Reject(2, "refused", ()), rejects.Reject(5, "invalid", ())]
    )
    Job.objects.filter(pk=job.pk).update(rejects_bytes=length)
    save(mapping=FIXED)
    assert [row["spare"] for row in kept(recheck(job, editor))] == ["s2@example.com", "s5@example.com"]


def test_a_changed_query_runs_and_its_rows_are_found_by_their_keys(job, save, editor):
    save(sql=MENDED)
    check = recheck(job, editor)
    assert [(row["deduplication_key"], row["email"]) for row in kept(check)] == [("k3", "u@example.com")]
    assert (check.outcome, ends(check)) == ("success", (1, 0, 0, 0, 0, 1))
    assert "1 of those rows had no deduplication_key" in log(check)


def test_keys_are_compared_as_they_are_mapped_then_and_now(job, save, editor):
    save(sql=f"SELECT * RENAME (deduplication_key AS k) FROM ({MENDED})", mapping=mapping(deduplication_key="k"))
    assert [row["k"] for row in kept(recheck(job, editor))] == ["k3"]


def test_a_changed_query_that_lost_the_rows_gives_none(job, save, editor):
    save(sql="SELECT * FROM events WHERE deduplication_key = 'k1'")
    assert ends(recheck(job, editor)) == (0, 0, 0, 0, 0, 0)


def test_many_keys_and_many_batches(job, save, editor, monkeypatch):
    monkeypatch.setattr(retrieving, "BATCH_ROWS", 2)
    save(sql=MENDED)
    assert [row["deduplication_key"] for row in kept(recheck(job, editor))] == ["k3"]


def test_too_many_rejected_rows_are_not_looked_for(job, save, editor, monkeypatch):
    monkeypatch.setattr(retrieving, "MOST_KEYS", 1)
    save(sql=MENDED)
    with pytest.raises(NotPossible, match="too many to find again one by one"):
        resending.recheck(Job.objects.get(pk=job.pk), user=editor)
    save(mapping=FIXED)  # the same query needs no keys
    assert recheck(job, editor).outcome == "success"


def test_a_constant_key_finds_no_row_again(job, save, editor):
    save(sql=MENDED, mapping=mapping() | {"deduplication_key": {"constant": "k"}})
    with pytest.raises(NotPossible, match="mapped to no column"):
        resending.recheck(Job.objects.get(pk=job.pk), user=editor)


def test_without_its_query_a_check_is_pointless(job, query, editor):
    queries.delete(query)
    with pytest.raises(NotPossible, match="deleted, or never saved"):
        resending.recheck(Job.objects.get(pk=job.pk), user=editor)


def test_a_query_that_exports_nothing_any_more_cannot_check(job, query, draft, editor):
    queries.update(query, replace(draft, target=None), base=1, user=editor)
    with pytest.raises(NotPossible, match="exports nothing any more"):
        resending.recheck(Job.objects.get(pk=job.pk), user=editor)


def test_a_result_that_is_gone_is_told_before_and_by_the_worker(job, save, editor):
    save(mapping=FIXED)
    check = resending.recheck(Job.objects.get(pk=job.pk), user=editor)
    (job.folder / results.NAME).unlink()
    assert f"The kept result of job {job.pk} was deleted." in run(check).error
    with pytest.raises(NotPossible, match="was deleted"):
        resending.recheck(Job.objects.get(pk=job.pk), user=editor)


def test_a_job_without_rejected_rows_has_nothing_to_check(job, editor):
    Job.objects.filter(pk=job.pk).update(invalid=0, rows=8)
    with pytest.raises(NotPossible, match="no rejected rows"):
        resending.recheck(Job.objects.get(pk=job.pk), user=editor)


def test_what_has_changed_is_told(job, save):
    found = resending.look(Job.objects.get(pk=job.pk))
    assert (found.changes, found.sql_changes, found.same_rows, found.rows) == ([], [], True, 2)
    save(sql=MENDED, mapping=FIXED, max_records=5000)
    found = resending.look(Job.objects.get(pk=job.pk))
    assert {change.label for change in found.changes} == {"Field deduplication_key", "Field email", "Batch Size"}
    assert found.sql_changes and not found.same_rows and found.lost == 1


def test_a_key_that_an_accepted_row_has_too_finds_nothing(draft, query, line, editor, save):  # noqa: F811
    twice = "SELECT * REPLACE ('k3' AS deduplication_key) FROM events WHERE deduplication_key IN ('k3', 'k4')"
    save(sql=twice)
    done = run(queries.run(queries.stored(query), query=query, user=editor))
    assert ends(done) == (2, 1, 1, 0, 0, 0)
    save(sql=f"SELECT *, 1 AS n FROM ({twice})")
    check = recheck(done, editor)
    assert ends(check) == (0, 0, 0, 0, 0, 0)
    assert "1 of those rows are left out: other rows of job" in log(check)


# --- sending -----------------------------------------------------------------------------------------------------


def test_exactly_the_valid_rows_are_sent(job, save, editor, line):  # noqa: F811
    save(mapping=mapping(email="spare"))
    check = recheck(job, editor)
    sending = send(check, editor)
    assert (sending.state, sending.parent, ends(sending)) == (JobState.SUCCESS, check, (2, 1, 1, 0, 0, 0))
    assert [e["event"]["deduplication_key"] for e in line.events].count("k3") == 1
    assert line.stats["accepted"] == 9


def test_a_whole_validation_is_sent_without_a_query(line, query, draft, editor, monkeypatch):  # noqa: F811
    check = run(queries.run(draft, query=query, user=editor, mode=Mode.VALIDATE))
    monkeypatch.setattr(querying, "query", lambda *given, **more: pytest.fail("it ran"))
    sending = send(check, editor)
    assert (sending.rows_from, ends(sending)) == (RowsFrom.RESULT, (10, 2, 8, 0, 0, 0))
    ours, theirs = (j.folder / results.NAME for j in (sending, check))
    assert ours.samefile(theirs) and line.stats["accepted"] == 8


def test_a_disk_without_hard_links_copies_the_result(line, query, draft, editor, monkeypatch):  # noqa: F811
    check = run(queries.run(draft, query=query, user=editor, mode=Mode.VALIDATE))
    monkeypatch.setattr("pathlib.Path.hardlink_to", lambda *given: (_ for _ in ()).throw(OSError))
    sending = send(check, editor)
    path = sending.folder / results.NAME
    assert not path.samefile(check.folder / results.NAME) and path.stat().st_mode & 0o777 == 0o600
    assert sending.accepted == 8


def test_it_is_sent_once(job, save, editor):
    save(mapping=FIXED)
    check = recheck(job, editor)
    sending = send(check, editor)
    with pytest.raises(NotPossible, match=f"Job {sending.pk} sends these rows already"):
        send(check, editor)


def test_what_was_resent_is_not_checked_once_more(job, save, editor):
    save(mapping=mapping(email="spare"))
    sending = send(recheck(job, editor), editor)
    assert ends(sending) == (2, 1, 1, 0, 0, 0)
    with pytest.raises(NotPossible, match=f"sent on already. Go on from there: job {sending.pk}"):
        recheck(job, editor)
    save(mapping=FIXED)
    assert ends(recheck(sending, editor)) == (1, 0, 0, 0, 0, 1)


def test_of_two_checks_of_the_same_rows_one_is_sent(job, save, editor):
    save(mapping=FIXED)
    checks = [recheck(job, editor) for _ in range(2)]
    sending = send(checks[1], editor)
    with pytest.raises(NotPossible, match=f"Job {sending.pk} has sent these rows already, after another check"):
        send(checks[0], editor)


def test_a_validation_that_was_sent_goes_on_in_the_job_that_sent_it(line, query, draft, editor):  # noqa: F811
    check = run(queries.run(draft, query=query, user=editor, mode=Mode.VALIDATE))
    sending = send(check, editor)
    with pytest.raises(NotPossible, match=f"job {sending.pk}"):
        recheck(check, editor)
    assert not resending.look(Job.objects.get(pk=sending.pk)).problem


def test_rejects_that_went_on_from_the_check_do_not_go_on_from_its_sending_too(job, save, editor):
    save(mapping=mapping(email="spare"))
    check = recheck(job, editor)
    save(mapping=FIXED)
    early = send(recheck(check, editor), editor)
    sending = send(check, editor)
    assert resending.look(Job.objects.get(pk=sending.pk)).earlier == early.pk


def test_a_sending_that_sent_nothing_does_not_stand_in_the_way(job, save, editor):
    save(mapping=FIXED)
    sending = resending.send(recheck(job, editor), user=editor)
    jobs.stop(sending)
    assert not resending.look(Job.objects.get(pk=job.pk)).problem


def test_a_sending_that_sent_nothing_is_not_resumed_after_another_one(job, save, editor, line):  # noqa: F811
    save(mapping=FIXED)
    line.behave([{"status": 401}])
    first = send(recheck(job, editor), editor)
    assert ends(first) == (2, 0, 0, 0, 0, 2)
    second = send(recheck(job, editor), editor)
    assert f"job {second.pk} has sent these rows" in resuming.offer(first, timezone.now()).why_not
    assert not resuming.resume(first)


def test_a_sending_that_is_resumed_is_the_only_one(job, save, editor, line):  # noqa: F811
    save(mapping=FIXED)
    line.behave([{"status": 401}])
    first = send(recheck(job, editor), editor)
    check = recheck(job, editor)
    assert resuming.resume(first)
    with pytest.raises(NotPossible, match=f"Job {first.pk} has sent these rows already"):
        send(check, editor)


def test_what_was_frozen_is_sent_whatever_the_query_says_now(job, save, editor, line):  # noqa: F811
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


# --- when a worker dies ------------------------------------------------------------------------------------------


def dies(monkeypatch, job, module, name):
    """The worker of this job dies right after the function did its work."""
    real = getattr(module, name)

    def last_breath(*given, **more):
        real(*given, **more)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module, name, last_breath)
        with pytest.raises(KeyboardInterrupt):
            run_job(job.pk)
    Job.objects.filter(pk=job.pk).update(state=JobState.RETRY_WAIT, lease_token=None, lease_until=None)


def test_a_check_goes_on_after_its_worker_died_with_the_rows_kept(job, save, editor, monkeypatch):
    save(mapping=FIXED)
    check = resending.recheck(Job.objects.get(pk=job.pk), user=editor)
    dies(monkeypatch, check, inheriting, "keep_batches")
    assert ends(run(check)) == (2, 0, 0, 0, 0, 2)


def test_a_changed_query_goes_on_after_its_worker_died(job, save, editor, monkeypatch):
    save(sql=MENDED)
    check = resending.recheck(Job.objects.get(pk=job.pk), user=editor)
    dies(monkeypatch, check, querying, "keep_batches")
    assert ends(run(check)) == (1, 0, 0, 0, 0, 1)


def test_sending_goes_on_after_its_worker_died_with_the_file_linked(job, save, editor, monkeypatch, line):  # noqa: F811
    save(mapping=FIXED)
    sending = resending.send(recheck(job, editor), user=editor)
    dies(monkeypatch, sending, inheriting, "adopt")
    assert ends(run(sending)) == (2, 0, 2, 0, 0, 0)
    assert [path.name for path in sending.folder.glob("result*")] == [results.NAME]
    assert line.stats["accepted"] == 10


def test_a_setting_that_is_missing_and_its_default_are_the_same(job, query):
    query.export_target.settings = {}
    query.export_target.save()
    assert resending.look(Job.objects.get(pk=job.pk)).changes == []
