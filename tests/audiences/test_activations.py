"""Activations: their query follows from them, from the rule and from the parent segment; a run sends the segment."""

from dataclasses import replace
from datetime import UTC, datetime

import pyarrow.parquet as pq
import pytest
import time_machine
from django.core.cache import cache
from django_q.models import OrmQ

from audiences import activation_log, activations, segments
from audiences.activations import NotCompiled, Notices
from audiences.models import Activation, ActivationRun, Segment
from audiences.outputs import Outputs
from audiences.repeats import Repeat, RepeatError
from audiences.segments import Draft
from exports import events, queries, schedules
from exports.errors import NameTaken, NotPossible
from exports.models import Job, JobState, Query, QueryVersion
from exports.notify import rules
from exports.run import run_job
from integrations.connectors.line_conversion.sandbox import Sandbox
from tests.audiences.factories import (
    DAILY,
    EVENTS,
    a_parent,
    a_segment,
    an_activation,
    attribute,
    rule_of,
    stringed,
    wanted,
)
from warehouse import tables
from warehouse.models import Database, Table

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path):
    settings.DATA_DIR = tmp_path


@pytest.fixture
def line(settings):
    with Sandbox({"tag": "token"}) as sandbox:
        settings.LINE_CONVERSION_API_URL = sandbox.url
        yield sandbox


@pytest.fixture
def segment(editor):
    return a_segment(a_parent(), user=editor)


def run(job):
    run_job(job.pk)
    job.refresh_from_db()
    return job


# --- a run --------------------------------------------------------------------------------------------------------


def test_a_run_sends_the_customers_of_the_segment_with_the_output_columns(line, segment, editor):
    one, job = activations.create(segment, wanted(), user=editor)
    assert schedules.of(one.query) is None and job.query == one.query and job.name == "Winback"
    job = run(job)
    assert (job.state, job.rows, job.accepted, job.invalid) == (JobState.SUCCESS, 2, 2, 0)
    sent = [event["event"] for event in line.events]
    assert {event["deduplication_key"] for event in sent} == {"c1", "c2"}
    assert {(e["event_type"], e["source_type"]) for e in sent} == {("conversion", "web")}
    assert len({event["event_timestamp"] for event in sent}) == 1
    assert [row["rows"] for row in logged(segment)] == [2]


def test_a_run_needs_the_customers_and_is_refused_without_them(editor):
    parent = a_parent(built=False)
    Database.objects.create(name=parent.database_name)
    with pytest.raises(NotPossible, match="has not been built yet"):
        activations.create(a_segment(parent, user=editor), wanted(), user=editor)
    assert not Activation.objects.exists() and not Query.objects.saved().exists() and not Job.objects.exists()


# --- changes ------------------------------------------------------------------------------------------------------


def test_what_it_is_set_to_stands_in_its_query_schedule_and_notices(segment, editor):
    notices = Notices(("a@shop.example", "b@shop.example"), on_success=True, on_failure=False)
    one = an_activation(segment, editor, notices=notices, description="For winter")
    rule, timing = rules.own(one.query_id), schedules.timing_of(one.query)
    assert (rule.addresses, rule.on_success, rule.on_failure) == (list(notices.addresses), True, False)
    assert (timing.cron, timing.time_zone) == ("0 6 * * *", "Asia/Tokyo")
    assert queries.stored(one.query).target.mapping == {}
    assert activations.of(one) == wanted(notices=notices, description="For winter", repeat=DAILY)


def test_an_update_changes_all_of_it_or_nothing(segment, editor):
    one, other = an_activation(segment, editor), an_activation(segment, editor, name="Other")
    changed = replace(activations.of(one), name="Winter", repeat=Repeat(), outputs=Outputs(True, (), EVENTS.strings))
    assert activations.update(one, changed, user=editor)
    assert (one.query.name, schedules.of(one.query), one.query.version) == ("Winter", None, 2)
    assert '"customers"."country"' in one.query.sql.split("FROM")[0]
    assert not activations.update(one, changed, user=editor)
    with pytest.raises(NameTaken):
        activations.update(one, replace(changed, name=other.name), user=editor)
    assert Query.objects.get(pk=one.query_id).name == "Winter"
    assert not Job.objects.exists()


def test_a_copy_has_a_name_of_its_own_and_does_not_run_by_itself(segment, editor):
    one = an_activation(segment, editor)
    names = [activations.duplicate(one, user=editor).name for _ in range(2)]
    copy = segment.activations.get(name="Copy of Winback")
    assert names == ["Copy of Winback", "Copy 2 of Winback"]
    assert schedules.of(copy.query) is None and copy.query.sql == one.query.sql


