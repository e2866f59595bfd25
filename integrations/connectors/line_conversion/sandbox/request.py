"""What LINE takes as one request: its headers and its body, a JSON array of events."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from email.message import Message

from .events import Event, problem

MOST_EVENTS = 100_000
MOST_BYTES = 300_000_000


class Refused(Exception):
    """The request is answered with `status`, and nothing of it is kept.

    `reason` and `index` (which event, from 0) are for developers: LINE itself answers with the status alone.
    """

    def __init__(self, status: int, reason: str, index: int | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.index = index


def body_length(headers: Message) -> int:
    """The length of the body in bytes. Raises `Refused` when it is not given, or too large to be read at all."""
    if headers.get_all("Transfer-Encoding"):
        raise Refused(400, "Transfer-Encoding is not taken: send the whole body with a Content-Length")
    lengths = headers.get_all("Content-Length") or []
    if len(lengths) != 1 or not re.fullmatch("[0-9]{1,18}", lengths[0], re.ASCII):
        raise Refused(400, "exactly one Content-Length is required")
    if int(lengths[0]) > MOST_BYTES:
        raise Refused(400, f"the body is over {MOST_BYTES} bytes")
    return int(lengths[0])


def judge(tag: str, headers: Message, body: bytes, *, tags: Mapping[str, str], now: float) -> list[Event]:
    """The events of a request that LINE would answer 202. Raises `Refused` at the first thing that is wrong.

    `tags` has the token of each tag; `now` is when the request arrived, in epoch seconds.
    """
    _check_token(headers.get_all("X-Line-TagAccessToken") or [], tags.get(tag))
    _check_content(headers)
    channel = _channel(headers.get_all("X-Line-ChannelID") or [])
    events = _parse(body)
    for index, event in enumerate(events):
        reason = problem(event, now=now, has_channel=channel is not None)
        if reason:
            raise Refused(400, reason, index)
    return events


def _check_token(sent: list[str], token: str | None) -> None:
    if token is None:
        raise Refused(401, "no such tag")
    if len(sent) != 1:
        raise Refused(401, "exactly one X-Line-TagAccessToken is required")
    if sent[0].startswith("Bearer "):
        raise Refused(401, "the token goes without 'Bearer '")
    if sent[0] != token:
        raise Refused(401, "this is not the tag's token")


def _check_content(headers: Message) -> None:
    if "Content-Encoding" in headers:
        raise Refused(400, "Content-Encoding is not taken")
    kind = str(headers.get("Content-Type", "")).replace(" ", "").lower()
    if kind not in ("application/json", "application/json;charset=utf-8"):
        raise Refused(400, "Content-Type must be application/json")


def _channel(sent: list[str]) -> str | None:
    if not sent:
        return None
    if len(sent) != 1 or not re.fullmatch("[0-9]+", sent[0], re.ASCII):
        raise Refused(400, "X-Line-ChannelID must match [0-9]+")
    return sent[0]


def _parse(body: bytes) -> list[Event]:
    try:
        events = json.loads(body.decode(), parse_constant=_no_constant, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise Refused(400, f"not JSON: {type(error).__name__}") from error
    if not isinstance(events, list):
        raise Refused(400, "the body must be an array")
    if not events:
        # LINE does not say what an empty array gets. A sender has no reason to send one.
        raise Refused(400, "the array is empty")
    if len(events) > MOST_EVENTS:
        raise Refused(400, f"over {MOST_EVENTS} events")
    return events


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("a key is there twice")
    return values
