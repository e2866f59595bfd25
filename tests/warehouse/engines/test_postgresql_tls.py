"""Connections by TCP: what each TLS mode asks of a server."""

import shutil
import socket
from pathlib import Path

import psycopg
import pytest

from tests.on_postgresql import server
from tests.sources import certificate
from warehouse.engines.base import QueryFailed
from warehouse.engines.postgresql import PostgreSQLEngine


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


@pytest.fixture(scope="module")
def by_tcp():
    """(the settings, the folder of the data) of a server that has no TLS yet."""
    port = free_port()
    with server(f"-c listen_addresses=127.0.0.1 -p {port}") as url:
        folder = url.split("host=")[1]
        with psycopg.connect(host=folder, port=port, user="test", dbname="postgres", autocommit=True) as admin:
            admin.execute("CREATE ROLE reader LOGIN")
            yield {"host": "127.0.0.1", "port": str(port), "database": "postgres", "user": "reader"}, admin, folder


@pytest.fixture(scope="module")
def with_tls(by_tcp):
    settings, admin, folder = by_tcp
    data = Path(folder, "data")
    for path in certificate(data):
        shutil.chown(path, data.owner())
    admin.execute("ALTER SYSTEM SET ssl = on")
    admin.execute("SELECT pg_reload_conf()")
    return settings, data / "server.crt"


def ask(settings, mode):
    return PostgreSQLEngine({**settings, "sslmode": mode}).test()


def test_without_tls_on_the_server_it_must_be_switched_off(by_tcp):
    settings, *_ = by_tcp
    assert "answered" in ask(settings, "disable") and "answered" in ask(settings, "prefer")
    with pytest.raises(QueryFailed, match="server does not support SSL"):
        ask(settings, "require")


def test_tls_is_required_unless_said_otherwise(with_tls):
    settings, _ = with_tls
    assert "answered" in ask(settings, "require") and "answered" in ask(settings, None)


def test_a_certificate_is_only_trusted_with_its_authority(with_tls, monkeypatch):
    settings, authority = with_tls
    with pytest.raises(QueryFailed, match="certificate verify failed"):
        ask(settings, "verify-full")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    assert "answered" in ask(settings, "verify-full")
