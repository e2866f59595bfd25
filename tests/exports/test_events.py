"""After too many configuration errors in a row a schedule is disabled; what kind of error a job ended in."""

import pytest

from exports import dispatch, error_kinds, events, schedules
from exports.endings import JobFailed, authentication_gone
from exports.engine import SourceUnusable
from exports.exporter.plan import PlanError
from exports.models import ErrorKind, Job, JobState
from exports.run import run_job
from exports.schedule_models import Schedule
from integrations.secrets import SecretUnreadable
from tests.exports.factories import a_job, a_request, an_authentication
from tests.exports.queries import a_query
from tests.exports.schedules import a_schedule, at
from tests.exports.test_run import authentication, line, run, start  # noqa: F401 - fixtures
from tests.exports.test_run import events as events_table
from warehouse.engines.base import EngineUnavailable, LimitExceeded, QueryFailed, QueryRejected

pytestmark = pytest.mark.django_db
CONFIGURATION, TRANSIENT = ErrorKind.CONFIGURATION, ErrorKind.TRANSIENT


@pytest.fixture
def schedule():
    return a_schedule(slot=at(10))


def end(schedule, state=JobState.ERROR, kind=""):
    """A job of the schedule ends so."""
    job = a_job(JobState.RUNNING, exports=False, schedule=schedule)
    events.end(Job.objects.filter(pk=job.pk), job.pk, state, error_kind=kind)
    schedule.refresh_from_db()
    return job


def test_configuration_errors_in_a_row_are_counted(schedule):
    for count in range(1, 4):
        end(schedule, kind=CONFIGURATION)
        assert (schedule.failures, schedule.enabled) == (count, True)


def test_a_success_starts_the_count_anew(schedule):
    end(schedule, kind=CONFIGURATION)
    end(schedule, JobState.SUCCESS)
    assert schedule.failures == 0


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        (JobState.ERROR, TRANSIENT),
        (JobState.ERROR, ErrorKind.DATA),
        (JobState.ERROR, ErrorKind.LIMIT),
        (JobState.ERROR, ErrorKind.FAULT),
        (JobState.KILLED, ""),
    ],
)
def test_other_ends_neither_count_nor_start_anew(schedule, state, kind):
    end(schedule, kind=CONFIGURATION)
    end(schedule, state, kind)
    assert schedule.failures == 1


def test_the_fifth_configuration_error_in_a_row_disables_the_schedule(schedule):
    ended = [end(schedule, kind=CONFIGURATION) for _ in range(5)]
    assert (schedule.enabled, schedule.next_run_at) == (False, None)
    why = f"Disabled after 5 jobs in a row ended in a configuration error, job {ended[-1].pk} the last."
    assert schedule.disabled_why == why
    assert ended[-1].log.get().text.startswith("The schedule is disabled: 5 jobs in a row ended in a configuration")


def test_jobs_that_end_after_that_say_nothing_more(schedule, editor):
    for _ in range(5):
        end(schedule, kind=CONFIGURATION)
    assert not end(schedule, kind=CONFIGURATION).log.exists()
    assert schedules.resume(schedule, user=editor).failures == 0


def test_a_job_that_may_not_end_counts_nothing(schedule):
    job = a_job(JobState.RUNNING, exports=False, schedule=schedule)
    nothing = Job.objects.filter(pk=job.pk, lease_token=None)
    assert not events.end(nothing, job.pk, JobState.ERROR, error_kind=CONFIGURATION)
    schedule.refresh_from_db()
    assert schedule.failures == 0


def test_the_end_and_the_count_are_written_together(schedule, monkeypatch):
    def dies(job):
        raise KeyboardInterrupt

    monkeypatch.setattr(events, "job_ended", dies)
    with pytest.raises(KeyboardInterrupt):
        end(schedule, kind=CONFIGURATION)
    assert Job.objects.get().state == JobState.RUNNING


def test_a_job_that_was_not_scheduled_counts_for_nobody(schedule):
    end(schedule, kind=CONFIGURATION)
    job = a_job(JobState.RUNNING, query=schedule.query)
    events.end(Job.objects.filter(pk=job.pk), job.pk, JobState.SUCCESS)
    schedule.refresh_from_db()
    assert schedule.failures == 1


@pytest.mark.parametrize(
    ("values", "left"),
    [({}, 0), ({"query_version": 0}, 1), ({"mode": "validate"}, 1), ({"rows_from": "rejects"}, 1)],
)
def test_a_success_of_what_is_saved_starts_the_count_anew_whoever_ran_it(schedule, values, left):
    end(schedule, kind=CONFIGURATION)
    saved = {"query": schedule.query, "query_version": schedule.query.version, **values}
    job = a_job(JobState.RUNNING, **saved)
    events.end(Job.objects.filter(pk=job.pk), job.pk, JobState.SUCCESS)
    schedule.refresh_from_db()
    assert schedule.failures == left


