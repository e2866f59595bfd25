"""A job from its kept query to the sandbox: what LINE got, and that every row's end is on record."""

import hashlib
import time
from datetime import timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.utils import timezone

from exports import dispatch, jobs, rejects
from exports.models import Job, JobLog, JobReason, JobRequest, JobState, TagLease
from exports.run import run_job
from exports.targets import Target
from exports.texts import Text
from integrations.connectors.line_conversion import CONNECTOR
from integrations.connectors.line_conversion.sandbox import Sandbox
from integrations.models import Authentication
from warehouse.models import Database, Table, TableFile

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def line(settings):
    with Sandbox({"tag": "token"}) as sandbox:
        settings.LINE_CONVERSION_API_URL = sandbox.url
        yield sandbox


@pytest.fixture
def authentication():
    saved = Authentication(name="line_test", connector_key=CONNECTOR.key, settings={"line_tag_id": "tag"})
    saved.set_secrets({"access_token": "token"}, at=timezone.now())
    saved.save()
    return saved


def events(count, bad=()):
    """`count` events, those numbered in `bad` without an e-mail address that deserves the name."""
    now = int(time.time())
    return pa.table(
        {
            "deduplication_key": [f"k{n}" for n in range(count)],
            "event_type": ["conversion"] * count,
            "source_type": ["web"] * count,
            "event_timestamp": pa.array([now - count + n for n in range(count)], pa.int64()),
            "email": ["nobody" if n in bad else f"u{n}@example.com" for n in range(count)],
        }
    )


@pytest.fixture
def start(authentication, settings):
    """`start(table, **settings)` → a queued export job over these rows."""

    def begin(table, sql="select * from events", mapping=None, mode="send", **chosen):
        database = Database.objects.create(name="shop")
        columns = [[f.name, "BIGINT" if f.type == pa.int64() else "VARCHAR"] for f in table.schema]
        row = Table.objects.create(database=database, name="events", columns=columns)
        file = TableFile(table=row, path=f"{row.pk}.parquet", rows=len(table), bytes=1)
        file.absolute_path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, file.absolute_path)
        file.save()
        mapping = mapping or {name: {"column": name} for name in table.column_names}
        target = Target(authentication, mapping, {"ignore_invalid_records": True, "max_records": 1000, **chosen})
        return jobs.start(text=Text(database, sql, engine="duckdb"), name="q", user=None, target=target, mode=mode)

    return begin


def run(job):
    run_job(job.pk)
    job.refresh_from_db()
    return job


def due(job):
    """The job's retry wait is over."""
    Job.objects.filter(pk=job.pk).update(next_attempt_at=timezone.now())


def ends(job):
    return (job.rows, job.invalid, job.accepted, job.refused, job.unknown, job.not_attempted)


def test_every_row_ends_somewhere(line, start):
    job = run(start(events(2500, bad={3, 1700})))
    assert (job.state, ends(job)) == (JobState.SUCCESS, (2500, 2, 2498, 0, 0, 0))
    assert line.stats["accepted"] == 2498
    assert [r.events for r in job.requests.all()] == [1000, 1000, 498]


def test_events_leave_in_the_order_in_which_they_happened(line, start):
    shuffled = events(50).take(list(range(49, -1, -1)))
    run(start(shuffled))
    times = [e["event"]["event_timestamp"] for e in line.events]
    assert times == sorted(times)


def test_a_query_with_an_order_of_its_own_keeps_it(line, start):
    run(start(events(50), sql="select * from events order by event_timestamp desc"))
    times = [e["event"]["event_timestamp"] for e in line.events]
    assert times == sorted(times, reverse=True)


def test_the_query_keeps_its_row_order_when_the_user_wants_it(line, start):
    shuffled = events(50).take(list(range(49, -1, -1)))
    run(start(shuffled, keep_row_order=True))
    times = [e["event"]["event_timestamp"] for e in line.events]
    assert times == sorted(times, reverse=True)


def test_additional_fields_leave_as_what_they_are(line, start):
    cells = "12.50 as amount, sum(3) over () as quantity, ['sku-1', 'sku-2'] as item_ids, '[\"夏\", \"茶\"]' as words"
    columns = {name: {"column": name} for name in [*events(1).column_names, "quantity", "item_ids"]}
    mapping = {**columns, "value": {"column": "amount"}, "keywords": {"column": "words"}}
    mapping |= {"test_flag": {"constant": True}, "currency": {"constant": "TWD"}, "category": {"constant": "tea"}}
    assert ends(run(start(events(2), sql=f"select *, {cells} from events", mapping=mapping))) == (2, 0, 2, 0, 0, 0)
    assert line.events[1]["event"]["test_flag"] is True
    assert line.events[1]["custom"] == {
        "value": 12.5,
        "currency": "TWD",
        "quantity": 6,
        "item_ids": ["sku-1", "sku-2"],
        "keywords": ["夏", "茶"],
        "category": "tea",
    }


