"""A finished job with rejected rows, its query, and what people do with both."""

import time
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from exports import queries, resending, results
from exports.models import Job, JobLog, JobState
from exports.queries import Draft
from exports.results import KeptResult
from exports.run import run_job
from exports.targets import Target
from exports.texts import Text
from tests.exports.test_run import authentication, ends, line, run  # noqa: F401 - fixtures
from warehouse.models import Database, Table, TableFile

BAD = {3, 7}
SQL = "SELECT * FROM events"
MENDED = "SELECT * EXCLUDE (email), replace(email, 'nobody', 'u@example.com') AS email, 1 AS n FROM events"


def events(count=10, bad=BAD):
    """Those in `bad` have no address in `email`, but one in `spare`; the last bad one has no key."""
    now = int(time.time())
    return pa.table(
        {
            "deduplication_key": [None if bad and n == max(bad) else f"k{n}" for n in range(count)],
            "event_timestamp": pa.array([now - count + n for n in range(count)], pa.int64()),
            "email": ["nobody" if n in bad else f"u{n}@example.com" for n in range(count)],
            "spare": [f"s{n}@example.com" for n in range(count)],
            "spare_key": [f"k{n}" for n in range(count)],
        }
    )


def mapping(**columns):
    columns = {
        "deduplication_key": "deduplication_key",
        "event_timestamp": "event_timestamp",
        "email": "email",
    } | columns
    constants = {"event_type": "conversion", "source_type": "web"}
    return {name: {"column": c} for name, c in columns.items()} | {n: {"constant": c} for n, c in constants.items()}


FIXED = mapping(email="spare", deduplication_key="spare_key")


@pytest.fixture
def draft(authentication, settings, tmp_path):  # noqa: F811
    settings.DATA_DIR = tmp_path
    database, table = Database.objects.create(name="shop"), events()
    columns = [[f.name, "BIGINT" if f.type == pa.int64() else "VARCHAR"] for f in table.schema]
    row = Table.objects.create(database=database, name="events", columns=columns)
    file = TableFile(table=row, path=f"{row.pk}.parquet", rows=len(table), bytes=1)
    file.absolute_path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, file.absolute_path)
    file.save()
    target = Target(authentication, mapping(), {"ignore_invalid_records": True, "max_records": 1000})
    return Draft("events", Text(database, SQL, engine="duckdb"), target)


@pytest.fixture
def query(draft, editor):
    return queries.create(draft, user=editor)


@pytest.fixture
def job(line, query, draft, editor):  # noqa: F811
    """A finished job: eight rows accepted, two invalid."""
    done = run(queries.run(draft, query=query, user=editor))
    assert ends(done) == (10, 2, 8, 0, 0, 0)
    return done


@pytest.fixture
def save(query, draft, editor):
    """`save(sql=…, mapping=…, settings=…)` → the query has a new version."""

    def change(sql=SQL, mapping=None, **settings):
        target = replace(draft.target, mapping=mapping or draft.target.mapping)
        target = replace(target, settings={**target.settings, **settings})
        queries.update(
            query, replace(draft, text=replace(draft.text, sql=sql), target=target), base=query.version, user=editor
        )

    return change


def recheck(job, editor):
    job.refresh_from_db()
    return run(resending.recheck(Job.objects.get(pk=job.pk), user=editor))


def send(job, editor):
    return run(resending.send(Job.objects.get(pk=job.pk), user=editor))


def kept(job):
    return KeptResult(job.folder / results.NAME).reader.read_all().to_pylist()


def log(job):
    return " ".join(JobLog.objects.filter(job=job).values_list("text", flat=True))


def dies(monkeypatch, job, module, name):
    """The worker of this job dies right after the function did its work."""
    real = getattr(module, name)

    def last_breath(*given, **more):
        real(*given, **more)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module, name, last_breath)
        with pytest.raises(KeyboardInterrupt):
            run_job(job.pk)
    Job.objects.filter(pk=job.pk).update(state=JobState.RETRY_WAIT, lease_token=None, lease_until=None)
