"""What is kept for a while only: jobs and their files, credentials given with them, sessions, and django-q2's records.

A job's files are raw personal data, so they go long before the job does; those with rows that someone may want to
correct, resend or resume stay for as long as the destination drops repeats. Everything is deleted in small pieces, may
be broken off anywhere and begun again, and may run beside jobs and beside itself. The audit trail stays.
"""

import logging
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models import Exists, F, Model, OuterRef, Q, QuerySet
from django.template.defaultfilters import filesizeformat
from django_q.models import Task

from exports.models import ACTIVE, FINISHED, Job, JobLog, JobReason, JobRequest, Mode, RowsFrom
from exports.resuming import ENDED_EARLY, REPEATS_DROPPED
from exports.schedule_models import Slot
from exports.upkeep_models import Upkeep
from integrations import inline

BATCH = 500
PAUSE = 0.01  # seconds after each piece, in which others can write to an SQLite database
GRACE = timedelta(days=1)  # what is younger may be in the making
TASK_DAYS = timedelta(days=7)
TEMPORARY = ("child-*", "*.tmp")
TRASH = ".trash-"
logger = logging.getLogger(__name__)


@dataclass
class Freed:
    """How many of each were deleted. `bytes`: of files; `failed`: folders that could not be deleted."""

    jobs: int = 0
    results: int = 0
    orphans: int = 0
    temporary: int = 0
    slots: int = 0
    sessions: int = 0
    tasks: int = 0
    inline: int = 0
    attempts: int = 0
    bytes: int = 0
    failed: int = 0

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Freed":
        return cls(**{f.name: data.get(f.name, 0) for f in fields(cls)})

    def to_json(self) -> dict[str, int]:
        return asdict(self)

    def in_words(self) -> str:
        """Like "3 jobs, files of 10 jobs, 2 old sessions (1.2 MB)"."""
        named = (
            (self.jobs, "job", "jobs"),
            (self.results, "job's files", "jobs' files"),
            (self.orphans, "folder without a job", "folders without a job"),
            (self.temporary, "temporary file", "temporary files"),
            (self.attempts, "attempt of a workflow", "attempts of workflows"),
            (self.slots, "slot of a schedule", "slots of schedules"),
            (self.sessions, "session", "sessions"),
            (self.tasks, "record of a task", "records of tasks"),
            (self.inline, "set of credentials given with a result", "sets of credentials given with a result"),
        )
        told = [f"{number:,} {one if number == 1 else many}" for number, one, many in named if number]
        size = filesizeformat(self.bytes).replace("\xa0", " ")
        return f"{', '.join(told) or 'nothing'}; {size} of files"


Heard = Callable[[Freed], None]
Step = Callable[[datetime, Freed], Iterator[None]]
_also: list[Step] = []


def also(step: Step) -> None:
    """Let an app above delete what it keeps for a while only, before the jobs go. Called at its start."""
    _also.append(step)


def tidy(now: datetime, heard: Heard = lambda freed: None, *, so_far: Freed | None = None) -> Freed:
    """Delete all that is old enough. `heard` gets what was freed so far, now and then; what it raises ends it."""
    freed = so_far or Freed()
    for step in (_files, *_also, _jobs, _slots, _sessions, _tasks, _upkeeps, _inline):
        for _ in step(now, freed):
            heard(freed)
            time.sleep(PAUSE)
    return freed


# --- files --------------------------------------------------------------------------------------------------------


def keeps_files(now: datetime) -> Q:
    """The jobs whose files are still wanted."""
    unsettled = Q(unknown__gt=0) | Q(refused__gt=0) | Q(invalid__gt=0) | Q(not_attempted__gt=0)
    resumable = Q(state__in=ENDED_EARLY, position__lt=F("rows")) & ~Q(result_path="") & ~Q(mode=Mode.VALIDATE)
    takes_rows = Job.objects.filter(state__in=ACTIVE, parent=OuterRef("pk")).exclude(rows_from=RowsFrom.QUERY)
    return (
        Q(state__in=ACTIVE)
        | Q(finished_at__gt=now - timedelta(days=settings.RESULT_DAYS))
        | Q(unsettled, finished_at__gt=now - timedelta(days=settings.RESULT_DAYS_WITH_REJECTS))
        | Q(resumable, finished_at__gt=now - REPEATS_DROPPED)
        | Q(Exists(takes_rows))
    )