def test_a_deleted_activation_leaves_its_jobs_and_its_log_but_not_while_one_runs(line, segment, editor):
    one, job = activations.create(segment, wanted(), user=editor)
    with pytest.raises(NotPossible, match="still active"):
        activations.delete(one)
    run(job)
    activations.delete(Activation.objects.get())
    assert not Query.objects.exists() and Job.objects.get().state == JobState.SUCCESS
    assert [row["activation_name"] for row in logged(segment)] == ["Winback"]


def test_pause_and_resume(segment, editor):
    one = an_activation(segment, editor)
    assert activations.pause(one, user=editor) and not activations.pause(one, user=editor)
    assert schedules.of(one.query).next_slot is None
    assert activations.resume(one, user=editor) and not activations.resume(one, user=editor)
    assert schedules.of(one.query).next_slot


# --- what it follows from -----------------------------------------------------------------------------------------


def test_a_changed_rule_or_name_is_written_into_the_queries_that_follow_from_it(segment, editor):
    named = Outputs(False, EVENTS.attributes, (stringed("label", "SegmentName"),))
    one, other = an_activation(segment, editor, outputs=named), an_activation(segment, editor, name="Plain")
    assert activations.recompile(segment.parent_segment) == []
    segment.name = "In Japan's north"
    segment.save()
    assert activations.recompile(segment.parent_segment) == [one]
    segment.rule = rule_of(attribute("country", "Equal", rightValue="US"))
    segment.save()
    assert activations.recompile(segment.parent_segment, user=editor) == [one, other]
    one.query.refresh_from_db()
    assert "'In Japan''s north'" in one.query.sql and "'US'" in one.query.sql
    assert [v.number for v in QueryVersion.objects.filter(query=one.query)] == [3, 2, 1]


def test_what_is_not_possible_any_more_is_named_and_nothing_changes(segment, editor):
    one, other = an_activation(segment, editor), an_activation(segment, editor, name="Plain")
    Activation.objects.filter(pk=other.pk).update(columns=[{"column": "x", "source": {"column": "gone"}}])
    segment.rule = rule_of(attribute("country", "Equal", rightValue="US"))
    segment.save()
    with pytest.raises(NotCompiled, match="“Plain”: The parent segment has no column “gone”"):
        activations.recompile(segment.parent_segment)
    assert Query.objects.get(pk=one.query_id).version == 1


# --- the log ------------------------------------------------------------------------------------------------------


def logged(segment, load=tables.load):
    """The rows of the log, after a worker came by."""
    parent = segment.parent_segment
    activation_log.append(parent.pk, load)
    return rows_of(parent)


def rows_of(parent):
    table = Table.objects.filter(database__name=parent.database_name, name="activation_log").first()
    paths = [file.absolute_path for file in table.files.all()] if table else []
    return [row for path in paths for row in pq.read_table(path).to_pylist()]


@pytest.fixture
def ended(segment, editor):
    """A job of an activation that ended in an error half way."""
    _, job = activations.create(segment, wanted(), user=editor)
    counts = {"rows": 10, "accepted": 4, "not_attempted": 6}
    Job.objects.filter(pk=job.pk).update(
        columns=[["email", "string"]], started_at=datetime(2026, 11, 1, tzinfo=UTC), **counts
    )
    events.end(Job.objects.filter(pk=job.pk), job.pk, JobState.ERROR, error="LINE is unavailable.")
    return Job.objects.get()


def test_a_row_of_the_log_says_what_was_sent_when_to_what_and_how_many(segment, ended):
    (row,) = logged(segment)
    names = ("segment_name", "audience_name", "connection_name", "integration_type", "status", "job_id", "attempt")
    assert [row[name] for name in names] == [
        "In Japan", "Shop customers", "line_capi_prod", "line_conversion", "error", ended.pk, 1,
    ]  # fmt: skip
    assert (row["rows"], row["accepted"], row["not_attempted"], row["exported_attributes"]) == (10, 4, 6, '["email"]')
    assert row["time"] == row["finished_at"] == int(ended.finished_at.timestamp())
    assert list(row) == list(activation_log.TYPES)


class Died(BaseException):
    pass


def dies_before_the_commit(**order):
    also = order.pop("also")

    def dying(table):
        also(table)
        raise Died

    return tables.load(also=dying, **order)


