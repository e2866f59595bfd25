"""Other people's databases for the tests: a PostgreSQL server of our own, and a stand-in for Trino."""

from pathlib import Path

import psycopg
import pytest

from tests.on_postgresql import server
from tests.warehouse.engines.fake_trino import FakeTrino

PASSWORD = "sesame-open-0123"

_SETUP = f"""
CREATE ROLE reader LOGIN PASSWORD '{PASSWORD}';
CREATE ROLE locked LOGIN PASSWORD '{PASSWORD}';
CREATE ROLE writer LOGIN;
CREATE ROLE files; GRANT pg_read_server_files TO files;
CREATE ROLE borrower LOGIN NOINHERIT; GRANT files TO borrower;
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE numbers AS SELECT i AS n, 'x' || i AS t FROM generate_series(1, 50000) i;
CREATE TABLE notes (n int);
CREATE SCHEMA sales; CREATE TABLE sales.notes (n int, t uuid);
GRANT USAGE ON SCHEMA sales TO PUBLIC;
GRANT SELECT ON numbers, notes, sales.notes TO PUBLIC;
GRANT INSERT ON notes TO writer;
"""


class PostgreSQL:
    """A running server with a few roles and tables; `folder` holds its socket and its data."""

    def __init__(self, url):
        self.folder = url.split("host=")[1]
        self.admin = psycopg.connect(host=self.folder, user="test", dbname="postgres", autocommit=True)
        self.admin.execute(_SETUP)
        access = Path(self.folder, "data/pg_hba.conf")
        access.write_text("local all locked scram-sha-256\n" + access.read_text())
        self.admin.execute("SELECT pg_reload_conf()")

    def settings(self, **changes):
        """What an authentication of this server holds."""
        mine = {"host": self.folder, "port": 5432, "database": "postgres", "user": "reader", "password": PASSWORD}
        return {**mine, "sslmode": "disable", **changes}

    def running(self, text):
        """How many queries of the reader are running that have this text in them."""
        sql = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'reader' AND state = 'active' AND query LIKE %s"
        return self.admin.execute(sql, [f"%{text}%"]).fetchone()[0]


@pytest.fixture(scope="session")
def postgresql():
    with server() as url:
        found = PostgreSQL(url)
        yield found
        found.admin.close()


@pytest.fixture
def fake_trino():
    found = FakeTrino()
    yield found
    found.close()
