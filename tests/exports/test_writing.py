"""Statements that write tables: what they did, and that a job writes once however often it is taken over."""

import os
import signal
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Role, User
from exports import drain, jobs, writing
from exports.lease import Lease
from exports.models import Job, JobLog, JobState
from exports.results import KeptResult
from exports.run import run_job
from exports.targets import Target
from exports.texts import Text
from tests.exports.queries import line, orders, shop
from warehouse import altering
from warehouse.engines import loader
from warehouse.engines.process import Child
from warehouse.models import Database, Table
from warehouse.preview import first_rows

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def someone():
    return User.objects.create_user("someone", role=Role.EDITOR)


@pytest.fixture
def run(someone, settings, tmp_path):
    """`run(sql)` → the finished job of an editor, on a database with a table of three orders."""
    settings.DATA_DIR = tmp_path
    orders(shop())

    def go(sql, *, user=someone, target=None, engine="duckdb"):
        job = jobs.start(text=Text(shop(), sql, engine=engine), name="q", user=user, target=target)
        run_job(job.pk)
        job.refresh_from_db()
        return job

    return go


def rows(name):
    """The rows of a table as text, without the time of their load."""
    table = shop().tables.get(name=name)
    kept = [i for i, (column, _) in enumerate(table.columns) if column != "time"]
    return sorted(tuple(row[i] for i in kept) for row in first_rows(table))


def counted(job):
    return KeptResult(job.folder / "result.arrow").head(9).to_pylist()


def test_create_table_as_makes_a_table_and_counts_its_rows(run):
    job = run("create table good as select order_uid, paid_at from orders where phone is not null")
    assert (job.state, job.error, counted(job)) == (JobState.SUCCESS, "", [{"rows": 2}])
    assert rows("good") == [("o-1", "1795360045"), ("o-2", "1795360359")]


@pytest.mark.parametrize("engine", ["duckdb", "trino"])
def test_a_table_is_made_of_columns_and_filled_with_values(run, engine):
    sql = "create table made (name varchar, n bigint);\ninsert into shop_jp.made (n, name) values (1, 'a'), (2, null)"
    job = run(sql, engine=engine)
    assert (job.state, job.error, counted(job)) == (JobState.SUCCESS, "", [{"rows": 2}])
    assert {row[:2] for row in first_rows(shop().tables.get(name="made"))} == {("a", "1"), (None, "2")}
    assert shop().tables.get(name="made").columns[:2] == [["name", "VARCHAR"], ["n", "BIGINT"]]


def test_a_later_statement_reads_what_an_earlier_one_wrote(run):
    job = run(
        "drop table if exists tbl;\ncreate table tbl as select 1 as n;\ninsert into tbl select 2;\nselect * from tbl"
    )
    assert (job.state, job.error, job.statements) == (JobState.SUCCESS, "", 3)
    assert sorted(row["n"] for row in counted(job)) == [1, 2]


def test_insert_goes_by_the_places_of_the_columns(run):
    run("create table tbl as select 'a' as name, 1::bigint as n")
    job = run("insert into tbl select 'b' as x, 2 as y")
    assert (job.state, job.error) == (JobState.SUCCESS, "")
    assert rows("tbl") == [("a", "1"), ("b", "2")]


def test_insert_gives_a_table_that_has_none_its_columns(run):
    altering.create_table(shop(), "tbl")
    job = run("insert into tbl select 'a' as name")
    assert (job.state, job.error) == (JobState.SUCCESS, "")
    assert shop().tables.get(name="tbl").columns == [["name", "VARCHAR"], ["time", "BIGINT"]]


def test_insert_into_named_columns_leaves_the_others_empty(run):
    run("create table tbl as select 'a' as name, 1::bigint as n")
    run("insert into tbl (n) select 2")
    assert (None, "2") in [(row[0], row[1]) for row in first_rows(shop().tables.get(name="tbl"))]


def test_insert_overwrite_replaces_rows_and_keeps_columns(run):
    run("create table tbl as select 'a' as name, 1::bigint as n")
    run("insert overwrite table tbl select 'b', 2")
    table = shop().tables.get(name="tbl")
    assert (rows("tbl"), table.columns[:2]) == ([("b", "2")], [["name", "VARCHAR"], ["n", "BIGINT"]])


def test_rows_are_removed_as_the_refusal_of_delete_says(run):
    run("create table tbl as select * from (values ('a', 1), ('b', 2)) t (name, n)", engine="trino")
    refused = run("delete from tbl where n = 1", engine="trino")
    assert "Write the rows that stay: INSERT OVERWRITE TABLE t SELECT * FROM t WHERE …" in refused.error
    run("insert overwrite table tbl select * from tbl where not (n = 1)", engine="trino")
    assert [row[:2] for row in rows("tbl")] == [("b", "2")]


def test_create_or_replace_replaces_the_columns_too(run):
    run("create table tbl as select 1 as n")
    run("create or replace table tbl as select 'x' as word")
    assert shop().tables.get(name="tbl").columns[0] == ["word", "VARCHAR"]


def test_if_not_exists_leaves_the_table_alone(run):
    run("create table tbl as select 1 as n")
    job = run("create table if not exists tbl as select 2 as n")
    assert (job.state, rows("tbl")) == (JobState.SUCCESS, [("1",)])
    assert JobLog.objects.filter(job=job, text__contains="exists already").exists()


