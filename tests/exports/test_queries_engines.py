"""The engine of a query: what can be chosen, what is kept of it, and its translation."""

import pytest
from django.urls import reverse

from exports import engine as engines
from exports import queries
from exports.models import EngineType, Job, Query
from exports.run import run_job
from exports.texts import Text
from integrations.models import Authentication
from tests.exports.queries import a_draft, a_query, orders, posted, shop
from warehouse.engines.base import EngineUnavailable

pytestmark = pytest.mark.django_db
TRINO = "SELECT TD_TIME_FORMAT(paid_at, 'yyyy-MM-dd', 'JST') AS day, count(*) AS n FROM orders GROUP BY 1"
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path):
    settings.DATA_DIR = tmp_path


@pytest.fixture
def edit(as_user, editor):
    return as_user(editor)


def a_source(name="crm"):
    settings = {"host": "db.example", "port": 5432, "database": "crm", "user": "reader"}
    return Authentication.objects.create(name=name, connector_key="postgresql", settings=settings)


def url(name, *args):
    return reverse(f"exports:{name}", args=args)


def text(response):
    return response.content.decode()


def test_a_new_query_is_read_as_trino(edit):
    page = text(edit.get(url("query_new")))
    assert '<option value="trino" selected>Trino (TD-compatible)</option>' in page
    assert ">DuckDB SQL</option>" in page and ">Hive (TD-compatible)</option>" in page


def test_a_source_can_be_chosen_by_its_name(edit):
    source = a_source()
    assert f'<option value="source:{source.pk}">crm (PostgreSQL)</option>' in text(edit.get(url("query_new")))
    edit.post(url("query_create"), posted(engine=f"source:{source.pk}"))
    query = Query.objects.get()
    assert (query.engine, query.source) == (EngineType.SOURCE, source)


def test_the_chosen_source_is_shown_again(edit):
    source = a_source()
    query = a_query(engine=EngineType.SOURCE, source=source)
    assert f'<option value="source:{source.pk}" selected>' in text(edit.get(url("query", query.pk)))


@pytest.mark.parametrize("engine", ["oracle", "source:999", "source", ""])
def test_an_engine_that_does_not_exist_is_refused(edit, engine):
    response = edit.post(url("query_create"), posted(engine=engine))
    assert (response.status_code, Query.objects.count()) == (422, 0)


def test_a_destination_is_no_source(edit):
    line = Authentication.objects.create(name="line", connector_key="line_conversion")
    assert edit.post(url("query_create"), posted(engine=f"source:{line.pk}")).status_code == 422


def test_a_source_that_a_query_uses_is_not_deleted(as_user, admin):
    source = a_source()
    a_query(engine=EngineType.SOURCE, source=source)
    as_user(admin).post(reverse("integrations:delete", args=[source.pk]))
    assert Authentication.objects.filter(pk=source.pk).exists()


def test_the_job_runs_by_the_engine_of_its_query(edit, editor):
    orders(shop())
    query = a_query(editor, sql=TRINO, engine="trino")
    job = queries.run(queries.stored(query), query=query, user=editor)
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.engine, job.state, job.error, job.result_rows) == ("trino", "success", "", 1)
    assert "Trino (TD-compatible)" in text(edit.get(url("job", job.pk)))


def test_an_engine_is_part_of_the_version(edit, editor):
    query = a_query(editor)
    queries.update(query, a_draft(engine="hive"), base=1, user=editor)
    page = text(edit.get(url("query_version", query.pk, 2)))
    assert "<del>DuckDB SQL</del>" in page and "<ins>Hive (TD-compatible)</ins>" in page


def test_a_version_whose_source_is_gone_is_not_restored(editor):
    source = a_source()
    query = a_query(editor, engine=EngineType.SOURCE, source=source)
    queries.update(query, a_draft(), base=1, user=editor)
    source.delete()
    with pytest.raises(queries.NotPossible, match="The source crm of version 1 does not exist any more"):
        queries.restore(query, query.versions.get(number=1), user=editor)


def test_a_job_whose_source_is_gone_says_so():
    with pytest.raises(EngineUnavailable, match="does not exist any more"):
        engines.engine(EngineType.SOURCE, None)


def test_run_again_keeps_the_engine(edit, editor):
    orders(shop())
    job = queries.run(a_draft(engine="hive", sql="select 1 n"), query=None, user=editor)
    run_job(job.pk)
    edit.post(url("job_run_again", job.pk))
    assert list(Job.objects.values_list("engine", flat=True)) == ["hive", "hive"]


def test_the_translation_is_shown(edit):
    orders(shop())
    page = text(edit.post(url("query_translation"), posted(sql=TRINO, engine="trino"), headers=HTMX))
    assert "As it runs" in page and "strftime" in page.lower() and "TD_TIME_FORMAT" not in page


def test_what_cannot_be_translated_is_said_with_its_line(edit):
    orders(shop())
    sql = "SELECT\n  TD_IP_TO_COUNTRY_CODE('1.1.1.1') FROM orders"
    response = edit.post(url("query_translation"), posted(sql=sql, engine="trino"), headers=HTMX)
    assert (response.status_code, "Line 2" in text(response)) == (422, True)
    assert "TD_IP_TO_COUNTRY_CODE" in text(response)


def test_a_translation_needs_an_editor(as_user, viewer):
    assert as_user(viewer).post(url("query_translation"), posted()).status_code == 403


def test_a_preview_shows_what_would_be_written(edit):
    orders(shop())
    sql = "DROP TABLE IF EXISTS daily; CREATE TABLE daily AS SELECT order_uid FROM orders"
    page = text(edit.post(url("query_preview_new"), posted(sql=sql), headers=HTMX))
    assert "o-1" in page and not shop().tables.filter(name="daily").exists()


def test_a_preview_of_drop_table_has_nothing_to_show(edit):
    response = edit.post(url("query_preview_new"), posted(sql="drop table orders"), headers=HTMX)
    assert (response.status_code, "no rows to show" in text(response)) == (422, True)


def test_texts_that_run_elsewhere_are_other_texts():
    texts = {tuple(Text(shop(), "select 1", "UTC", engine).key) for engine in ("trino", "duckdb", "hive")}
    assert len(texts) == 3
