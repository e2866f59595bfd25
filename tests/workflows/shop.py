"""A database with a table of events, steps of td> and its like, and what becomes of their jobs."""

import time

import pyarrow as pa
import pyarrow.parquet as pq
from django.utils import timezone

from exports.models import Job
from exports.run import run_job
from integrations.connectors.line_conversion import CONNECTOR
from integrations.models import Authentication
from tests.workflows.factories import step, taken
from warehouse.models import Database, Table, TableFile
from workflows import operators
from workflows.operators.base import Later

operators.load()


def events(count=3):
    """So many events as LINE takes them."""
    now = int(time.time())
    return pa.table(
        {
            "deduplication_key": [f"k{n}" for n in range(count)],
            "event_type": ["conversion"] * count,
            "source_type": ["web"] * count,
            "event_timestamp": pa.array([now - count + n for n in range(count)], pa.int64()),
            "email": [f"u{n}@example.com" for n in range(count)],
        }
    )


def a_table(name, rows=None, database="shop"):
    rows = events() if rows is None else rows
    home, _ = Database.objects.get_or_create(name=database)
    columns = [[f.name, "BIGINT" if f.type == pa.int64() else "VARCHAR"] for f in rows.schema]
    table = Table.objects.create(database=home, name=name, columns=columns)
    file = TableFile(table=table, path=f"{table.pk}.parquet", rows=len(rows), bytes=1)
    file.absolute_path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(rows, file.absolute_path)
    file.save()
    return table


def an_authentication(name="line_test", **settings):
    values = {"line_tag_id": "tag", **settings}
    saved = Authentication(name=name, connector_key=CONNECTOR.key, settings=values)
    saved.set_secrets({"access_token": "token"}, at=timezone.now())
    saved.save()
    return saved


def waiting(user, op, command=None, **values):
    """(the step, the job it waits for) of a task's first step; `query` and such: its parameters."""
    how = {name: values.pop(name) for name in ("files", "variables", "attempt", "folder", "memory") if name in values}
    first = step(user, op, command, params={"database": "shop", **values}, **how)
    later = taken(first)
    assert isinstance(later, Later)
    return first, Job.objects.get(pk=later.job)


def again(before, memory=None):
    """The next outcome of the task of this step."""
    before.memory = memory if memory is not None else before.memory
    return taken(before)


def through(user, op, command=None, **values):
    """(the step, its outcome once its job has run, the job)."""
    first, job = waiting(user, op, command, **values)
    run_job(job.pk)
    job.refresh_from_db()
    return first, again(first, {"job": job.pk}), job
