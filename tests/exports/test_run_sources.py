"""Jobs whose query runs on another server: everything after the query is the same."""

import time

import pytest
from django.utils import timezone

from exports import jobs, preview
from exports.models import EngineType
from exports.run import run_job
from exports.targets import Target
from exports.texts import Text
from integrations.connectors.line_conversion import CONNECTOR
from integrations.connectors.line_conversion.sandbox import Sandbox
from integrations.models import Authentication
from tests.exports.queries import a_text, shop
from tests.sources import PASSWORD
from tests.warehouse.engines.fake_trino import Answer
from warehouse.preview import first_rows

pytestmark = pytest.mark.django_db(transaction=True)
FIELDS = ("deduplication_key", "event_type", "source_type", "event_timestamp", "email")


@pytest.fixture
def target(settings):
    with Sandbox({"tag": "token"}) as sandbox:
        settings.LINE_CONVERSION_API_URL = sandbox.url
        line = Authentication(name="line_test", connector_key=CONNECTOR.key, settings={"line_tag_id": "tag"})
        line.set_secrets({"access_token": "token"}, at=timezone.now())
        line.save()
        chosen = {"ignore_invalid_records": True, "max_records": 1000}
        yield Target(line, {name: {"column": name} for name in FIELDS}, chosen)


@pytest.fixture
def crm(postgresql):
    held = postgresql.settings()
    source = Authentication(name="crm", connector_key="postgresql", settings={**held, "password": None})
    source.settings.pop("password")
    source.set_secrets({"password": held["password"]}, at=timezone.now())
    source.save()
    return source


@pytest.fixture
def cluster(fake_trino):
    settings = {"scheme": "http", "host": "127.0.0.1", "port": str(fake_trino.port), "user": "ann"}
    return Authentication.objects.create(
        name="cluster", connector_key="trino", settings={**settings, "catalog": "hive", "schema": "web"}
    )


def run(sql, source, *, user=None, target=None):
    text = Text(shop(), sql, engine=EngineType.SOURCE, source=source)
    job = jobs.start(text=text, name="q", user=user, target=target)
    run_job(job.pk)
    job.refresh_from_db()
    return job


def test_rows_of_postgresql_are_exported_in_the_order_of_their_time(crm, target):
    sql = f"""SELECT 'k' || n AS deduplication_key, 'conversion' AS event_type, 'web' AS source_type,
        {int(time.time())} - n AS event_timestamp, 'u' || n || '@example.com' AS email FROM numbers WHERE n <= 2500"""
    job = run(sql, crm, target=target)
    assert (job.error, job.rows, job.accepted) == ("", 2500, 2500)
    assert [r.events for r in job.requests.all()] == [1000, 1000, 500]


def test_rows_of_trino_are_exported(cluster, target, fake_trino):
    columns = [(name, "bigint" if name == "event_timestamp" else "varchar") for name in FIELDS]
    now = int(time.time())
    pages = [[[f"k{n}", "conversion", "web", now - n, f"u{n}@example.com"] for n in range(100)]]
    fake_trino.answers["purchases"] = Answer(columns=columns, pages=pages)
    job = run("SELECT * FROM purchases", cluster, target=target)
    assert (job.error, job.rows, job.accepted) == ("", 100, 100)


def test_a_column_that_the_source_does_not_give_is_told_before_anything_is_sent(crm, target):
    job = run("SELECT 'k' AS deduplication_key", crm, target=target)
    assert (job.state, job.requests.count()) == ("error", 0)
    assert "column mapping does not fit" in job.error


def test_an_error_of_the_source_has_its_line(crm):
    job = run("SELECT 1 AS n,\n  nonsense\nFROM numbers", crm)
    assert (job.state, job.error_line, "nonsense" in job.error) == ("error", 2, True)


def test_a_table_can_be_made_of_a_sources_rows(crm, editor):
    job = run("CREATE TABLE vips AS SELECT n, t FROM numbers WHERE n < 3", crm, user=editor)
    assert job.error == ""
    assert sorted(row[:2] for row in first_rows(shop().tables.get(name="vips"))) == [("1", "x1"), ("2", "x2")]


def test_no_secret_of_the_source_stands_in_the_job(crm):
    crm.set_secrets({"password": "wrong-but-secret"}, at=timezone.now())
    crm.settings["user"] = "locked"
    crm.save()
    job = run("SELECT 1 AS n", crm)
    told = job.error + job.advice + "".join(job.log.values_list("text", flat=True))
    assert job.state == "error" and "wrong-but-secret" not in told and PASSWORD not in told


def test_a_preview_of_a_source(crm, as_user, editor):
    found = preview.preview(a_text(sql="SELECT n FROM numbers", engine="source", source=crm), user=editor)
    assert (found.rows, found.columns) == (50_000, [("n", "integer")])
