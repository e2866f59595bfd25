"""A connection to a Trino coordinator that sends what it knows to this coordinator alone."""

from __future__ import annotations

import math
import re
import warnings
from typing import Any
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo

import requests
from requests.adapters import HTTPAdapter
from trino import constants
from trino.auth import Authentication, BasicAuthentication, JWTAuthentication
from trino.client import ClientSession, TrinoRequest

from warehouse.engines import trino_errors
from warehouse.engines.base import QueryFailed, QueryRejected

_TIMEOUT = (10, 60)  # seconds to connect, and without a byte; the server answers each request within seconds
_TRIES = 3
_MARGIN = 5  # seconds; our own time limit comes first, the server's is for when this process is gone
_QUERY_ID = re.compile(r"\w{1,100}")


class Elsewhere(requests.RequestException):
    """The server sent us to another host, or from https to http; the user's name may be a secret."""


class _OneServer(HTTPAdapter):
    """Sends nothing to another host than `home`, nor less securely, wherever answers and redirects point."""

    def __init__(self, home: SplitResult) -> None:
        super().__init__()
        self._home = home

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        wanted = urlsplit(str(request.url))
        if wanted.hostname != self._home.hostname or (self._home.scheme == "https" != wanted.scheme):
            raise Elsewhere(f"it points to {wanted.scheme}://{wanted.hostname}")
        return super().send(request, *args, **options)


def connect(job: dict[str, Any]) -> TrinoRequest:
    """What one query after the other can be asked through. Sends nothing yet.

    Raises EngineError for settings that do not go together.
    """
    settings = job["settings"]
    auth = _auth(settings)
    if auth and settings["scheme"] != "https":
        message = "A password or token is only sent by https. Choose https, or leave both blank."
        raise QueryFailed(message, user_error=False)
    return TrinoRequest(
        host=settings["host"],
        port=settings["port"],
        http_scheme=settings["scheme"],
        auth=auth,
        client_session=_session(job),
        http_session=_http(job),
        request_timeout=_TIMEOUT,
        max_attempts=_TRIES if job["mode"] == "query" else 1,
    )


def _session(job: dict[str, Any]) -> ClientSession:
    settings = job["settings"]
    return ClientSession(
        user=settings["user"],
        source="linecapi-console",
        catalog=settings["catalog"],
        schema=settings.get("schema") or None,
        properties=_limits(job),
        timezone=_known(job["time_zone"]),
        encoding=None,  # rows come from the coordinator itself, not from a storage that it points to
    )


def delete_query(job: dict[str, Any], query_id: str) -> bool:
    """Ask the server to end a query; False if it does not run. Raises EngineError."""
    settings = job["settings"]
    if not _QUERY_ID.fullmatch(query_id):
        return False
    session = _http(job)
    if auth := _auth(settings):
        auth.set_http_session(session)
    try:
        answer = session.delete(
            f"{_home(settings).geturl()}/v1/query/{query_id}",
            headers={constants.HEADER_USER: settings["user"]},
            timeout=_TIMEOUT,
        )
    except requests.RequestException as error:
        raise trino_errors.while_running(error, 0) from error
    return answer.status_code in (200, 204)


def _http(job: dict[str, Any]) -> requests.Session:
    """A session that takes neither proxy nor credentials from the environment."""
    settings = job["settings"]
    session = requests.Session()
    session.trust_env = False
    session.verify = job["authorities"] if settings.get("verify") is not False else False
    if not session.verify:
        warnings.simplefilter("ignore")
    for scheme in ("https://", "http://"):
        session.mount(scheme, _OneServer(_home(settings)))
    return session


def _home(settings: dict[str, Any]) -> SplitResult:
    return urlsplit(f"{settings['scheme']}://{settings['host']}:{settings['port']}")


def _auth(settings: dict[str, Any]) -> Authentication | None:
    if settings.get("token"):
        return JWTAuthentication(settings["token"])
    if settings.get("password"):
        return BasicAuthentication(settings["user"], settings["password"])
    return None


def _limits(job: dict[str, Any]) -> dict[str, str]:
    if job["settings"].get("server_limits") is False:
        return {}
    seconds = f"{math.ceil(job['seconds'] + _MARGIN)}s"
    return {"query_max_run_time": seconds, "query_max_execution_time": seconds}


def _known(time_zone: str) -> str:
    try:
        ZoneInfo(time_zone)
    except (KeyError, ValueError, OSError) as error:
        raise QueryRejected(f'There is no time zone "{time_zone}".') from error
    return time_zone
