"""Projects and what is pushed to them."""

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from accounts.models import User
from exports.errors import NotPossible
from workflows import archives, definitions, schedules
from workflows.archives import Files
from workflows.dig.checking import check
from workflows.dig.model import Workflow as Definition
from workflows.dig.problems import Problem
from workflows.models import Attempt, AttemptState, Project, Revision, Workflow

NAME_LENGTH = 255


class NotPushed(ValueError):
    """The files cannot be used: `problems`, each with file and line. Nothing was changed."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


class RevisionTaken(ValueError):
    """The project has a revision of this name with other files."""


def push(
    name: str, files: Files, *, user: User, revision: str = "", note: str = "", schedule_from: datetime | None = None
) -> Revision:
    """Make these files the project's latest revision; the project is made if there is none of this name.

    `revision`: its name, made up if empty; the same name with the same files once more changes nothing.
    `schedule_from`: schedules run from then on, not from now. Raises NotPushed, RevisionTaken, archives.ArchiveError.
    """
    texts = archives.texts(files)
    if problems := check(texts):
        raise NotPushed(problems)
    archive = archives.pack(files)
    if len(archive) > archives.LARGEST:
        raise archives.ArchiveError(f"The project has {len(archive):,} bytes packed; {archives.LARGEST:,} are allowed.")
    with transaction.atomic():
        project, _ = Project.objects.get_or_create(name=name, defaults={"created_by": user})
        project = Project.objects.select_for_update().get(pk=project.pk)
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
    return made


def name_problem(name: str) -> str:
    """Why a project or a revision cannot be called so, with what is allowed; "" if it can."""
    if not name.strip() or not name.isprintable() or name != name.strip():
        return "A name has characters that can be seen, no line breaks, and no space at its ends."
    if len(name) > NAME_LENGTH:
        return f"A name has at most {NAME_LENGTH} characters; this has {len(name):,}."
    return ""


def latest(found: Iterable[Project]) -> dict[int, Revision]:
    """The latest revision of each, by the project's number, without their archives."""
    newest = Revision.objects.filter(project__in=list(found)).order_by().values("project").annotate(last=Max("pk"))
    revisions = Revision.objects.defer("archive").filter(pk__in=newest.values("last"))
    return {revision.project_id: revision for revision in revisions}


def delete(project: Project) -> None:
    """Delete it with all that belongs to it; the jobs that it made stay. Raises NotPossible while an attempt runs."""
    with transaction.atomic():
        locked = Project.objects.select_for_update().get(pk=project.pk)
        running = Attempt.objects.filter(session__workflow__project=locked, state=AttemptState.RUNNING).count()
        if running:
            verb = "attempt of this project runs" if running == 1 else "attempts of this project run"
            raise NotPossible(f"{running:,} {verb}. Kill what runs, or wait for its end.")
        locked.delete()


def _take(project: Project, revision: Revision, found: Iterable[Definition], user: User, since: datetime) -> None:
    """Bring the project's workflows and their schedules in line with its latest revision."""
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