def test_drop_table(run):
    job = run("drop table orders")
    assert (job.state, Table.objects.count()) == (JobState.SUCCESS, 0)


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("create table orders as select 1 as n", "exists already"),
        ("drop table nowhere", "does not exist"),
        ("insert into nowhere select 1", "does not exist"),
        ("insert into orders select 1", "takes 4 columns"),
        ("insert into orders (who) select 1", "has no column who"),
        ("create table other_db.tbl as select 1 as n", "query's own database, shop_jp"),
        ('create table "No Name" as select 1 as n', "cannot be the name of a table"),
        ("create table tbl as select interval 1 day as i", "cannot be kept in a table"),
        ("insert into orders (paid_at) select 'soon'", "is not a whole number"),
        ("delete from orders", "DELETE"),
        ("create view v as select 1", "CREATE can only be followed by TABLE"),
        ("drop table orders; select nonsense(", "syntax"),
    ],
)
def test_it_says_what_is_wrong(run, sql, says):
    job = run(sql)
    assert (job.state, says in job.error) == (JobState.ERROR, True), job.error


def test_nothing_is_written_if_a_later_statement_may_not_write(run):
    job = run("drop table orders; create table elsewhere.tbl as select 1 as n")
    assert (job.error_line, shop().tables.filter(name="orders").exists()) == (1, True)


def test_a_viewer_may_not_write(run):
    job = run("drop table orders", user=User.objects.create_user("watcher", role=Role.VIEWER))
    assert "may not change tables: DROP TABLE needs the role editor" in job.error
    assert shop().tables.filter(name="orders").exists()


def test_nobody_may_not_write(run):
    assert "may not change tables" in run("drop table orders", user=None).error


def test_an_account_that_is_switched_off_runs_nothing(run, someone):
    User.objects.filter(pk=someone.pk).update(is_active=False)
    assert "switched off" in run("select 1 as n").error


def test_an_export_needs_rows_at_the_end(run):
    target = Target(line(), {"phone": {"column": "phone"}}, {})
    job = run("create table tbl as select 1 as n", target=target)
    assert "gives no rows to export" in job.error
    assert not shop().tables.filter(name="tbl").exists()


def test_a_job_that_is_taken_over_does_not_write_twice(run, someone, monkeypatch):
    """The worker dies between its first statement and its second."""
    run("create table tbl as select 1 as n")

    def die(writer):
        raise SystemExit

    monkeypatch.setattr(writing, "drop", die)
    job = jobs.start(
        text=Text(shop(), "insert into tbl select 2; drop table orders", engine="duckdb"), name="q", user=someone
    )
    with pytest.raises(SystemExit):
        run_job(job.pk)
    monkeypatch.undo()
    Job.objects.filter(pk=job.pk).update(state=JobState.QUEUED, lease_token=None, lease_until=None)
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, rows("tbl")) == (JobState.SUCCESS, [("1",), ("2",)])


def test_who_lost_the_job_writes_nothing(run, someone):
    """The table's change and the record that it is done are one transaction."""
    job = jobs.start(text=Text(shop(), "drop table orders", engine="duckdb"), name="q", user=someone)
    lease = Lease(job.pk)
    assert lease.claim()
    Job.objects.filter(pk=job.pk).update(lease_token="0" * 32, lease_until=timezone.now() + timedelta(hours=1))
    with pytest.raises(writing.LostLease):
        writing.drop(writing.Writer(job, lease, shop(), Text(shop(), job.sql).statements[0], 1))
    assert shop().tables.filter(name="orders").exists()


def test_a_table_of_another_database_can_be_read(run):
    other = Database.objects.create(name="other_db")
    orders(other, {"n": ["1"]}, name="things")
    assert run("create table tbl as select * from other_db.things").error == ""
    assert rows("tbl") == [("1",)]


@pytest.fixture
def frozen_load(monkeypatch, settings):
    """`frozen_load(then)`: the process that loads the rows takes for ever, and `then` happens."""
    settings.HEARTBEAT_SECONDS = 0.2

    def freeze(then):
        class Frozen(Child):
            def _start(self, job, program):
                process = super()._start(job, program)
                if job["mode"] == "load":
                    os.kill(process.pid, signal.SIGSTOP)
                    then()
                return process

        monkeypatch.setattr(loader, "Child", Frozen)

    yield freeze
    drain.over()


def test_stop_reaches_the_load_of_the_rows(run, frozen_load):
    pressed = []
    frozen_load(lambda: pressed.append((jobs.stop(Job.objects.get()), time.monotonic())))
    job = run("create table tbl as select * from orders")
    assert (job.state, job.error, time.monotonic() - pressed[0][1] < 5) == (JobState.KILLED, "", True)
    assert not shop().tables.filter(name="tbl").exists()


def test_a_load_that_the_end_of_the_cluster_breaks_off_is_done_once_later(run, frozen_load, monkeypatch):
    frozen_load(drain.begin)
    job = run("create table tbl as select * from orders")
    assert (job.state, job.error, job.statements) == (JobState.QUEUED, "", 0)
    drain.over()
    monkeypatch.setattr(loader, "Child", Child)
    run_job(job.pk)
    assert (Job.objects.get().state, len(rows("tbl"))) == (JobState.SUCCESS, 3)