def test_an_email_leaves_only_as_its_hash(line, start):
    run(start(events(1)))
    assert line.events[0]["user"] == {"email": hashlib.sha256(b"u0@example.com").hexdigest()}


def test_invalid_rows_are_kept_with_their_reasons(line, start):
    job = run(start(events(10, bad={4})))
    (found,) = rejects.read(job.folder, job.rejects_bytes)
    assert (found.row, found.end, found.reasons[0][:2]) == (4, "invalid", ("email", "email"))
    reason = JobReason.objects.get()
    assert (reason.field, reason.rows, reason.sample) == ("email", 1, "no•••")


def test_with_ignore_invalid_records_off_one_bad_row_sends_nothing(line, start):
    job = run(start(events(1500, bad={1499}), ignore_invalid_records=False))
    assert (job.state, ends(job)) == (JobState.ERROR, (1500, 1, 0, 0, 0, 1499))
    assert "1 of 1,500 rows are invalid" in job.error
    assert line.stats["requests"] == 0


def test_with_ignore_invalid_records_off_good_rows_go(line, start):
    job = run(start(events(1500), ignore_invalid_records=False))
    assert (job.state, job.accepted) == (JobState.SUCCESS, 1500)


def test_a_refused_token_ends_the_job_at_once_and_says_what_to_do(line, start, authentication):
    authentication.set_secrets({"access_token": "wrong"}, at=timezone.now())
    authentication.save()
    job = run(start(events(1500)))
    assert (job.state, ends(job)) == (JobState.ERROR, (1500, 0, 0, 0, 0, 1500))
    assert "refused the access token (401)" in job.error
    assert "Paste a new token" in job.advice
    assert line.stats["requests"] == 1


def test_a_server_error_gives_the_worker_back_and_the_job_goes_on_later(line, start):
    line.behave([{"status": 500, "times": 1}])
    job = run(start(events(10)))
    assert job.state == JobState.RETRY_WAIT
    assert timedelta(seconds=13) < job.next_attempt_at - timezone.now() <= timedelta(seconds=15)
    due(job)
    assert ends(run(job)) == (10, 0, 10, 0, 0, 0)
    assert [a["code"] for a in JobRequest.objects.get().attempts] == [500, 202]


def test_the_waits_double(line, start):
    line.behave([{"status": 503, "times": 3}])
    job = start(events(10))
    waits = []
    for _ in range(3):
        run(job)
        waits.append(round((job.next_attempt_at - timezone.now()).total_seconds()))
        due(job)
    assert waits == [15, 30, 60]
    assert run(job).state == JobState.SUCCESS


def test_after_the_last_retry_the_sent_rows_are_unknown(line, start, authentication):
    authentication.settings |= {"max_retry": 1}
    authentication.save()
    line.behave([{"status": 500, "times": 9}])
    job = run(start(events(1500)))
    due(job)
    run(job)
    assert (job.state, ends(job)) == (JobState.ERROR, (1500, 0, 0, 0, 1000, 500))
    assert "Gave up after 1 retry" in job.error


def test_slowing_down_uses_up_no_try(line, start, authentication):
    authentication.settings |= {"max_retry": 1}
    authentication.save()
    line.behave([{"status": 429, "retry_after": 7, "times": 3}])
    job = start(events(10))
    for _ in range(3):
        run(job)
        assert (job.state, job.tries) == (JobState.RETRY_WAIT, 0)
        due(job)
    assert run(job).accepted == 10


def test_slowing_down_for_a_day_ends_the_job(line, start):
    line.behave([{"status": 429, "times": 5}])
    job = run(start(events(10)))
    Job.objects.update(throttled_since=timezone.now() - timedelta(hours=25))
    due(job)
    assert run(job).state == JobState.ERROR
    assert ends(job) == (10, 0, 0, 0, 0, 10)


def test_an_undocumented_code_stops_the_job_with_its_rows_unknown(line, start):
    line.behave([{"status": 418}])
    job = run(start(events(1200)))
    assert (job.state, ends(job)) == (JobState.ERROR, (1200, 0, 0, 0, 1000, 200))
    assert "418" in job.error


