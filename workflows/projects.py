"""Projects and what is pushed to them."""

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import User
from exports.errors import NameTaken, NotPossible
from workflows import archives, definitions, schedules
from workflows.archives import Files
from workflows.dig.checking import check
from workflows.dig.model import Workflow as Definition
from workflows.dig.problems import DigError, Problem
from workflows.models import (
    Attempt,
    AttemptState,
    Project,
    Revision,
    Session,
    Task,
    TaskJob,
    TaskLog,
    Workflow,
    WorkflowSchedule,
)

NAME_LENGTH = 255


class NotPushed(ValueError):
    """The files cannot be used: `problems`, each with file and line. Nothing was changed."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


class RevisionTaken(ValueError):
    """The project has a revision of this name with other files."""


class NotLatest(Exception):
    """The project has a later revision, `latest`, than the one that was changed. Nothing was changed."""

    def __init__(self, latest: Revision) -> None:
        super().__init__(f"The project {latest.project.name} has a later revision.")
        self.latest = latest


def name_problem(name: str) -> str:
    """Why a project or a revision cannot be called so, with what is allowed; "" if it can."""
    if not name.strip() or not name.isprintable() or name != name.strip():
        return "A name has characters that can be seen, no line breaks, and no space at its ends."
    if len(name) > NAME_LENGTH:
        return f"A name has at most {NAME_LENGTH} characters; this has {len(name):,}."
    return ""


def latest(project: Project) -> Revision:
    """What new sessions run; without its archive."""
    return project.revisions.select_related("pushed_by").defer("archive")[0]


def latest_of(found: Iterable[Project]) -> dict[int, Revision]:
    """The same of several, by the project's number."""
    newest = Revision.objects.filter(project__in=list(found)).order_by().values("project").annotate(last=Max("pk"))
    revisions = Revision.objects.defer("archive").filter(pk__in=newest.values("last"))
    return {revision.project_id: revision for revision in revisions}


def create(name: str, files: Files, *, user: User, note: str = "", request: HttpRequest | None = None) -> Revision:
    """A new project with these files. Raises NameTaken, and what `push` raises."""
    with transaction.atomic():
        try:
            with transaction.atomic():
                Project.objects.create(name=name, created_by=user)
        except IntegrityError:
            raise NameTaken from None
        return push(name, files, user=user, note=note, request=request)


def push(
    name: str,
    files: Files,
    *,
    user: User,
    revision: str = "",
    note: str = "",
    schedule_from: datetime | None = None,
    upon: int | None = None,
    request: HttpRequest | None = None,
) -> Revision:
    """Make these files the project's latest revision; the project is made if there is none of this name.

    `revision`: its name, made up if empty; the same name with the same files once more changes nothing.
    `schedule_from`: schedules run from then on, not from now. `upon`: the revision that was changed, which must be the
    latest one still. `request`: for the audit trail. Raises NotPushed, RevisionTaken, NotLatest, archives.ArchiveError.
    """
    texts = readable(files)
    if problems := check(texts):
        raise NotPushed(problems)
    archive = archives.pack(files)
    with transaction.atomic():
        project = _locked(name, user)
        now = project.revisions.defer("archive").first()
        if upon is not None and now and upon != now.pk:
            raise NotLatest(now)
        known = Revision.objects.filter(project=project, name=revision).first() if revision else None
        if known and bytes(known.archive) != archive:
            raise RevisionTaken(f"The project {name} has a revision {revision} with other files.")
        if known:
            return known
        made = Revision.objects.create(
            project=project,
            name=revision or str(uuid.uuid4()),
            archive=archive,
            size=len(archive),
            pushed_by=user,
            note=note,
        )
        project.save(update_fields=["updated_at"])
        _take(project, made, definitions.workflows(texts).values(), user, schedule_from or timezone.now())
        audit.record("workflow_project.push", project, request=request, user=user, revision=made.name, note=note)
    return made


def _locked(name: str, user: User) -> Project:
    """The project of this name, made if there is none, or if it was deleted in this moment."""
    while True:
        project, _ = Project.objects.get_or_create(name=name, defaults={"created_by": user})
        if locked := Project.objects.select_for_update().filter(pk=project.pk).first():
            return locked


def _take(project: Project, revision: Revision, found: Iterable[Definition], user: User, since: datetime) -> None:
    """Bring the project's workflows and their schedules in line with its latest revision."""
    _hold(WorkflowSchedule.objects.filter(workflow__project=project))  # before workflows, as those who fire do
    names = set()
    for definition in found:
        names.add(definition.name)
        values = {"revision": revision, "present": True, "timezone": definition.timezone}
        workflow, _ = Workflow.objects.update_or_create(project=project, name=definition.name, defaults=values)
        schedules.follow(workflow, definition, user=user, since=since)
    gone = Workflow.objects.filter(project=project, present=True).exclude(name__in=names)
    for workflow in gone:
        schedules.remove(workflow)
    gone.update(present=False)


def _hold(rows: QuerySet[Any]) -> None:
    """Lock them until the transaction ends."""
    list(rows.order_by("pk").select_for_update(of=("self",)).values_list("pk"))


def readable(files: Files) -> dict[str, str]:
    """The texts among the files. Raises NotPushed for a .dig file that is none."""
    try:
        return archives.texts(files)
    except DigError as error:
        raise NotPushed(error.problems) from None


def delete(project: Project, *, user: User, request: HttpRequest | None = None) -> None:
    """Remove the project with its revisions, secrets, sessions, attempts and logs; the jobs that they made stay.

    Raises NotPossible while an attempt runs. What there may be very many of goes by SQL, without being read.
    """
    name, number = project.name, project.pk
    with transaction.atomic():
        workflows, revisions = (held.objects.filter(project=project).order_by() for held in (Workflow, Revision))
        sessions = Session.objects.filter(workflow__project=project).order_by()
        if not Project.objects.select_for_update().filter(pk=number).values_list("pk"):
            raise NotPossible("The project was deleted in this moment.")
        # In the order in which others take them: what has begun goes on or is seen to run, and nothing else begins.
        _hold(WorkflowSchedule.objects.filter(workflow__project=project))
        _hold(sessions)
        attempts = Attempt.objects.filter(session__workflow__project=project).order_by()
        if running := attempts.filter(state=AttemptState.RUNNING).count():
            told = "An attempt runs" if running == 1 else f"{running:,} attempts run"
            raise NotPossible(f"{told}. Kill what runs or wait for its end, then delete the project.")
        _hold(attempts)
        # A new session needs its workflow's row when it is committed, and then that of its revision.
        _hold(workflows)
        _hold(revisions)
        tasks = Task.objects.filter(attempt__session__workflow__project=project).order_by()
        TaskLog.objects.filter(task__in=tasks).delete()
        TaskJob.objects.filter(task__in=tasks).delete()
        Task.objects.filter(awaited__in=attempts).update(awaited=None)
        for rows in (tasks, attempts, sessions):
            rows._raw_delete(rows.db)
        workflows.delete()
        revisions._raw_delete(revisions.db)
        project.delete()
        audit.record("workflow_project.delete", request=request, user=user, name=name, project=number)
