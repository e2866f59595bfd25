"""The same promises against a real Trino: TRINO_URL=http://user@host:8080/catalog[/schema]."""

import os
from urllib.parse import unquote, urlsplit

import pytest

from warehouse.engines.base import LimitExceeded, Limits, QueryFailed, QueryRejected
from warehouse.engines.trino import TrinoEngine

pytestmark = [
    pytest.mark.real_trino,
    pytest.mark.skipif("TRINO_URL" not in os.environ, reason="TRINO_URL names no server"),
]


@pytest.fixture
def engine():
    url = urlsplit(os.environ["TRINO_URL"])
    catalog, _, schema = url.path.strip("/").partition("/")
    settings = {"scheme": url.scheme, "host": url.hostname, "port": url.port, "user": unquote(url.username or "test")}
    return TrinoEngine({**settings, "password": unquote(url.password or ""), "catalog": catalog, "schema": schema})


@pytest.fixture
def rows(engine, tmp_path):
    def run(sql, seconds=60, **options):
        limits = Limits(seconds=seconds)
        with engine.run(sql, tables={}, database="", limits=limits, workdir=tmp_path, **options) as result:
            return [tuple(row.values()) for batch in result for row in batch.to_pylist()]

    return run


def test_it_answers(engine):
    assert "answered" in engine.test()


def test_rows_come_in_order(rows):
    assert rows("SELECT * FROM (VALUES 3, NULL, 1) AS t (a)", order_by="a") == [(1,), (3,), (None,)]


def test_errors_have_their_place(rows):
    with pytest.raises(QueryRejected) as caught:
        rows("SELECT 1,\n nothing")
    assert (caught.value.line, caught.value.column) == (2, 2)


def test_an_error_among_the_rows_is_the_user_s(rows):
    with pytest.raises(QueryFailed) as caught:
        rows("SELECT 1 / (a - a) AS b FROM (VALUES 1) AS t (a)")
    assert caught.value.user_error


def test_the_time_limit_holds(rows):
    with pytest.raises(LimitExceeded):
        rows(
            "SELECT count(*) AS n FROM UNNEST(sequence(1, 10000)) a, UNNEST(sequence(1, 10000)) b,"
            " UNNEST(sequence(1, 10000)) c",
            seconds=5,
        )
