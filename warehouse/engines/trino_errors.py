"""What the Trino client raises, in words for users and with its place in the user's own text."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress

import requests
from trino import exceptions as trino

from warehouse.engines.base import Cancelled, EngineError, EngineUnavailable, QueryFailed, QueryRejected

FROM_CLIENT = (trino.Error, trino.HttpError, requests.RequestException)

_CANCELLED = {"USER_CANCELED", "ADMINISTRATIVELY_KILLED", "ADMINISTRATIVELY_PREEMPTED"}
_LATER = {
    *("QUERY_QUEUE_FULL", "CLUSTER_OUT_OF_MEMORY", "SERVER_STARTING_UP", "SERVER_SHUTTING_DOWN", "ABANDONED_QUERY"),
    *("NO_NODES_AVAILABLE", "TOO_MANY_REQUESTS_FAILED", "REMOTE_HOST_GONE", "REMOTE_TASK_ERROR"),
}
_PLACE = re.compile(r"^line \d+:\d+: ")
_REFUSALS = {
    401: "It asks for other credentials (401). Check the user, and the password, token or key.",
    403: "It forbids access (403). Check what the user may do there.",
    404: "There is no Trino at this address (404). Check host and port.",
}


def while_binding(error: Exception, lines: int) -> EngineError:
    """The server read the query and would not run it. lines: how many stand before the user's own."""
    found = while_running(error, lines)
    if isinstance(found, QueryFailed) and found.user_error:
        return QueryRejected(found.message, line=found.line, column=found.column)
    return found


def while_running(error: Exception, lines: int) -> EngineError:
    """The query broke off, or the server could not be asked."""
    if isinstance(error, trino.TrinoQueryError):
        return _of_query(error, lines)
    if isinstance(error, trino.TrinoAuthError):
        return QueryFailed(f"Trino refused the sign-in: {error}", user_error=False)
    if isinstance(error, trino.HttpError):
        return _of_status(error)
    return _of_connection(error)


def ignoring(call: Callable[[], object]) -> None:
    """For a last request to end what may have ended already."""
    with suppress(*FROM_CLIENT):
        call()


def _of_query(error: trino.TrinoQueryError, lines: int) -> EngineError:
    message = _PLACE.sub("", error.message)
    if error.error_name in _CANCELLED:
        return Cancelled(f"Trino ended the query: {message}")
    if error.error_name in _LATER:
        return EngineUnavailable(f"Trino is not available: {message}")
    if error.error_type == "INSUFFICIENT_RESOURCES":
        return QueryFailed(f"Trino ended the query at a limit of the cluster: {message}", user_error=True)
    if error.error_type == "USER_ERROR":
        line, column = _place(error, lines)
        return QueryFailed(message, user_error=True, line=line, column=column)
    return QueryFailed(f"Trino failed: {message}", user_error=False, detail=str(error.error_name))


def _place(error: trino.TrinoQueryError, lines: int) -> tuple[int | None, int | None]:
    line, column = error.error_location or (0, 0)
    return (line - lines, column) if line > lines else (None, None)


def _of_status(error: Exception) -> EngineError:
    found = re.match(r"error (\d+)", str(error))
    status = int(found[1]) if found else 0
    if status in (429, 502, 503, 504):
        return EngineUnavailable(f"Trino is not available ({status}).", detail=str(error)[:500])
    says = _REFUSALS.get(status, f"It answered {status}, which is not known here.")
    return QueryFailed(f"Trino does not take the query. {says}", user_error=False, detail=str(error)[:500])


def _of_connection(error: Exception) -> EngineError:
    causes = [error, error.__cause__, error.__context__]
    text = " ".join(str(cause) for cause in causes if cause)
    if any(type(cause).__name__ == "Elsewhere" for cause in causes):
        message = "The server sends clients to another address. It is not followed: the credentials are for this one."
        return QueryFailed(message, user_error=False, detail=text[-500:])
    if "CERTIFICATE_VERIFY_FAILED" in text or any(isinstance(c, requests.exceptions.SSLError) for c in causes):
        message = "The TLS connection to Trino failed: its certificate or protocol is not trusted."
        return QueryFailed(message, user_error=False, detail=text[-500:])
    return EngineUnavailable(f"Trino cannot be reached. {_kind(text)}", detail=text[-500:])


def _kind(text: str) -> str:
    words = {
        "NameResolution": "Its name could not be resolved (DNS).",
        "Connection refused": "The connection was refused.",
        "timed out": "There was no answer in time.",
    }
    return next((says for sign, says in words.items() if sign in text), "The connection broke off.")