def test_a_request_that_line_refuses_is_taken_apart(line, start):
    """An event that our checks pass and LINE refuses: here one that LINE's clock makes too old."""
    now = int(time.time())
    table = events(200)
    times = table.column("event_timestamp").to_pylist()
    times[120] = now - 90 * 86400 + 30
    table = table.set_column(3, "event_timestamp", pa.array(times, pa.int64()))
    line.clock = lambda: time.time() + 60
    job = run(start(table, sql="select * from events order by deduplication_key"))
    assert ends(job) == (200, 0, 199, 1, 0, 0)
    assert line.stats["duplicates"] == 0
    assert JobReason.objects.get().code == "refused"
    told = [text for text in job.log.values_list("text", flat=True) if "taken apart" in text]
    assert told == [
        f"Request 1, rows 1 to 200: {CONNECTOR.says(400).what} It is taken apart to find out which.",
        f"Request 1 is taken apart: {job.requests.count() - 1} more requests, 1 event refused.",
    ]
    assert job.log.filter(text__startswith="Request ").count() == 2


def test_an_empty_result_succeeds_and_says_so(line, start):
    job = run(start(events(0)))
    assert (job.state, job.rows) == (JobState.SUCCESS, 0)
    assert JobLog.objects.filter(text__contains="nothing to send").exists()
    assert line.stats["requests"] == 0


def test_a_missing_column_is_an_error_before_the_query_runs(line, start):
    job = run(start(events(5), sql="select deduplication_key, email from events"))
    assert (job.state, ends(job), job.result_rows) == (JobState.ERROR, (0, 0, 0, 0, 0, 0), None)
    assert "event_type" in job.error and "event_timestamp" in job.error
    assert "Nothing was sent" in job.advice
    assert line.stats["requests"] == 0


def test_a_syntax_error_names_its_line(line, start):
    job = run(start(events(5), sql="select *\nfrom events\nwher 1"))
    assert (job.state, job.error_line) == (JobState.ERROR, 3)


def test_a_table_that_is_gone_is_named(line, start):
    job = start(events(5))
    TableFile.objects.all().delete()
    Table.objects.all().delete()
    assert "events" in run(job).error


def test_a_deleted_authentication_is_an_error_with_advice(line, start, authentication):
    job = start(events(5))
    Job.objects.update(authentication=None)
    assert "does not exist any more" in run(job).error


def test_a_job_goes_on_from_its_position(line, start):
    line.behave([{"skip": 1, "status": 500}])
    job = run(start(events(2500)))
    assert (job.state, job.position) == (JobState.RETRY_WAIT, 1000)
    due(job)
    run(job)
    assert (ends(job), line.stats["duplicates"]) == ((2500, 0, 2500, 0, 0, 0), 0)


def test_a_row_that_grew_too_old_while_waiting_is_unknown(line, start, monkeypatch):
    clock = [timezone.now().timestamp()]
    monkeypatch.setattr("time.time", lambda: clock[0])
    table = events(3)
    times = [int(clock[0]) - 90 * 86400 + 60, int(clock[0]) - 10, int(clock[0]) - 5]
    table = table.set_column(3, "event_timestamp", pa.array(times, pa.int64()))
    line.behave([{"status": 500}])
    job = run(start(table))
    clock[0] += 120
    line.clock = lambda: clock[0]
    due(job)
    assert ends(run(job)) == (3, 0, 2, 0, 1, 0)


def test_two_jobs_of_one_tag_take_turns(line, start, settings):
    job = start(events(5))
    TagLease.objects.create(tag="line_conversion:/v1/tag/events", token="00000000-0000-0000-0000-000000000001")
    assert run(job).state == JobState.SUCCESS  # its holder runs no more: the tag is free
    assert TagLease.objects.get().token is None


def test_a_second_hint_for_the_same_job_does_nothing(line, start):
    job = run(start(events(5)))
    assert run_job(job.pk) == "not waiting"
    assert line.stats["accepted"] == 5


def test_a_query_without_an_export_keeps_its_result(authentication):
    database = Database.objects.create(name="shop")
    job = jobs.start(text=Text(database, "select 1 as n"), name="q", user=None)
    run(job)
    assert (job.state, job.result_rows, job.columns) == (JobState.SUCCESS, 1, [["n", "int32"]])


def test_the_same_job_again_is_a_new_job(line, start, editor):
    job = run(start(events(5)))
    again = run(jobs.run_again(job, user=editor))
    assert (again.pk != job.pk, again.accepted, line.stats["duplicates"]) == (True, 5, 5)


def test_a_tick_while_jobs_run_disturbs_nothing(line, start):
    job = start(events(5))
    dispatch.tick()
    assert ends(run(job)) == (5, 0, 5, 0, 0, 0)