def test_a_failure_of_a_job_that_was_not_scheduled_is_not_counted(schedule):
    job = a_job(JobState.RUNNING, query=schedule.query, query_version=schedule.query.version)
    events.end(Job.objects.filter(pk=job.pk), job.pk, JobState.ERROR, error_kind=CONFIGURATION)
    schedule.refresh_from_db()
    assert schedule.failures == 0


def test_a_job_whose_workers_die_is_no_configuration_error(schedule):
    job = a_job(JobState.RUNNING, schedule=schedule, takeovers=dispatch.TAKEOVERS, lease_until=at(0, day=1))
    dispatch.tick()  # it also makes the job of a slot that is due by now
    job.refresh_from_db()
    schedule.refresh_from_db()
    assert (job.state, job.error_kind, schedule.failures) == (JobState.ERROR, ErrorKind.FAULT, 0)


@pytest.mark.django_db(transaction=True)
def test_bad_sql_disables_a_schedule(editor):
    schedule = a_schedule(slot=at(10), query=a_query(sql="select no_such_column from nowhere", user=editor))
    Schedule.objects.update(failures=4)
    made = schedules.backfill(schedule, at(9, day=23)).jobs[0]
    run_job(made.pk)
    made.refresh_from_db()
    schedule.refresh_from_db()
    assert (made.state, made.error_kind) == (JobState.ERROR, CONFIGURATION)
    assert (schedule.failures, schedule.enabled) == (5, False)


# --- kinds --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (QueryRejected("no such column"), CONFIGURATION),
        (QueryFailed("cannot be cast", user_error=True), CONFIGURATION),
        (QueryFailed("the engine broke", user_error=False), TRANSIENT),
        (PlanError([]), CONFIGURATION),
        (SecretUnreadable("the key is gone"), CONFIGURATION),
        (SourceUnusable("the source is gone"), CONFIGURATION),
        (EngineUnavailable("the source is away"), TRANSIENT),
        (LimitExceeded("seconds", "too long"), ErrorKind.LIMIT),
        (JobFailed("The database is gone."), CONFIGURATION),
        (JobFailed("Stopped from outside.", kind=TRANSIENT), TRANSIENT),
        (KeyError("a fault"), ErrorKind.FAULT),
    ],
)
def test_an_error_has_the_kind_of_what_has_to_happen_next(error, kind):
    assert error_kinds.of(error, a_job(JobState.RUNNING)) == kind


def sending(*codes, strict=False, **values):
    """A job that was sending; the codes that its last request was answered with."""
    settings = {"ignore_invalid_records": not strict}
    kept = {"result_path": "1/result.arrow", "authentication": an_authentication()}
    job = a_job(JobState.RUNNING, **kept, **values)
    job.settings = settings
    a_request(job, 1, "accepted", 202)
    if codes:
        a_request(job, 2, "retrying", *codes)
    return job


@pytest.mark.parametrize(
    ("codes", "kind"),
    [
        ([401], CONFIGURATION),
        ([403], CONFIGURATION),
        ([400], CONFIGURATION),  # many events in a row: the mapping is at fault
        ([429], TRANSIENT),
        ([500, 503], TRANSIENT),
        ([500, None], TRANSIENT),
        ([302], ErrorKind.FAULT),
        ([], ErrorKind.FAULT),  # the kept result is gone
    ],
)
def test_a_sending_that_failed_has_the_kind_of_its_last_answer(codes, kind):
    assert error_kinds.of(JobFailed("It ended."), sending(*codes)) == kind


@pytest.mark.parametrize(("codes", "ends"), [([], {"invalid": 2}), ([400], {"refused": 1})])
def test_rows_that_may_not_be_ignored_are_an_error_of_the_data(codes, ends):
    assert error_kinds.of(JobFailed("It ended."), sending(*codes, strict=True, **ends)) == ErrorKind.DATA


def test_a_deleted_authentication_is_a_configuration_error():
    job = sending()
    job.authentication.delete()
    job.refresh_from_db()
    assert error_kinds.of(authentication_gone("line"), job) == CONFIGURATION


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("answers", "chosen", "kind"),
    [
        ([{"status": 401}], {}, CONFIGURATION),
        ([{"status": 400, "times": 100}], {}, CONFIGURATION),
        ([{"status": 503}], {"max_retry": 0}, TRANSIENT),
        ([{"status": 202}], {"ignore_invalid_records": False}, ErrorKind.DATA),
    ],
)
def test_a_failed_job_keeps_the_kind_of_its_error(line, start, answers, chosen, kind):  # noqa: F811
    line.behave(answers)
    settings = {"max_retry": 8, "first_retry_wait": 1, "max_retry_wait": 100} | chosen
    job = run(start(events_table(20, bad={3}), **settings))
    assert (job.state, job.error_kind) == (JobState.ERROR, kind)
