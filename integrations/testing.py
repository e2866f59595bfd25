"""*Test connection* and *Send a test event*: one request, and what its answer means in words."""

import json
import socket
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import requests

from integrations.declared import Source
from integrations.spec import Answer, Connector
from warehouse.engines.base import EngineError, EngineUnavailable

LONGEST_WAIT = 15  # seconds; a person is waiting
TEST_PERSON = "linecapi-console-test"
LATER = "Nothing is wrong with the credentials as far as this tells. Test again in a few minutes."


@dataclass(frozen=True)
class Verdict:
    """What a test came to. `status` is None when there was no answer; `milliseconds` until the answer."""

    ok: bool
    what: str
    do: str = ""
    status: int | None = None
    milliseconds: int = 0

    @property
    def says(self) -> str:
        return f"{self.what} {self.do}".strip()


def http_session() -> requests.Session:
    """A session that takes neither proxy nor credentials from the environment."""
    session = requests.Session()
    session.trust_env = False
    return session


def check_credentials(
    connector: Connector, settings: Mapping[str, Any], *, base_url: str, http: requests.Session
) -> Verdict:
    """Post an empty list: it holds no event to count, yet the destination looks at the token first.

    `settings` hold the secrets too. Both "received" and "not valid" mean that the token was let in.
    """
    sent = _post(connector, settings, [], base_url=base_url, http=http)
    if isinstance(sent, Verdict):
        return sent
    status, milliseconds = sent
    if connector.answer(status) in (Answer.ACCEPTED, Answer.DIVIDE):
        does = f"{connector.name} answered in {milliseconds:,} ms. No event was sent."
        return Verdict(True, "Credentials accepted.", does, status, milliseconds)
    return _refusal(connector, status, milliseconds)


def check_source(source: Source, settings: Mapping[str, Any]) -> Verdict:
    """Sign in at a source. `settings` hold the secrets too. No table is read."""
    started = time.monotonic()
    try:
        says = source.engine(source.filled(settings)).test()
    except EngineUnavailable as error:
        return Verdict(False, error.message, "Check the address, and that nothing between here and there blocks it.")
    except EngineError as error:
        return Verdict(False, error.message)
    return Verdict(True, says, milliseconds=round((time.monotonic() - started) * 1000))


def send_test_event(
    connector: Connector, settings: Mapping[str, Any], *, key: str, now: int, base_url: str, http: requests.Session
) -> Verdict:
    """Send the connector's test event with the deduplication key `key`, as of `now` (UNIX seconds)."""
    event = build_test_event(connector, key=key, now=now)
    sent = _post(connector, settings, [event], base_url=base_url, http=http)
    if isinstance(sent, Verdict):
        return sent
    status, milliseconds = sent
    if connector.answer(status) is Answer.ACCEPTED:
        return Verdict(True, "The test event was received.", "", status, milliseconds)
    return _refusal(connector, status, milliseconds)


def build_test_event(connector: Connector, *, key: str, now: int) -> dict[str, dict[str, Any]]:
    """The connector's `test_event`, with what must be fresh in each: its key, its time, and one identifier."""
    event = {part: dict(values) for part, values in connector.test_event.items()}
    fresh = {"deduplication_key": key, "event_timestamp": now, "external_id": TEST_PERSON}
    for name, value in fresh.items():
        event.setdefault(connector.field(name).part, {})[name] = value
    return {part: event[part] for part in connector.parts if part in event}


def _post(
    connector: Connector, settings: Mapping[str, Any], events: list[Any], *, base_url: str, http: requests.Session
) -> tuple[int, int] | Verdict:
    """The status code and the milliseconds until it came, or the verdict that there was no answer."""
    fields = {name for event in events for part in event.values() for name in part}
    started = time.monotonic()
    try:
        answer = http.post(
            connector.url(base_url, settings),
            data=json.dumps(events).encode(),
            headers=connector.request_headers(settings, fields),
            timeout=min(settings.get("connection_timeout") or LONGEST_WAIT, LONGEST_WAIT),
            allow_redirects=False,
            stream=True,
        )
    except requests.RequestException as error:
        return Verdict(False, f"{connector.unreachable.what} {_kind(error)}", connector.unreachable.do)
    answer.close()
    return answer.status_code, round((time.monotonic() - started) * 1000)


def _refusal(connector: Connector, status: int, milliseconds: int) -> Verdict:
    advice = connector.says(status)
    answer = connector.answer(status)
    if answer in (Answer.RETRY, Answer.WAIT):
        return Verdict(False, _answered(connector, status), LATER, status, milliseconds)
    if answer is Answer.UNDOCUMENTED:
        what = f"{_answered(connector, status)} Its documentation does not know this answer."
        do = "Something between this server and it may have answered instead: look at proxies and firewalls."
        return Verdict(False, what, do, status, milliseconds)
    return Verdict(False, advice.what, advice.do, status, milliseconds)


def _answered(connector: Connector, status: int) -> str:
    known = status in HTTPStatus._value2member_map_
    return f"{connector.name} answered {status}{f' ({HTTPStatus(status).phrase})' if known else ''}."


# --- why there is no answer ---------------------------------------------------------------------------------------


def _kind(error: requests.RequestException) -> str:
    """The kind of failure in words, without the address: that holds the tag."""
    if isinstance(error, requests.exceptions.SSLError):
        return "The TLS connection failed: its certificate or protocol is not trusted."
    if isinstance(error, requests.Timeout):
        return "There was no answer in time (timeout)."
    causes = list(_causes(error))
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return "Its name could not be resolved (DNS)."
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return "The connection was refused."
    if isinstance(error, ValueError):
        return "The address that is configured for it is not valid."
    return "The connection broke off."


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what lies under it: requests and urllib3 wrap in `args`, `reason` and `__context__`."""
    seen: list[BaseException] = []
    waiting: list[Any] = [error]
    while waiting:
        cause = waiting.pop()
        if isinstance(cause, BaseException) and cause not in seen:
            seen.append(cause)
            yield cause
            waiting += [*cause.args, getattr(cause, "reason", None), cause.__cause__, cause.__context__]
