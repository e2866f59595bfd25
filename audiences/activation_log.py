"""The activation log: table `activation_log` of each parent segment, with a row for each end of a run.

The transaction in which a job ends notes that as an ActivationRun. A worker appends it to the table later, and the
transaction that changes the table marks it as logged: a worker that dies loses no row and doubles none. A job that is
resumed ends again. Then it gets one more row, whose `attempt` is higher; its counts are those of the whole job. An end
that is not in the table yet when the next one comes is replaced by that.
"""

import json
import logging
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from django.core.cache import cache
from django.db.models import Q
from django.utils import timezone
from django_q.tasks import async_task

from audiences.models import Activation, ActivationRun, ParentSegment
from exports.models import Job, Mode
from warehouse import tables
from warehouse.engines.base import Column
from warehouse.loading import NotLoaded, Source, loading_folder
from warehouse.models import Database, Table

logger = logging.getLogger(__name__)
TABLE = "activation_log"
BATCH = 1000  # rows at a time
REHINT = 10  # seconds; a hint that was not heard of since then is given again
ENDS = ("rows", "accepted", "invalid", "refused", "unknown", "not_attempted")
TYPES = {
    "time": "BIGINT",
    "activation_id": "BIGINT",
    "activation_name": "VARCHAR",
    "segment_id": "BIGINT",
    "segment_name": "VARCHAR",
    "audience_id": "BIGINT",
    "audience_name": "VARCHAR",
    "integration_type": "VARCHAR",
    "connection_id": "BIGINT",
    "connection_name": "VARCHAR",
    "exported_attributes": "VARCHAR",  # a JSON list of the output columns' names
    "job_id": "BIGINT",
    "attempt": "BIGINT",
    "mode": "VARCHAR",
    "status": "VARCHAR",
    **dict.fromkeys(ENDS, "BIGINT"),
    "started_at": "BIGINT",
    "finished_at": "BIGINT",
}
ARROW = {"BIGINT": pa.int64(), "VARCHAR": pa.string()}
Load = Callable[..., Table]


class _Changed(Exception):
    """Others have logged some of the runs meanwhile, or one of them has ended again."""


def note(job: Job) -> None:
    """A job of an activation has ended; within the transaction of its end. A validation sends nothing: it is none."""
    found = Activation.objects.filter(query=job.query_id).select_related("segment__parent_segment").first()
    if found is None or job.mode == Mode.VALIDATE:
        return
    run = ActivationRun.objects.filter(job=job).first() or ActivationRun(job=job)
    attempt = run.entry["attempt"] + 1 if run.pk else 1
    run.activation, run.parent_segment = found, found.segment.parent_segment
    run.entry, run.logged_at = entry(found, job, attempt), None
    run.save()


def entry(activation: Activation, job: Job, attempt: int) -> dict[str, Any]:
    """A row of the log, by TYPES. Holds no personal data: numbers, names of things, and no value of a row."""
    segment, finished = activation.segment, _seconds(job.finished_at)
    return {
        "time": finished,
        "activation_id": activation.pk,
        "activation_name": activation.name,
        "segment_id": segment.pk,
        "segment_name": segment.name,
        "audience_id": segment.parent_segment_id,
        "audience_name": segment.parent_segment.name,
        "integration_type": job.connector_key,
        "connection_id": job.authentication_id,
        "connection_name": job.destination,
        "exported_attributes": json.dumps([name for name, _ in job.columns], ensure_ascii=False),
        "job_id": job.pk,
        "attempt": attempt,
        "mode": job.mode,
        "status": job.outcome,
        **{name: getattr(job, name) for name in ENDS},
        "started_at": _seconds(job.started_at),
        "finished_at": finished,
    }


def _seconds(at: datetime | None) -> int | None:
    return int(at.timestamp()) if at else None


def hint(now: datetime) -> None:
    """Wake a worker for each parent segment with runs that are not in its log yet."""
    waiting = ActivationRun.objects.filter(logged_at=None).order_by().values_list("parent_segment", flat=True)
    for pk in waiting.distinct():
        if cache.add(f"activation-log-{pk}", now, REHINT):
            async_task("audiences.activation_log.append", pk, task_name=f"activation-log-{pk}", ack_failure=True)


def append(parent_id: int, load: Load = tables.load) -> str:
    """django-q2's task: append what is not in this parent segment's log yet. → what came of it, for the task's
    record."""
    parent, done = ParentSegment.objects.filter(pk=parent_id).first(), 0
    while parent and (runs := list(_unlogged(parent)[:BATCH])):
        try:
            _append(parent, runs, load)
        except _Changed:
            break
        except (NotLoaded, Database.DoesNotExist) as error:
            logger.error("The activation log of parent segment %s cannot be written: %s", parent_id, error)
            break
        done += len(runs)
    return f"{done} logged"


def _unlogged(parent: ParentSegment) -> Any:
    return ActivationRun.objects.filter(parent_segment=parent, logged_at=None).order_by("pk")


def _append(parent: ParentSegment, runs: list[ActivationRun], load: Load) -> None:
    """Raises NotLoaded, _Changed, Database.DoesNotExist."""
    path = loading_folder() / f"{uuid.uuid4()}.parquet"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    schema = pa.schema([(name, ARROW[kind]) for name, kind in TYPES.items()])
    try:
        pq.write_table(pa.Table.from_pylist([run.entry for run in runs], schema), path)
        load(
            database=Database.objects.get(name=parent.database_name),
            table=TABLE,
            sources=[Source(path, "parquet", "activation log")],
            columns=[Column(name, kind) for name, kind in TYPES.items()],
            also=lambda _: _mark(runs),
        )
    finally:
        path.unlink(missing_ok=True)


def _mark(runs: list[ActivationRun]) -> None:
    """Within the transaction that changes the table. Raises _Changed, and with it nothing is appended."""
    mine = Q(pk__in=[run.pk for run in runs])
    found = ActivationRun.objects.select_for_update().filter(mine, logged_at=None).order_by("pk")
    if [one.entry for one in found] != [run.entry for run in runs]:
        raise _Changed
    found.update(logged_at=timezone.now())
