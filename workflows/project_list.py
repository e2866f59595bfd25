"""Data Workbench > Workflows: projects with their workflows, drawn with few SQL queries however many there are."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Window
from django.db.models.functions import RowNumber
from django.utils.safestring import SafeString

from exports import job_words
from exports.schedule_words import away, moment
from workflows import schedule_words
from workflows.models import Attempt, Project, Workflow, WorkflowSchedule

MOST_SHOWN = 10  # workflows of a project in the list; its own page has all of them


@dataclass(frozen=True)
class Row:
    """A workflow as the lists show it. `next_run`: its time; `away`: "in 23 h", or why it has none, as "Paused"."""

    workflow: Workflow
    schedule: str
    next_run: SafeString | str
    away: str
    last: Attempt | None
    last_at: SafeString | str


@dataclass(frozen=True)
class Branch:
    """A project with those of its workflows that are shown, and how many more there are."""

    project: Project
    rows: Sequence[Row]
    more: int


def listing(search: str = "") -> QuerySet[Project]:
    """Projects by name, with their number of workflows as `workflow_count`; `search`: in their names or those of their
    workflows."""
    present = Count("workflows", filter=Q(workflows__present=True))
    found = Project.objects.annotate(workflow_count=present).order_by("name")
    if search:
        named = Workflow.objects.filter(present=True, name__icontains=search).order_by().values("project")
        found = found.filter(Q(name__icontains=search) | Q(pk__in=named))
    return found


def branches(projects: Sequence[Project], search: str, now: datetime) -> list[Branch]:
    """Of a project whose name a search does not find, those workflows are shown that it finds. `projects`: of
    `listing`."""
    whole = [one.pk for one in projects if search.casefold() in one.name.casefold()]
    found = Workflow.objects.filter(project__in=projects, present=True)
    if search:
        found = found.filter(Q(project__in=whole) | Q(name__icontains=search))
    place = Window(RowNumber(), partition_by=F("project"), order_by="name")
    numbers = found.order_by().annotate(place=place).filter(place__lte=MOST_SHOWN).values_list("pk", flat=True)
    shown = list(_with_last(Workflow.objects.filter(pk__in=list(numbers))).order_by("name"))
    counts = dict(found.order_by().values_list("project").annotate(Count("pk")))
    of = defaultdict(list)
    for row in rows(shown, now):
        of[row.workflow.project_id].append(row)
    return [Branch(one, of[one.pk], counts.get(one.pk, 0) - len(of[one.pk])) for one in projects]


def of_project(project: Project) -> QuerySet[Workflow]:
    """Its workflows for `rows`: those of its latest revision first, then those whose file is gone."""
    return _with_last(project.workflows.all()).order_by("-present", "name")


def _with_last(found: QuerySet[Workflow]) -> QuerySet[Workflow]:
    last = Attempt.objects.filter(workflow=OuterRef("pk")).order_by("-pk").values("pk")[:1]
    return found.select_related("schedule").annotate(last_attempt=Subquery(last))


def rows(workflows: Sequence[Workflow], now: datetime) -> list[Row]:
    """`workflows`: of `of_project`."""
    last = Attempt.objects.select_related("session").in_bulk([pk for one in workflows if (pk := _last(one))])
    return [_row(one, last.get(_last(one)), now) for one in workflows]


def _last(workflow: Workflow) -> int | None:
    found: int | None = workflow.last_attempt  # type: ignore[attr-defined]
    return found


def _row(workflow: Workflow, last: Attempt | None, now: datetime) -> Row:
    schedule: WorkflowSchedule | None = getattr(workflow, "schedule", None)
    run = schedule and schedule.next_run_at
    zone = job_words.zone_named(workflow.timezone)
    stands = ""
    if schedule:
        stands = "Paused" if schedule.paused_at else away(run, now) if run else "Ended"
    return Row(
        workflow=workflow,
        schedule=schedule_words.sentence(schedule) if schedule else "",
        next_run=job_words.time_tag(run, moment(run, zone)) if schedule and run and not schedule.paused_at else "",
        away=stands,
        last=last,
        last_at=job_words.when(last.session.session_time, zone, now) if last else "",
    )