def dies_after_the_commit(**order):
    tables.load(**order)
    raise Died


@pytest.mark.parametrize("load", [dies_before_the_commit, dies_after_the_commit])
def test_a_worker_that_dies_loses_and_doubles_nothing(segment, ended, load):
    with pytest.raises(Died):
        logged(segment, load)
    assert [row["job_id"] for row in logged(segment)] == [ended.pk]
    assert [row["job_id"] for row in logged(segment)] == [ended.pk]


def test_of_two_workers_one_appends(segment, ended):
    def slow(**order):
        activation_log.append(segment.parent_segment_id)
        return tables.load(**order)

    assert [row["job_id"] for row in logged(segment, slow)] == [ended.pk]


def test_a_job_that_is_resumed_gets_another_row_with_its_new_counts(segment, ended):
    logged(segment)
    Job.objects.filter(pk=ended.pk).update(
        state=JobState.QUEUED, accepted=10, not_attempted=0, finished_at=None, error=""
    )
    events.end(Job.objects.filter(pk=ended.pk), ended.pk, JobState.SUCCESS)
    assert [(row["attempt"], row["accepted"]) for row in sorted(logged(segment), key=lambda row: row["attempt"])] == [
        (1, 4),
        (2, 10),
    ]


def test_only_what_is_not_logged_yet_is_handed_to_a_worker(segment, ended, django_assert_num_queries):
    cache.clear()
    OrmQ.objects.all().delete()
    for _ in range(2):
        activation_log.hint(datetime(2026, 11, 30, tzinfo=UTC))
    assert [task.task["args"] for task in OrmQ.objects.all()] == [(segment.parent_segment_id,)]
    logged(segment)
    with django_assert_num_queries(1):
        activation_log.hint(datetime(2026, 11, 30, tzinfo=UTC))


def test_a_validation_is_no_activation(segment, ended):
    ActivationRun.objects.all().delete()
    ended.mode = "validate"
    activation_log.note(ended)
    assert not ActivationRun.objects.exists()


def test_a_run_whose_time_passes_while_it_is_saved_is_refused(segment, editor, monkeypatch):
    create, before = queries.create, datetime(2026, 11, 1, 5, 59, 59, tzinfo=UTC)
    with time_machine.travel(before, tick=False) as clock:
        monkeypatch.setattr(queries, "create", lambda *args, **named: clock.shift(2) or create(*args, **named))
        with pytest.raises(RepeatError):
            an_activation(segment, editor, repeat=Repeat(start=datetime(2026, 11, 1, 6)))
    assert not Activation.objects.exists()


def test_it_is_not_run_while_a_run_of_it_is_active(segment, editor):
    one, job = activations.create(segment, wanted(), user=editor)
    with pytest.raises(NotPossible, match=f"Job {job.pk} of this activation has not ended yet"):
        activations.run_now(one, user=editor)
    Job.objects.update(state=JobState.SUCCESS)
    assert activations.run_now(one, user=editor).pk != job.pk


# --- others at the same time --------------------------------------------------------------------------------------


@pytest.mark.parametrize("deed", ["create", "update", "duplicate"])
def test_it_goes_by_the_rule_that_was_saved_while_someone_worked_on_it(segment, editor, deed):
    one = an_activation(segment, editor)
    stale = Activation.objects.select_related("segment__parent_segment__query", "query").get()
    saved = Segment.objects.get()
    in_the_us = rule_of(attribute("country", "Equal", rightValue="US"))
    segments.update(saved, Draft("In the US", "", None, in_the_us), base=saved.updated_at, user=editor)
    if deed == "create":
        one, _ = activations.create(stale.segment, wanted("Second", repeat=DAILY), user=editor)
    elif deed == "update":
        assert activations.update(stale, wanted("Renamed", repeat=DAILY), user=editor)
    else:
        one = activations.duplicate(stale, user=editor)
    one.query.refresh_from_db()
    assert "'US'" in one.query.sql and "'JP'" not in one.query.sql


def test_what_someone_else_saved_is_not_saved_over(segment, editor):
    one = an_activation(segment, editor)
    stale = Activation.objects.get()
    assert activations.update(one, wanted("First", repeat=DAILY), user=editor)
    with pytest.raises(queries.Conflict):
        activations.update(stale, wanted("Second", repeat=DAILY), user=editor)
    assert Activation.objects.get().name == "First"
