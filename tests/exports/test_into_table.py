"""A result that goes into a table: all of it, once, whoever dies."""

import os
import signal
from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditEntry, Role, User
from exports import into_table, jobs, queries
from exports.firing import queue, with_query
from exports.lease import Lease, LostLease
from exports.models import Job, JobState
from exports.run import run_job
from exports.schedule_models import Schedule
from exports.table_targets import TableTarget
from exports.texts import Text
from tests.exports.queries import a_draft, orders, shop
from tests.exports.schedules import a_schedule, at
from tests.exports.test_firing_at_once import process
from warehouse import files
from warehouse.preview import first_rows

pytestmark = pytest.mark.django_db(transaction=True)
PAID = TableTarget("shop_jp", "paid")
BOTH = [("o-1", "1795360045"), ("o-2", "1795360359")]
SQL = "SELECT order_uid, paid_at FROM orders WHERE phone IS NOT NULL"


@pytest.fixture
def someone():
    return User.objects.create_user("someone", role=Role.EDITOR)


@pytest.fixture
def start(someone, settings, tmp_path):
    """`start(table)` → a queued job whose result of two rows goes there."""
    settings.DATA_DIR = tmp_path
    orders(shop())

    def begin(table=PAID, sql=SQL, user=someone):
        return jobs.start(text=Text(shop(), sql, engine="duckdb"), name="q", user=user, table=table)

    return begin


def run(job):
    run_job(job.pk)
    job.refresh_from_db()
    return job


def rows(name="paid"):
    table = shop().tables.get(name=name)
    kept = [i for i, (column, _) in enumerate(table.columns) if column != "time"]
    return sorted(tuple(row[i] for i in kept) for row in first_rows(table))


def test_a_missing_table_is_made(start):
    job = run(start())
    assert (job.state, job.error, job.into_rows, rows()) == (JobState.SUCCESS, "", 2, BOTH)
    assert [line.text for line in job.log.all()][-2:] == [
        "2 rows written: the result is appended to table shop_jp.paid.",
        "Finished: the result is appended to table shop_jp.paid.",
    ]


def test_append_adds_to_the_rows_by_the_names_of_the_columns(start):
    run(start())
    run(start(sql="SELECT 7 AS paid_at, 'o-7' AS order_uid"))
    assert rows() == [*BOTH, ("o-7", "7")]


def test_insert_goes_by_name_or_else_by_place(start):
    insert = TableTarget("shop_jp", "paid", "insert")
    assert run(start(insert)).state == JobState.SUCCESS
    run(start(insert, "SELECT 3 AS paid_at, 'o-3' AS order_uid FROM orders LIMIT 1"))
    run(start(insert, "SELECT 'o-4', 4 FROM orders LIMIT 1"))
    assert rows() == [*BOTH, ("o-3", "3"), ("o-4", "4")]
    job = run(start(insert, "SELECT 1 FROM orders LIMIT 1"))
    assert job.error.startswith("Table shop_jp.paid has the columns order_uid, paid_at, and the result has others:")


def test_replace_takes_the_place_of_rows_and_columns(start):
    run(start())
    job = run(start(TableTarget("shop_jp", "paid", "replace"), sql="SELECT 1 AS n"))
    assert (job.error, rows()) == ("", [("1",)])


def test_replace_by_a_result_without_rows_empties_the_table(start):
    run(start())
    job = run(start(TableTarget("shop_jp", "paid", "replace"), sql=f"{SQL} AND false"))
    assert (job.error, job.into_rows, rows()) == ("", 0, [])


def test_a_worker_that_dies_before_the_table_is_written_loses_nothing(start, monkeypatch):
    job = start()
    die_in(monkeypatch, into_table, "write", job)
    assert not shop().tables.filter(name="paid").exists()
    assert (run(job).state, job.into_rows, rows()) == (JobState.SUCCESS, 2, BOTH)
    assert job.log.filter(text__startswith="Query finished").count() == 1


def test_a_worker_that_dies_after_the_table_is_written_writes_it_once(start, monkeypatch):
    job = start()
    die_in(monkeypatch, jobs, "log", job, when=lambda of, text, *_: "written" in text)
    assert (rows(), Job.objects.get().state) == (BOTH, JobState.QUEUED)
    assert (run(job).state, rows()) == (JobState.SUCCESS, BOTH)


