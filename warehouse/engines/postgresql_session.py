"""A read-only session on PostgreSQL, and which roles may have one."""

from __future__ import annotations

import math
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import adbc_driver_postgresql.dbapi as adbc

from warehouse.engines import postgresql_errors
from warehouse.engines.base import QueryFailed, QueryRejected
from warehouse.engines.postgresql import READ_ONLY_ROLE

CONNECT_SECONDS = 10
_MARGIN = 5  # seconds; our own time limit comes first, the server's is for when this process is gone

_ROLE = """
SELECT current_setting('server_version') AS version, session_user::text AS name,
  current_setting('transaction_read_only') AS read_only,
  (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = session_user) AS superuser,
  (SELECT rolname::text FROM pg_catalog.pg_roles
   WHERE (rolsuper OR rolname IN ('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files'))
     AND pg_catalog.pg_has_role(session_user, oid, 'MEMBER')
   ORDER BY rolname <> session_user, rolname LIMIT 1) AS danger,
  EXISTS (SELECT 1 FROM pg_catalog.pg_class WHERE relkind IN ('r', 'p')
     AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
     AND pg_catalog.has_table_privilege(oid, 'INSERT, UPDATE, DELETE, TRUNCATE')) AS writes
"""
# Where the server knows it (from 14 on), it ends a query whose client is gone instead of finishing it for nobody.
_WATCH_CLIENT = (
    "SELECT pg_catalog.set_config(name, '2s', false) FROM pg_catalog.pg_settings "
    "WHERE name = 'client_connection_check_interval'"
)


@dataclass(frozen=True)
class Admitted:
    """A session that may run queries."""

    version: str
    user: str
    writes: bool

    @property
    def says(self) -> str:
        may = "The role may also write; sessions are read-only all the same." if self.writes else "The role only reads."
        return f'PostgreSQL {self.version} answered; signed in as "{self.user}". {may}'


def connect(job: dict[str, Any]) -> Any:
    """A connection of the ADBC driver whose transactions are all read-only. Raises EngineError."""
    options = {
        "default_transaction_read_only": "on",
        "standard_conforming_strings": "on",  # sqlglot reads texts so
        "statement_timeout": str(math.ceil(job["seconds"] + _MARGIN) * 1000),
        "idle_in_transaction_session_timeout": "60000",
        "TimeZone": _known(job["time_zone"]),
    }
    try:
        connection = adbc.connect(_dsn(job["settings"], options, job["authorities"]), autocommit=True)
    except adbc.Error as error:
        raise postgresql_errors.while_connecting(error) from None
    # A server on another system than Linux may know the name and refuse it.
    with suppress(adbc.Error), connection.cursor() as cursor:
        cursor.execute(_WATCH_CLIENT)
        cursor.fetchall()
    return connection


def admit(connection: Any) -> Admitted:
    """Refuse roles that reach further than tables, and sessions that are not read-only. Raises QueryFailed."""
    with connection.cursor() as cursor:
        try:
            cursor.execute(_ROLE)
            found = cursor.fetch_arrow_table().to_pylist()[0]
        except adbc.Error as error:
            raise postgresql_errors.while_running(error, "", 0) from error
    if found["danger"]:
        raise QueryFailed(_refusal(found), user_error=False)
    if found["read_only"] != "on":
        message = "The session is not read-only: something between here and the server drops session options."
        raise QueryFailed(f"{message} Connect to PostgreSQL itself, not to a pooler.", user_error=False)
    return Admitted(found["version"], found["name"], found["writes"])


def _refusal(found: dict[str, Any]) -> str:
    name, danger = found["name"], found["danger"]
    what = "is a superuser" if found["superuser"] else f'is a member of "{danger}"'
    return (
        f'The role "{name}" {what} and could reach files and programs of the database server. '
        f"Use a role that only reads. An administrator of the database makes one so: {' '.join(READ_ONLY_ROLE)}"
    )


def _dsn(settings: dict[str, Any], options: dict[str, str], authorities: str) -> str:
    given = {
        "host": settings["host"],
        "port": settings.get("port") or 5432,
        "dbname": settings["database"],
        "user": settings["user"],
        "password": settings.get("password") or "",
        "sslmode": settings.get("sslmode") or "require",
        "sslrootcert": authorities if settings.get("sslmode") == "verify-full" else "",
        "application_name": "Linecapi Console",
        "connect_timeout": CONNECT_SECONDS,
        # The account that this server runs under may have files with other passwords and certificates.
        "passfile": os.devnull,
        "sslcertmode": "disable",
        "options": " ".join(f"-c {name}={value}" for name, value in options.items()),
    }
    return " ".join(f"{name}={_literal(str(value))}" for name, value in given.items() if value != "")


def _literal(value: str) -> str:
    """As libpq reads it."""
    return "'" + re.sub(r"(['\\])", r"\\\1", value) + "'"


def _known(time_zone: str) -> str:
    try:
        ZoneInfo(time_zone)
    except (KeyError, ValueError, OSError) as error:
        raise QueryRejected(f'There is no time zone "{time_zone}".') from error
    return time_zone
