"""Parent segments, segments and activations as clients of Treasure Data's API read them. Their ids are texts."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from django.db.models import Count, Model, OuterRef, Q, QuerySet, Subquery

from accounts.models import User
from api import td_audiences
from api.declared import BOOLEAN, INTEGER, TEXT, Schema, array, nullable, number_in_path, record
from api.errors import missing
from api.times import iso
from audiences import parent_pages, repeats, td_repeats
from audiences.definitions import Definition
from audiences.models import Activation, Folder, ParentSegment, Segment
from audiences.repeats import CRON, Repeat
from exports.models import Job, JobState, Query

Json = dict[str, Any]
Row = TypeVar("Row", bound=Model)
EXECUTIONS = 10
AT_ONCE = 200  # activations; SQLite takes no expression that is deeper than 1000
STATES = {
    JobState.QUEUED: "queued",
    JobState.RUNNING: "running",
    JobState.RETRY_WAIT: "running",
    JobState.SUCCESS: "success",
    JobState.ERROR: "error",
    JobState.KILLED: "canceled",
}
PERSON = nullable(record(id=TEXT, name=TEXT))
_DATES: Mapping[str, Schema] = {"createdAt": TEXT, "updatedAt": TEXT, "createdBy": PERSON, "updatedBy": PERSON}
AUDIENCE = record(
    id=TEXT,
    name=TEXT,
    description=TEXT,
    databaseName=TEXT,
    population=nullable(INTEGER),
    **td_audiences.SCHEDULE,
    **td_audiences.DEFINITION,
    **_DATES,
)
FOLDER = record(id=TEXT, audienceId=TEXT, parentFolderId=nullable(TEXT), name=TEXT)
SEGMENT = record(
    id=TEXT,
    audienceId=TEXT,
    segmentFolderId=nullable(TEXT),
    name=TEXT,
    description=TEXT,
    kind=TEXT,
    isVisible=BOOLEAN,
    rule={"type": "object"},
    population=nullable(INTEGER),
    numSyndications=INTEGER,
    **_DATES,
)
EXECUTION = record(
    jobId=TEXT,
    workflowId=nullable(TEXT),
    workflowSessionId=nullable(TEXT),
    workflowAttemptId=nullable(TEXT),
    createdAt=TEXT,
    finishedAt=nullable(TEXT),
    status=TEXT,
)
SYNDICATION = record(
    id=TEXT,
    audienceId=TEXT,
    segmentId=TEXT,
    name=TEXT,
    description=TEXT,
    allColumns=BOOLEAN,
    columns=array({"type": "object"}),
    repeatUnit=TEXT,
    repeatFrequency=nullable(INTEGER),
    repeatSubFrequency=array(INTEGER),
    cron=nullable(TEXT),
    startAt=nullable(TEXT),
    endOn=nullable(TEXT),
    timezone=TEXT,
    connectionId=TEXT,
    connectorConfig={"type": "object"},
    notifyOn=array(TEXT),
    emailRecipients=array(TEXT),
    valid=BOOLEAN,
    executions=array(EXECUTION),
    **_DATES,
)


def audience(number: str) -> ParentSegment:
    """Raises ApiError 404, as all that look for one."""
    return _one(audiences(), number, "Parent segment")


def segment(parent: ParentSegment, number: str) -> Segment:
    return _one(segments().filter(parent_segment=parent), number, "Segment")


def syndication(of: Segment, number: str) -> Activation:
    return _one(syndications().filter(segment=of), number, "Syndication")


def folder(parent: ParentSegment, number: str) -> Folder:
    return _one(parent.folders.all(), number, "Folder")


def audiences() -> QuerySet[ParentSegment]:
    return ParentSegment.objects.select_related("query__schedule", "created_by", "updated_by").order_by("pk")


def segments() -> QuerySet[Segment]:
    related = ("parent_segment__query", "folder", "created_by", "updated_by")
    return Segment.objects.select_related(*related).annotate(syndications=Count("activations")).order_by("pk")


def syndications() -> QuerySet[Activation]:
    related = ("segment__parent_segment__query", "query__database", "query__schedule", "created_by", "updated_by")
    target = "query__export_target__authentication__base"
    return Activation.objects.select_related(*related, target, "query__notification_rule").order_by("pk")


def _one(found: "QuerySet[Row]", number: str, what: str) -> Row:
    one = found.filter(pk=number_in_path(number, what)).first()
    if one is None:
        raise missing(f"{what} {number}")
    return one


# --- shown --------------------------------------------------------------------------------------------------------


def audiences_shown(found: Iterable[ParentSegment]) -> list[Json]:
    parents = list(found)
    customers = parent_pages.customers_of(parents)
    return [
        {
            "id": str(one.pk),
            "name": one.name,
            "description": one.description,
            "databaseName": one.database_name,
            "population": customers.get(one.database_name),
            **td_audiences.schedule_shown(one.query),
            **td_audiences.shown(Definition.from_json(one.definition)),
            **_dates(one),
        }
        for one in parents
    ]


def audience_shown(parent: ParentSegment) -> Json:
    return audiences_shown([parent])[0]


def folder_shown(one: Folder) -> Json:
    above = str(one.parent_id) if one.parent_id else None
    return {"id": str(one.pk), "audienceId": str(one.parent_segment_id), "parentFolderId": above, "name": one.name}


def segment_shown(one: Any) -> Json:
    """`one`: of `segments`."""
    return {
        "id": str(one.pk),
        "audienceId": str(one.parent_segment_id),
        "segmentFolderId": str(one.folder_id) if one.folder_id else None,
        "name": one.name,
        "description": one.description,
        "kind": "batch",
        "isVisible": True,
        "rule": one.rule,
        "population": one.count,
        "numSyndications": one.syndications,
        **_dates(one),
    }


def syndications_shown(found: Iterable[Activation]) -> list[Json]:
    """`found`: of `syndications`."""
    some = list(found)
    jobs = executions([one.query_id for one in some])
    return [_syndication(one, jobs.get(one.query_id, [])) for one in some]


def syndication_shown(one: Activation) -> Json:
    return syndications_shown([one])[0]


def _syndication(one: Activation, jobs: list[Job]) -> Json:
    target, rule = one.query.export_target, getattr(one.query, "notification_rule", None)
    told = {"onSuccess": rule.on_success, "onFailure": rule.on_failure} if rule else {}
    return {
        "id": str(one.pk),
        "audienceId": str(one.segment.parent_segment_id),
        "segmentId": str(one.segment_id),
        "name": one.name,
        "description": one.description,
        "allColumns": one.all_columns,
        "columns": one.columns,
        **_times(repeats.from_json(one.repeat)),
        "connectionId": str(target.authentication_id),
        "connectorConfig": {"type": target.authentication.connector_key, **target.settings},
        "notifyOn": [word for word, on in told.items() if on],
        "emailRecipients": list(rule.addresses) if rule else [],
        "valid": True,
        "executions": [execution(job) for job in jobs],
        **_dates(one),
    }


def _times(repeat: Repeat) -> Json:
    """A cron line has no words there: `repeatUnit` "cron" and `cron` are ours."""
    if repeat.unit != CRON:
        return {**td_repeats.to_td(repeat), "cron": None}
    return {**td_repeats.to_td(replace(repeat, unit=repeats.DAY)), "repeatUnit": CRON, "cron": repeat.cron}


def executions(of: list[int]) -> dict[int, list[Job]]:
    """Of each of these queries its last EXECUTIONS jobs, the newest first."""
    found: dict[int, list[Job]] = {}
    for start in range(0, len(of), AT_ONCE):
        for job in _last_jobs(of[start : start + AT_ONCE]):
            found.setdefault(job.query_id or 0, []).append(job)
    return found


def _last_jobs(of: list[int]) -> QuerySet[Job]:
    mine = Job.objects.filter(query=OuterRef("pk")).order_by("-pk").values("pk")
    first = Query.objects.filter(pk__in=of).values_list("pk", Subquery(mine[EXECUTIONS - 1 : EXECUTIONS]))
    shown = Q(pk__in=[])
    for query, oldest in first:
        shown |= Q(query=query, pk__gte=oldest or 0)
    columns = ("query", "created_at", "finished_at", "state", "kill_requested")
    return Job.objects.filter(shown).only(*columns).order_by("-pk")


def execution(job: Job) -> Json:
    """A job of an activation. It is no workflow's, so that one has no number."""
    canceling = job.kill_requested and job.state in (JobState.QUEUED, JobState.RUNNING, JobState.RETRY_WAIT)
    return {
        "jobId": str(job.pk),
        "workflowId": None,
        "workflowSessionId": None,
        "workflowAttemptId": None,
        "createdAt": iso(job.created_at),
        "finishedAt": iso(job.finished_at) or None,
        "status": "canceling" if canceling else STATES[JobState(job.state)],
    }


def _dates(one: ParentSegment | Segment | Activation) -> Json:
    return {
        "createdAt": iso(one.created_at),
        "updatedAt": iso(one.updated_at),
        "createdBy": _person(one.created_by),
        "updatedBy": _person(one.updated_by),
    }


def _person(user: User | None) -> Json | None:
    return {"id": str(user.pk), "name": user.display_name} if user else None
