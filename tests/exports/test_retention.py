"""What is kept, for how long, and what goes: never the files of a job that someone may still need."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.utils import timezone
from django_q.models import Task

from accounts.audit import record
from accounts.models import AuditEntry
from exports import retention, upkeep
from exports.job_files import available
from exports.models import Job, JobLog, JobState, RowsFrom
from exports.results import NAME, adopt
from exports.retention import tidy
from exports.schedule_models import Slot
from tests.exports.factories import a_job, a_reason, a_request, an_authentication, exporting, keep
from tests.exports.schedules import a_schedule

pytestmark = pytest.mark.django_db
LONG_AGO = timedelta(days=365)


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    return tmp_path / "jobs"


def kept(state=JobState.SUCCESS, *, days=0, **values):
    """A job that ended so many days ago, with its files."""
    job = keep(a_job(state, ago=timedelta(days=days, hours=1), **values), {"email": ["kana@example.jp"]})
    return Job.objects.get(pk=job.pk)


def now():
    return tidy(timezone.now())


def aged(path, ago=LONG_AGO):
    at = (timezone.now() - ago).timestamp()
    os.utime(path, (at, at))
    return path


@pytest.mark.parametrize(("days", "stays"), [(6, True), (8, False)])
def test_a_result_stays_for_a_week(days, stays):
    job = kept(days=days)
    assert now().results == (not stays)
    assert available(job) is stays and Job.objects.filter(pk=job.pk).exists()


@pytest.mark.parametrize("end", ["invalid", "refused", "unknown", "not_attempted"])
@pytest.mark.parametrize(("days", "stays"), [(29, True), (31, False)])
def test_one_with_rows_that_did_not_get_through_stays_for_thirty_days(end, days, stays):
    job = kept(days=days, accepted=5, **{end: 1})
    now()
    assert job.folder.exists() is stays


def test_the_days_are_settings(settings):
    settings.RESULT_DAYS, settings.RESULT_DAYS_WITH_REJECTS, settings.JOB_HISTORY_DAYS = 1, 2, 3
    plain, rejects, old = kept(days=2), kept(days=1, invalid=1), kept(days=4)
    freed = now()
    assert (freed.results, freed.jobs) == (2, 1)
    assert not plain.folder.exists() and rejects.folder.exists() and not old.folder.exists()


@pytest.mark.parametrize("state", [JobState.RUNNING, JobState.RETRY_WAIT, JobState.QUEUED])
def test_an_active_job_keeps_its_files_however_long_it_takes(state):
    job = exporting(state, ago=LONG_AGO)
    assert now().results == 0 and job.folder.exists()


def test_a_job_that_can_be_resumed_keeps_its_files_for_thirty_days_whatever_is_set(settings):
    settings.RESULT_DAYS = settings.RESULT_DAYS_WITH_REJECTS = 1
    values = {"accepted": 5, "not_attempted": 5, "position": 5}
    job, older = kept(JobState.KILLED, days=29, **values), kept(JobState.KILLED, days=31, **values)
    now()
    assert job.folder.exists() and not older.folder.exists()


def test_a_job_whose_rows_another_one_is_about_to_take_keeps_them():
    parent = kept(days=20)
    child = a_job(JobState.QUEUED, parent=parent, rows_from=RowsFrom.RESULT)
    now()
    assert parent.folder.exists()
    Job.objects.filter(pk=child.pk).update(state="killed", finished_at=timezone.now())
    now()
    assert not parent.folder.exists()


def test_a_job_that_is_resumed_in_that_moment_gets_its_files_back(monkeypatch):
    job, rename = kept(JobState.KILLED, days=60, not_attempted=5), Path.rename

    def resumed_meanwhile(path, target):
        Job.objects.filter(pk=job.pk).update(state="queued", finished_at=None)
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", resumed_meanwhile)
    assert now().results == 0
    assert available(job)


def test_a_file_that_two_jobs_share_frees_its_bytes_with_the_second():
    job, child = kept(days=8), kept(days=1)
    size = (job.folder / NAME).stat().st_size
    adopt(job.folder / NAME, child.folder / NAME)
    assert now().bytes == 0
    assert available(child)
    Job.objects.filter(pk=child.pk).update(finished_at=timezone.now() - timedelta(days=8))
    assert now().bytes == size


def test_old_jobs_go_with_all_that_belongs_to_them_and_others_stay():
    old, young = kept(days=91), kept(days=89)
    a_request(old, 1), a_reason(old, "email", "bad", 1), JobLog.objects.create(job=old, text="Sent.")
    assert now().jobs == 1
    assert list(Job.objects.values_list("pk", flat=True)) == [young.pk]
    assert not JobLog.objects.filter(job_id=old.pk).exists()


def test_a_child_outlives_its_parent():
    parent = kept(days=91)
    child = kept(days=1, parent=parent, rows_from=RowsFrom.RESULT)
    now()
    child.refresh_from_db()
    assert child.parent is None


def test_many_rows_go_in_pieces(monkeypatch, django_assert_max_num_queries):
    monkeypatch.setattr(retention, "BATCH", 10)
    monkeypatch.setattr(retention, "PAUSE", 0)
    old = a_job(ago=timedelta(days=91))
    JobLog.objects.bulk_create(JobLog(job=old, text="Sent.") for _ in range(35))
    pieces = []
    freed = tidy(timezone.now(), lambda freed: pieces.append(JobLog.objects.count()))
    assert freed.jobs == 1 and {25, 15, 5} <= set(pieces)


def test_what_belongs_to_no_job_goes_after_a_day(folder):
    old, young = folder / "987", folder / "988"
    for path in (old, young):
        path.mkdir(parents=True)
        (path / NAME).write_bytes(b"12345")
    aged(old)
    freed = now()
    assert (freed.orphans, freed.bytes) == (1, 5)
    assert not old.exists() and young.exists()


def test_temporary_files_of_dead_writers_go_after_a_day():
    job, active = kept(days=1), exporting()
    for each in (job, active):
        (each.folder / "child-1").mkdir()
        aged(each.folder / "child-1")
        aged_file = each.folder / "result.aa.tmp"
        aged_file.touch()
        aged(aged_file)
    (job.folder / "result.bb.tmp").touch()
    assert now().temporary == 2
    assert (job.folder / "result.bb.tmp").exists() and (active.folder / "child-1").exists()


def test_a_folder_that_cannot_be_deleted_stops_nothing(monkeypatch, caplog):
    bad, good = kept(days=8), kept(days=8)

    def refuse(path, *, original=retention.shutil.rmtree):
        if f"-{bad.pk}-" in path.name:
            raise PermissionError(13, "Permission denied")
        original(path)

    monkeypatch.setattr(retention.shutil, "rmtree", refuse)
    freed = now()
    assert (freed.results, freed.failed) == (1, 1) and "cannot be deleted" in caplog.text
    assert not good.folder.exists()


def test_expired_sessions_and_old_records_of_tasks_go():
    at = timezone.now()
    for number, day in enumerate((-1, 1)):
        Session.objects.create(session_key=f"s{number}", session_data="", expire_date=at + timedelta(days=day))
        when = at + timedelta(days=day * 8)
        Task.objects.create(id=f"t{number}", name=f"t{number}", func="f", started=when, stopped=when)
    freed = now()
    assert (freed.sessions, freed.tasks) == (1, 1)
    assert Session.objects.get().session_key == "s1"


def test_old_slots_of_schedules_go_once_they_have_no_job():
    at = timezone.now() - timedelta(days=100)
    schedule = a_schedule("0 0 * * *", slot=at.replace(hour=0, minute=0, second=0, microsecond=0))
    for number, job in enumerate((kept(days=100), a_job(), None)):
        Slot.objects.create(schedule=schedule, scheduled_for=at - timedelta(days=number), job=job)
    Slot.objects.create(schedule=schedule, scheduled_for=timezone.now(), skipped="Its time passed.")
    Slot.objects.filter(scheduled_for__lte=at).update(created_at=at)
    assert now().slots == 2
    assert Slot.objects.count() == 2


def test_the_audit_trail_stays():
    record("query.run", name="q")
    AuditEntry.objects.update(at=timezone.now() - LONG_AGO)
    now()
    assert AuditEntry.objects.count() == 1


def test_pages_say_that_the_files_are_gone(as_user, editor):
    job = kept(days=31, invalid=1, accepted=5, authentication=an_authentication())
    a_reason(job, "email", "must be an email address", 1)
    now()
    client = as_user(editor)
    assert "The kept result was deleted" in client.get(f"/jobs/{job.pk}").content.decode()
    for page in ("rejects", "fix"):
        assert "deleted" in client.get(f"/jobs/{job.pk}/{page}").content.decode()
    download = client.get(f"/jobs/{job.pk}/result.csv", follow=True)
    assert "deleted" in download.content.decode() and download["Content-Type"].startswith("text/html")


def test_by_hand_it_prints_what_it_deleted(capsys):
    kept(days=8), kept(days=91)
    call_command("tidy")
    assert "Deleted 1 job, 2 jobs' files; " in capsys.readouterr().out
    assert upkeep.last().freed["results"] == 2
