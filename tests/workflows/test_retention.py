"""Old attempts go, with all that is theirs; jobs may go before them."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from exports.models import Job, JobState
from exports.retention import tidy
from tests.exports.factories import a_job
from tests.workflows.running import run
from tests.workflows.scripted import scripted, start  # noqa: F401 - fixtures
from workflows import sessions
from workflows.models import Attempt, Revision, Session, Task, TaskJob, TaskLog
from workflows.operators.base import TaskFailed

pytestmark = pytest.mark.django_db
OLD = timedelta(days=settings.JOB_HISTORY_DAYS + 1)


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.DATA_DIR = tmp_path


@pytest.fixture
def failed(start, scripted):  # noqa: F811
    """An attempt that failed, with a job of its own."""
    scripted.answers["+b"] = TaskFailed("away")
    attempt = run(start("+a: {echo>: a}\n+g:\n  +b: {echo>: b}\n  +c: {echo>: c}\n"))
    task, job = Task.objects.get(name="+a"), a_job(JobState.SUCCESS)
    TaskJob.objects.create(task=task, job=job)
    Task.objects.filter(pk=task.pk).update(job=job)
    return attempt


def test_an_old_attempt_goes_with_its_tasks_and_logs(failed):
    assert tidy(timezone.now()).attempts == 0
    freed = tidy(timezone.now() + OLD)
    assert (freed.attempts, freed.jobs) == (1, 1)
    assert "1 attempt of a workflow" in freed.in_words()
    for model in (Attempt, Session, Task, TaskLog, TaskJob):
        assert not model.objects.exists()
    assert Revision.objects.count() == 1


def test_its_jobs_may_go_before_it(failed):
    Job.objects.all().delete()
    assert (Task.objects.get(name="+a").job, TaskJob.objects.count(), Attempt.objects.count()) == (None, 0, 1)


def test_one_that_is_being_resumed_stays(failed, editor):
    again = sessions.resume(failed, user=editor)
    tidy(timezone.now() + OLD)
    assert Attempt.objects.count() == 2
    sessions.kill(again, user=editor)
    Attempt.objects.filter(pk=again.pk).update(finished_at=timezone.now() + timedelta(days=1, seconds=9))
    tidy(timezone.now() + OLD)
    again.refresh_from_db()
    assert (list(Attempt.objects.all()), again.resumed_from) == ([again], None)
