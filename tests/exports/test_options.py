"""Priority, retry limit and domain key: what they do to a job, and where people set and see them."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django_q.models import OrmQ

from exports import dispatch, firing, jobs, queries, run
from exports.jobs import DomainKeyTaken
from exports.models import Job, JobState, Query
from exports.options import Options
from exports.schedule_models import Schedule
from tests.exports.factories import a_job, keep
from tests.exports.queries import a_draft, a_text, posted
from warehouse.engines.base import EngineUnavailable, LimitExceeded, QueryFailed, QueryRejected

pytestmark = pytest.mark.django_db
HIGH = Options(priority=1, retry_limit=3)


def start(**values):
    return jobs.start(text=a_text(sql="SELECT 1 AS n"), name="q", user=None, **values)


def waiting(priority, minutes=1):
    at = timezone.now() - timedelta(minutes=minutes)
    return a_job(JobState.QUEUED, priority=priority, next_attempt_at=at).pk


def order():
    return list(Job.objects.order_by(dispatch.TURN, "pk").values_list("pk", flat=True))


# --- priority -----------------------------------------------------------------------------------------------------


def test_a_job_of_higher_priority_goes_first_and_of_the_same_the_older_one():
    low, normal, older, high = waiting(-1), waiting(0), waiting(0, minutes=2), waiting(2)
    assert order() == [high, older, normal, low]


def test_a_job_that_has_waited_long_rises_so_that_none_waits_for_ever():
    long, high = waiting(-2, minutes=41), waiting(2, minutes=0)
    assert order() == [long, high]


def test_the_dispatcher_wakes_workers_in_this_order(monkeypatch):
    low, high = waiting(-1), waiting(1)
    monkeypatch.setattr(dispatch, "room", lambda: 1)
    dispatch.tick()
    assert Job.objects.get(pk=high).hinted_at and not Job.objects.get(pk=low).hinted_at
    assert OrmQ.objects.count() == 1


@pytest.mark.parametrize("wrong", [{"priority": 3}, {"priority": -3}, {"retry_limit": 33}])
def test_the_database_takes_no_other_values(wrong):
    with pytest.raises(IntegrityError), transaction.atomic():
        a_job(**wrong)


# --- retry limit --------------------------------------------------------------------------------------------------


@pytest.fixture
def failing(monkeypatch):
    """`failing(error)`: every query ends so."""

    def fail_with(error):
        def fail(job, lease):
            raise error

        monkeypatch.setattr(run.querying, "query", fail)

    return fail_with


def ran(job):
    Job.objects.filter(pk=job.pk).update(next_attempt_at=timezone.now())
    run.run_job(job.pk)
    job.refresh_from_db()
    return job


PASSING = [EngineUnavailable("The source is away."), QueryFailed("gone", user_error=False), ValueError("a fault")]


@pytest.mark.parametrize("error", PASSING, ids=lambda error: type(error).__name__)
def test_a_query_that_broke_off_is_repeated_up_to_the_limit(failing, error):
    failing(error)
    job = start(options=Options(retry_limit=2))
    states = [ran(job).state for _ in range(3)]
    assert states == [JobState.RETRY_WAIT, JobState.RETRY_WAIT, JobState.ERROR]
    assert job.query_tries == 2


def test_the_waits_in_between_double(failing):
    failing(EngineUnavailable("The source is away."))
    job, waits = start(options=Options(retry_limit=3)), []
    for _ in range(3):
        began = timezone.now()
        waits.append(round((ran(job).next_attempt_at - began).total_seconds(), -1))
    assert waits == [10, 20, 40]


LASTING = [QueryRejected("No."), QueryFailed("no column", user_error=True), LimitExceeded("seconds", "Too long.")]


@pytest.mark.parametrize("error", LASTING, ids=lambda error: type(error).__name__)
def test_what_would_fail_again_is_not_repeated(failing, error):
    failing(error)
    assert ran(start(options=HIGH)).state == JobState.ERROR


def test_without_a_limit_nothing_is_repeated(failing):
    failing(EngineUnavailable("The source is away."))
    assert ran(start()).state == JobState.ERROR


def test_once_the_result_is_there_the_query_is_never_repeated(monkeypatch):
    def fail(job, lease):
        raise EngineUnavailable("away")

    monkeypatch.setattr(run.exporting, "export", fail)
    job = keep(a_job(JobState.QUEUED, retry_limit=3, not_attempted=1), {"email": ["kana@example.jp"]})
    assert ran(job).state == JobState.ERROR


def test_a_query_that_works_at_last_ends_as_any_other(failing, monkeypatch):
    failing(EngineUnavailable("The source is away."))
    job = ran(start(options=HIGH))
    monkeypatch.undo()
    assert ran(job).state == JobState.SUCCESS


def test_the_page_says_what_the_job_waits_for(failing, as_user, viewer):
    failing(EngineUnavailable("The source is away."))
    job = ran(start(options=HIGH))
    page = as_user(viewer).get(f"/jobs/{job.pk}").content.decode()
    assert "The query waits to be repeated" in page and "Retry 1 of 3 at" in page
    assert "The source is away. The query is repeated, 1 of 3." in page


# --- domain key ---------------------------------------------------------------------------------------------------


def test_a_second_job_of_the_same_key_is_refused_and_the_first_is_named():
    first = start(domain_key="session-1")
    with pytest.raises(DomainKeyTaken) as refused:
        start(domain_key="session-1")
    assert refused.value.job == first and str(first.pk) in str(refused.value)
    assert Job.objects.count() == 1


def test_jobs_without_a_key_do_not_collide():
    start(domain_key=""), start(domain_key=None), start()
    assert Job.objects.filter(domain_key=None).count() == 3


def test_a_job_that_runs_again_has_no_key(editor):
    first = start(domain_key="session-1", options=HIGH)
    again = jobs.run_again(first, user=editor)
    assert (again.domain_key, again.priority, again.retry_limit) == (None, 1, 3)


@pytest.mark.django_db(transaction=True)
def test_of_many_that_start_it_at_once_one_does():
    text, key = a_text(sql="SELECT 1 AS n"), uuid.uuid4().hex

    def begin(_):
        try:
            return jobs.start(text=text, name="q", user=None, domain_key=key).pk
        except DomainKeyTaken as error:
            return error.job.pk
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(begin, range(4)))) == 1
    assert Job.objects.count() == 1


# --- saved queries ------------------------------------------------------------------------------------------------


def test_they_are_saved_with_the_query_and_each_version(editor):
    query = queries.create(a_draft(options=HIGH), user=editor)
    assert queries.update(query, a_draft(), base=1, user=editor)
    assert [(v.priority, v.retry_limit) for v in query.versions.all()] == [(0, 0), (1, 3)]
    queries.restore(query, query.versions.get(number=1), user=editor)
    assert (query.priority, query.retry_limit) == (1, 3)


def test_a_job_of_the_query_has_them(editor):
    query = queries.create(a_draft(options=HIGH), user=editor)
    job = queries.run(queries.stored(query), query=query, user=editor)
    assert (job.priority, job.retry_limit, job.query_version) == (1, 3, 1)


def test_a_scheduled_job_has_them(editor):
    query = queries.create(a_draft(options=HIGH), user=editor)
    at = timezone.now()
    values = {"cron": "@daily", "next_slot": at, "next_run_at": at, "changed_by": editor, "changed_at": at}
    (job,) = firing.queue([(Schedule.objects.create(query=query, **values), at)])
    assert (job.priority, job.retry_limit) == (1, 3)


def test_the_history_tells_the_change_in_words(as_user, editor):
    query = queries.create(a_draft(), user=editor)
    queries.update(query, a_draft(options=HIGH), base=1, user=editor)
    page = as_user(editor).get(f"/queries/{query.pk}/versions/2").content.decode()
    assert "<del>Normal</del>" in page and "<ins>High</ins>" in page and "<ins>3</ins>" in page


# --- the editor ---------------------------------------------------------------------------------------------------


def test_the_editor_saves_them(as_user, editor):
    as_user(editor).post("/queries/create", posted(priority="2", retry_limit="32"))
    query = Query.objects.get()
    assert (query.priority, query.retry_limit) == (2, 32)
    page = as_user(editor).get(f"/queries/{query.pk}").content.decode()
    assert '<option value="2" selected>Very high</option>' in page and 'value="32"' in page


def test_what_is_left_empty_is_the_default(as_user, editor):
    as_user(editor).post("/queries/create", posted(priority="", retry_limit=""))
    query = Query.objects.get()
    assert (query.priority, query.retry_limit) == (0, 0)


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("retry_limit", "33", "Retry limit: write a whole number from 0 to 32."),
        ("retry_limit", "-1", "Retry limit: write a whole number from 0 to 32."),
        ("retry_limit", "often", "Retry limit: write a whole number from 0 to 32."),
        ("priority", "9", "Priority: choose a value from the list, from Very low to Very high."),
    ],
)
def test_other_values_are_refused_beside_the_field(as_user, editor, field, value, says):
    response = as_user(editor).post("/queries/create", posted(**{field: value}))
    page = response.content.decode()
    beside = page[page.index(f'id="q-{field}"') :]
    assert response.status_code == 422 and says in beside[:600]
    assert not Query.objects.exists()


def test_the_job_page_shows_them_unless_they_are_the_default(as_user, viewer):
    plain, high = a_job(), a_job(priority=1, retry_limit=3)
    client = as_user(viewer)
    page = client.get(f"/jobs/{high.pk}").content.decode()
    assert "Priority: High" in page and "Retry limit: 3" in page
    assert "Priority:" not in client.get(f"/jobs/{plain.pk}").content.decode()