def _files(now: datetime, freed: Freed) -> Iterator[None]:
    """By what lies on the disk, so that no job is looked at twice once its files are gone."""
    root = Path(settings.DATA_DIR) / "jobs"
    entries = iter(sorted(root.iterdir())) if root.is_dir() else iter(())
    while some := list(islice(entries, BATCH)):
        jobs = {path.name: int(path.name) for path in some if path.name.isdecimal()}
        known = Job.objects.filter(pk__in=jobs.values())
        states = dict(known.values_list("pk", "state"))
        kept = set(known.filter(keeps_files(now)).values_list("pk", flat=True))
        for path in some:
            pk = jobs.get(path.name)
            if pk is None or pk not in states:
                freed.orphans += _older(path, now) and _remove(path, freed)
            elif pk not in kept:
                freed.results += _take_away(path, pk, now, freed)
            elif states[pk] in FINISHED:
                _temporary(path, now, freed)
        yield


def _take_away(path: Path, pk: int, now: datetime, freed: Freed) -> bool:
    """Out of sight first: a job that is resumed in this very moment gets its files back."""
    trash = path.with_name(f"{TRASH}{path.name}-{uuid.uuid4().hex}")
    try:
        path.rename(trash)
    except FileNotFoundError:
        return False  # someone else was faster
    if Job.objects.filter(keeps_files(now), pk=pk).exists():
        trash.rename(path)
        return False
    return _remove(trash, freed)


def _temporary(folder: Path, now: datetime, freed: Freed) -> None:
    """What writers left who died: the job has ended, so none of them is alive."""
    for pattern in TEMPORARY:
        for path in folder.glob(pattern):
            freed.temporary += _older(path, now) and _remove(path, freed)


def _older(path: Path, now: datetime) -> bool:
    try:
        return path.lstat().st_mtime < (now - GRACE).timestamp()
    except FileNotFoundError:
        return False


def _remove(path: Path, freed: Freed) -> bool:
    """A file that another job has too, under a name of its own, frees nothing."""
    inside = path.rglob("*") if path.is_dir() and not path.is_symlink() else [path]
    try:
        found = [each.lstat() for each in inside if each.is_symlink() or not each.is_dir()]
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    except FileNotFoundError:
        return False  # someone else was faster
    except OSError:
        logger.exception("%s cannot be deleted", path)
        freed.failed += 1
        return False
    freed.bytes += sum(stat.st_size for stat in found if stat.st_nlink == 1)
    return True


# --- rows ---------------------------------------------------------------------------------------------------------


def _jobs(now: datetime, freed: Freed) -> Iterator[None]:
    """The rows that belong to a job may be many: they go first, some at a time."""
    old = Job.objects.filter(finished_at__lt=now - timedelta(days=settings.JOB_HISTORY_DAYS)).exclude(keeps_files(now))
    while pks := list(old.order_by("finished_at").values_list("pk", flat=True)[: BATCH // 5]):
        for model in (JobRequest, JobReason, JobLog):
            for _ in delete(model._base_manager.filter(job__in=pks)):
                yield
        freed.jobs += old.filter(pk__in=pks).delete()[1].get(Job._meta.label, 0)
        yield


def _slots(now: datetime, freed: Freed) -> Iterator[None]:
    """Those that were skipped, and those whose jobs have gone."""
    before = now - timedelta(days=settings.JOB_HISTORY_DAYS)
    for number in delete(Slot.objects.filter(job=None, scheduled_for__lt=before, created_at__lt=before)):
        freed.slots += number
        yield


def _sessions(now: datetime, freed: Freed) -> Iterator[None]:
    for number in delete(Session.objects.filter(expire_date__lt=now)):
        freed.sessions += number
        yield


def _tasks(now: datetime, freed: Freed) -> Iterator[None]:
    for number in delete(Task.objects.filter(stopped__lt=now - TASK_DAYS)):
        freed.tasks += number
        yield


def _upkeeps(now: datetime, freed: Freed) -> Iterator[None]:
    before = now - timedelta(days=settings.JOB_HISTORY_DAYS)
    for _ in delete(Upkeep.objects.filter(Q(finished_at__lt=before) | Q(day__lt=before.date()))):
        yield


def _inline(now: datetime, freed: Freed) -> Iterator[None]:
    """Credentials that came with a result, after the last query and job that they came with."""
    while number := inline.delete_unneeded(now - GRACE, BATCH):
        freed.inline += number
        yield


def delete(found: QuerySet[Any]) -> Iterator[int]:
    """Some rows at a time, each in a transaction of its own. → how many each time"""
    model: type[Model] = found.model
    while pks := list(found.order_by().values_list("pk", flat=True)[:BATCH]):
        yield model._base_manager.filter(pk__in=pks).delete()[0]
