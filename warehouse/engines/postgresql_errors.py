"""PostgreSQL's errors, as ADBC hands them on, in words for users and with their place in the user's own text."""

from __future__ import annotations

import re
from typing import Any

from warehouse.engines.base import Cancelled, EngineError, EngineUnavailable, QueryFailed, QueryRejected
from warehouse.engines.sqlcheck import place_of

PREFIX = "COPY ("
"""What the driver puts before the text of a query that it runs."""

_POSITION, _PRIMARY = "PG_DIAG_STATEMENT_POSITION", "PG_DIAG_MESSAGE_PRIMARY"
_CANCELLED = "57014"
_GONE = ("08", "57P", "58")  # classes: connection, shut down or starting, the server's system
_BUSY = ("53300",)
_SERVERS = ("53", "XX", "F0")  # out of something, internal, broken configuration
# What a server says that is there and does not let us in; everything else may be better in a minute.
_NOT_LET_IN = re.compile(
    r"authentication failed|no pg_hba\.conf entry|does not exist|not permitted to log in|no password supplied"
    r"|unsupported startup parameter|SSL|certificate|invalid value for parameter|permission denied",
    re.IGNORECASE,
)


def while_connecting(error: Exception) -> EngineError:
    """The driver's text of a failed connection names host, user and database, never the password."""
    text = _plain(str(error))
    if _NOT_LET_IN.search(text):
        return QueryFailed(f"PostgreSQL does not let this connection in: {text}", user_error=False)
    return EngineUnavailable(f"PostgreSQL cannot be reached: {text}")


def while_binding(error: Exception, sql: str) -> EngineError:
    """The server read the query and would not run it."""
    state, message, position = _parts(error)
    if (other := _not_the_users(state, message)) is not None:
        return other
    line, column = place_of(sql, position)
    return QueryRejected(message, line=line, column=column)


def while_running(error: Exception, sql: str, before: int) -> EngineError:
    """The query broke off. before: how many characters stand before `sql` in the text that the server has."""
    state, message, position = _parts(error)
    if state == _CANCELLED:
        return Cancelled(f"PostgreSQL ended the query: {message}")
    if (other := _not_the_users(state, message)) is not None:
        return other
    line, column = place_of(sql, None if position is None else position - before)
    return QueryFailed(message, user_error=True, line=line, column=column)


def _not_the_users(state: str, message: str) -> EngineError | None:
    if not state and re.search(r"connection|server closed|could not (receive|send)", message, re.IGNORECASE):
        return EngineUnavailable(f"The connection to PostgreSQL was lost: {message}")
    if state.startswith(_GONE) or state in _BUSY:
        return EngineUnavailable(f"PostgreSQL is not available: {message}")
    if state.startswith(_SERVERS):
        return QueryFailed(f"PostgreSQL failed: {message}", user_error=False)
    return None


def _parts(error: Exception) -> tuple[str, str, int | None]:
    """(SQLSTATE or "", the message alone, the position of the character from 0)."""
    details = {key.decode(): value.decode(errors="replace") for key, value in _details(error)}
    message = details.get(_PRIMARY) or _plain(str(error))
    position = details.get(_POSITION, "")
    return getattr(error, "sqlstate", None) or "", message, int(position) - 1 if position.isdigit() else None


def _details(error: Any) -> list[tuple[bytes, bytes]]:
    pairs = getattr(error, "details", None) or []
    return [(_bytes(key), _bytes(value)) for key, value in pairs]


def _bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


def _plain(text: str) -> str:
    """The driver's text without its own words and without the query."""
    text = text.split("\n\nQuery was:")[0].split("\nLINE ")[0]
    text = re.sub(r"^([A-Z_]+: )?(\[libpq\] )?(Failed to connect: )?", "", text)
    text = re.sub(r"\.? SQLSTATE: \w+$", "", text)
    return " ".join(line.strip() for line in text.splitlines() if line.strip())
