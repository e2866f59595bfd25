"""A job as Treasure Data's clients read it."""

from typing import Any

from django.db.models import QuerySet

from api.declared import INTEGER, TEXT, nullable
from api.engines import type_of
from api.times import utc
from exports.models import Job, JobState

JOB_FIELDS = {
    "job_id": TEXT,
    "type": TEXT,
    "database": TEXT,
    "query": TEXT,
    "status": TEXT,
    "result": TEXT,
    "user_name": TEXT,
    "priority": INTEGER,
    "retry_limit": INTEGER,
    "num_records": nullable(INTEGER),
    "created_at": TEXT,
    "start_at": TEXT,
    "end_at": TEXT,
}


def LISTED() -> QuerySet[Job]:  # noqa: N802
    return Job.objects.select_related("created_by", "query")


def job_of(job: Job) -> dict[str, Any]:
    return {
        "job_id": str(job.pk),
        "type": type_of(job.engine),
        "database": job.database_name,
        "query": job.sql,
        "status": "running" if job.state == JobState.RETRY_WAIT else job.state,
        "result": "",
        "user_name": job.created_by.display_name if job.created_by else "",
        "priority": job.priority,
        "retry_limit": job.retry_limit,
        "num_records": job.result_rows,
        "created_at": utc(job.created_at),
        "start_at": utc(job.started_at),
        "end_at": utc(job.finished_at),
    }