def test_a_worker_that_dies_while_it_changes_the_table_changes_nothing(start, monkeypatch):
    job = start()
    die_in(monkeypatch, files, "record", job)
    assert not shop().tables.filter(name="paid").exists()
    assert (run(job).state, rows()) == (JobState.SUCCESS, BOTH)


def die_in(monkeypatch, module, name, job, when=lambda *_: True):
    """Run the job in a worker that is killed there; then its lease runs out."""
    as_it_is = getattr(module, name)

    def die(*args, **kwargs):
        if when(*args):
            os.kill(os.getpid(), signal.SIGKILL)
        return as_it_is(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(module, name, die)
        worker = process(run_job, job.pk)
        worker.join(60)
    assert worker.exitcode == -signal.SIGKILL
    Job.objects.filter(pk=job.pk).update(state=JobState.QUEUED, lease_token=None, lease_until=None)


def test_who_lost_the_job_writes_nothing(start):
    job = start()
    lease = Lease(job.pk)
    assert lease.claim()
    into_table.check(job)
    Job.objects.filter(pk=job.pk).update(lease_token="0" * 32, lease_until=timezone.now() + timedelta(hours=1))
    with pytest.raises(LostLease):
        into_table._done(lease, 2)


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (TableTarget("gone_db", "paid"), "there is no database gone_db"),
        (TableTarget("shop_jp", "No"), "cannot be the name of a table"),
    ],
)
def test_a_table_that_cannot_be_written_ends_the_job_before_its_query(start, table, says):
    job = run(start(table))
    assert (job.state, job.error_kind, job.result_path) == (JobState.ERROR, "configuration", "")
    assert says in job.error


def test_rows_that_do_not_fit_the_table_change_nothing(start):
    run(start())
    job = run(start(sql="SELECT 'never' AS paid_at"))
    assert (job.state, job.error_kind, rows()) == (JobState.ERROR, "configuration", BOTH)
    assert job.error.startswith("The result was not written into table shop_jp.paid: ")
    assert job.advice == "Nothing of it was written."


@pytest.mark.parametrize("role", [Role.VIEWER, None])
def test_only_editors_write_tables(start, role):
    user = User.objects.create_user("other", role=role) if role else None
    job = run(start(user=user))
    assert "may not change tables" in job.error
    assert not shop().tables.filter(name="paid").exists()


def test_a_text_that_ends_with_a_write_has_no_result_for_a_table(start):
    assert "gives no rows" in run(start(sql="create table x_y as select 1 as n")).error


def test_the_load_stands_in_the_audit_trail(start):
    job = run(start())
    entry = AuditEntry.objects.get(action="table.load")
    assert (entry.user, entry.details["files"]) == (job.created_by, [f"job {job.pk}"])


def test_run_again_writes_again(start, someone):
    again = run(jobs.run_again(run(start()), user=someone))
    assert (again.state, rows()) == (JobState.SUCCESS, sorted([*BOTH, *BOTH]))


def test_a_query_keeps_its_table_in_each_version(start, someone):
    query = queries.create(a_draft(), user=someone)
    table = TableTarget("shop_jp", "paid", "replace")
    queries.update(query, replace(a_draft(), table=table), base=1, user=someone)
    assert queries.stored(query).table == table
    queries.update(query, a_draft(), base=2, user=someone)
    assert queries.stored(query).table is None
    queries.restore(query, query.versions.get(number=2), user=someone)
    assert queries.stored(query).table == table


def test_a_table_whose_database_is_gone_is_not_restored(start, someone):
    query = queries.create(replace(a_draft(), table=TableTarget("gone_db", "paid")), user=someone)
    queries.update(query, replace(a_draft(), table=PAID), base=1, user=someone)
    changed = replace(a_draft(), table=PAID, text=replace(a_draft().text, sql="SELECT 1 AS n"))
    queries.update(query, changed, base=2, user=someone)
    warning = queries.restore(query, query.versions.get(number=1), user=someone)
    assert "there is no database gone_db" in warning
    assert queries.stored(query).table == PAID


def test_a_scheduled_job_writes_the_table_of_its_query(start, someone):
    schedule = a_schedule(slot=at(6))
    schedule.query.into = {"database": "shop_jp", "table": "paid", "mode": "append"}
    schedule.query.save()
    [job] = queue([(with_query(Schedule.objects.all()).get(), timezone.now())])
    assert job.into == schedule.query.into
