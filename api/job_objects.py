"""A job as Treasure Data's clients read it."""

import json
from datetime import datetime, timedelta
from typing import Any

from django.db.models import FloatField, Func, OuterRef, Q, QuerySet, Subquery
from django.db.models.lookups import GreaterThan
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from api.declared import INTEGER, TEXT, Schema, nullable, number_in_path, record
from api.errors import ApiError
from api.times import utc
from exports import result_targets, td_types
from exports.models import EngineType, Job, JobState, RowsFrom

RESULT_EXPORT = "result_export"
EXPORTS = (RowsFrom.KEPT, RowsFrom.RESULT)
STATES = {
    "queued": (JobState.QUEUED,),
    "running": (JobState.RUNNING, JobState.RETRY_WAIT),
    "success": (JobState.SUCCESS,),
    "error": (JobState.ERROR,),
    "killed": (JobState.KILLED,),
}
WORDS = {state: word for word, states in STATES.items() for state in states}
STATUS: Schema = {"type": "string", "enum": list(STATES)}
_STANDING: dict[str, Schema] = {
    "job_id": TEXT,
    "status": STATUS,
    "cpu_time": nullable(INTEGER),
    "duration": INTEGER,
    "result_size": INTEGER,
    "num_records": nullable(INTEGER),
    "created_at": TEXT,
    "updated_at": TEXT,
    "start_at": TEXT,
    "end_at": TEXT,
}
_JOB: dict[str, Schema] = {
    "type": TEXT,
    "database": TEXT,
    "query": TEXT,
    "result": TEXT,
    "url": TEXT,
    "user_name": TEXT,
    "priority": INTEGER,
    "retry_limit": INTEGER,
    "hive_result_schema": TEXT,
    "organization": nullable(TEXT),
    "linked_result_export_job_id": nullable(TEXT),
    "result_export_target_job_id": nullable(TEXT),
}
STANDING = record(**_STANDING)
JOB = record(**_STANDING, **_JOB)
JOB_WITH_DEBUG = record(**_STANDING, **_JOB, debug=record(cmdout=TEXT, stderr=TEXT))


def jobs() -> QuerySet[Job]:
    """Jobs with all that is shown of one: `exported_by` is the job that sends its result elsewhere."""
    sent = Job.objects.filter(parent=OuterRef("pk"), rows_from__in=EXPORTS).order_by("-pk").values("pk")[:1]
    found = Job.objects.select_related("created_by", "authentication")
    return found.annotate(exported_by=Subquery(sent))


def find(job_id: str) -> Job:
    """Raises ApiError 404 in Treasure Data's words."""
    found = jobs().filter(pk=number_in_path(job_id, "Job")).first()
    if found is None:
        raise ApiError(404, f"Couldn't find Job with account_id = 1, id = {job_id}")
    return found


def listed(start: int, end: int, *, status: str | None, slower_than: int | None) -> list[Job]:
    """The jobs from `start` to before `end`, counted from 0 and the newest first. `slower_than`: seconds."""
    found = Job.objects.order_by("-pk")
    if status:
        found = found.filter(state__in=STATES[status])
    if slower_than is not None:
        found = found.filter(_slower(slower_than, timezone.now()))
    # their numbers alone, then what is shown of each: the rows that are passed over are not read
    pks = list(found.values_list("pk", flat=True)[start:end])
    return list(jobs().filter(pk__in=pks).order_by("-pk"))


class Seconds(Func):
    """A moment as a number: what Django makes of the difference of two, SQLite asks Python for, row by row."""

    output_field = FloatField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="(julianday(%(expressions)s) * 86400.0)", **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="EXTRACT(EPOCH FROM %(expressions)s)", **context)


def _slower(seconds: int, now: datetime) -> Q:
    took = GreaterThan(Seconds("finished_at") - Seconds("started_at"), float(seconds))
    return Q(took) | Q(finished_at=None, started_at__lt=now - timedelta(seconds=seconds))


def standing(job: Job) -> dict[str, object]:
    """How far it is."""
    return {
        "job_id": str(job.pk),
        "status": WORDS[JobState(job.state)],
        "cpu_time": None,
        "duration": _duration(job),
        "result_size": job.packed_bytes or 0,
        "num_records": job.result_rows if job.finished and job.result_path else None,
        "created_at": utc(job.created_at),
        "updated_at": utc(job.finished_at or job.started_at or job.created_at),
        "start_at": utc(job.started_at),
        "end_at": utc(job.finished_at),
    }


def job_object(job: Job, request: HttpRequest) -> dict[str, object]:
    """`job`: of `jobs()`."""
    exported_by = getattr(job, "exported_by", None)
    return standing(job) | {
        "type": type_of(job),
        "database": job.database_name,
        "query": job.sql,
        "result": result_targets.shown(result_targets.of_job(job)),
        "url": request.build_absolute_uri(reverse("exports:job", args=[job.pk])),
        "user_name": job.created_by.get_username() if job.created_by else "",
        "priority": job.priority,
        "retry_limit": job.retry_limit,
        "hive_result_schema": _schema(job),
        "organization": None,
        "linked_result_export_job_id": str(exported_by) if exported_by else None,
        "result_export_target_job_id": str(job.parent_id) if job.rows_from in EXPORTS and job.parent_id else None,
    }


def type_of(job: Job) -> str:
    """As it was issued; what the console started, by its engine."""
    return RESULT_EXPORT if job.rows_from in EXPORTS else job.issued_as or job.engine


def _schema(job: Job) -> str:
    """JSON in a text; empty while it is not known."""
    if not job.columns:
        return ""
    return json.dumps(td_types.schema(job.columns, hive=job.engine == EngineType.HIVE), ensure_ascii=False)


def _duration(job: Job) -> int:
    """Whole seconds; so far, if it has not ended."""
    if not job.started_at:
        return 0
    return max(0, int(((job.finished_at or timezone.now()) - job.started_at).total_seconds()))


def debug(job: Job) -> dict[str, str]:
    """What the job's log tells, which holds no personal data: how it went, and what went wrong."""
    lines = list(job.log.order_by("-pk")[:LOG_LINES])[::-1]
    told: dict[bool, list[str]] = {True: [], False: []}
    for line in lines:
        told[line.level == "INFO"].append(f"{utc(line.at)} {line.text}")
    return {"cmdout": "\n".join(told[True]), "stderr": "\n".join([*told[False], *_advice(job)])}


def _advice(job: Job) -> list[str]:
    return [job.advice] if job.advice else []


LOG_LINES = 1_000
