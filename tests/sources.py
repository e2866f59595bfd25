"""Other people's databases for the tests: a PostgreSQL server of our own, and a stand-in for Trino."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

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


def certificate(folder):
    """A certificate for 127.0.0.1 that only those trust who have it: the paths of (certificate, key)."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    paths = (Path(folder, "server.crt"), Path(folder, "server.key"))
    for path, content in zip(paths, (made.public_bytes(serialization.Encoding.PEM), private), strict=True):
        path.touch(mode=0o600)
        path.write_bytes(content)
    return paths


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
