"""Audience Studio with real processes: a parent segment is built, and a segment sent though its worker is killed."""

import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from accounts.models import Role
from audiences import activations, parents, segments
from audiences.activations import Wanted
from audiences.definitions import Behavior, Definition, Master
from audiences.models import ActivationRun
from audiences.outputs import Attribute, Built, Outputs, Parameter
from audiences.parents import Plan
from exports.models import Job, JobState
from exports.targets import Target
from integrations.connectors.line_conversion.sandbox import Sandbox
from tests.conftest import person
from tests.exports.test_run import authentication  # noqa: F401 - fixture
from tests.flow.conftest import cluster
from warehouse import tables
from warehouse.loading import Source
from warehouse.models import Database, Table

pytestmark = [pytest.mark.flow, pytest.mark.django_db(transaction=True)]
CUSTOMERS, BUYERS = 5_000, 4_000
BOUGHT = {
    "type": "Value",
    "leftValue": {"name": "", "source": {"name": "behavior_orders"}, "aggregation": {"type": "Count"}},
    "operator": {"type": "GreaterEqual", "rightValue": 2},
}
STRINGS = {"event_type": "conversion", "source_type": "web"}
TIME = Built("event_timestamp", "$1", (Parameter("Timestamp"),))
OUTPUTS = Outputs(
    all_columns=False,
    attributes=(Attribute("deduplication_key", "customer_id"), Attribute("email", "email")),
    strings=(*(Built(name, "$1", (Parameter("String", text),)) for name, text in STRINGS.items()), TIME),
)


@pytest.fixture
def user(db):
    return person("kana", Role.EDITOR)


@pytest.fixture
def shop(user, tmp_path):
    """Every customer bought once, and the first BUYERS of them twice."""
    database = Database.objects.create(name="shop_jp")
    keys = [f"c{n}" for n in range(CUSTOMERS)]
    load(tmp_path, database, "customers", {"customer_id": keys, "email": [f"{key}@example.com" for key in keys]}, user)
    bought = [*keys, *keys[:BUYERS]]
    load(tmp_path, database, "orders", {"customer_id": bought, "time": [1_760_000_000] * len(bought)}, user)


def load(folder, database, name, columns, user):
    path = folder / f"{name}.parquet"
    pq.write_table(pa.table(columns), path)
    source = Source(path, "parquet", path.name)
    tables.load(database=database, table=name, sources=[source], mode="append", user=user)


def wait(done, what, seconds=60):
    end = time.monotonic() + seconds
    while not (found := done()):
        assert time.monotonic() < end, f"not {what} after {seconds} s"
        time.sleep(0.05)
    return found


def ended(pk, state=JobState.SUCCESS):
    job = wait(lambda: Job.objects.filter(pk=pk, finished_at__isnull=False).first(), f"job {pk} ended")
    assert job.state == state, job.error
    return job


def test_a_segment_is_sent_once_though_its_worker_is_killed(shop, user, authentication, kill):  # noqa: F811
    orders = Behavior("Orders", "shop_jp", "orders", "customer_id", "customer_id", "time", ())
    definition = Definition(Master("shop_jp", "customers", "customer_id"), behaviors=(orders,))
    target = Target(authentication, {}, {"ignore_invalid_records": True, "max_records": 1000})
    with Sandbox({"tag": "token"}) as line:
        line.behave([{"delay": 0.2, "times": 1000}])
        with cluster(line.url, WORKERS="1"):
            parent, build = parents.create(Plan("Shop", definition), user=user)
            assert ended(build.pk).into_rows == CUSTOMERS
            rule = {"type": "And", "conditions": [BOUGHT]}
            segment = segments.create(parent, segments.Draft("Buyers", "", None, rule), user=user)
            activation, job = activations.create(segment, Wanted("Winback", target, outputs=OUTPUTS), user=user)
            kill(wait(lambda: Job.objects.filter(pk=job.pk, position__gte=1000).first(), "sending"))
            job = ended(job.pk)
            assert (job.rows, job.accepted) == (BUYERS, BUYERS)
            wait(lambda: ActivationRun.objects.filter(job=job, logged_at__isnull=False).exists(), "logged")
    keys = [one["event"]["deduplication_key"] for one in line.events]
    assert set(keys) == {f"c{n}" for n in range(BUYERS)}
    assert len(keys) <= BUYERS + 1000  # at most the request in flight, once more
    [log] = Table.objects.get(name="activation_log").files.filter(retired_at=None)
    found = pq.read_table(log.absolute_path).to_pylist()
    assert [(row["activation_id"], row["job_id"], row["accepted"]) for row in found] == [
        (activation.pk, job.pk, BUYERS)
    ]
