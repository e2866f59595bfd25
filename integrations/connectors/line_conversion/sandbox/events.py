"""What LINE takes as one event.

Source: https://conversion-api-docs.linebiz.com/en/. Where the reference is silent the strict answer is given: unknown
keys, nulls and anything empty (string, list, object) are refused, and so is text with lone surrogates.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable

Event = dict[str, dict[str, object]]
Check = Callable[[object], str | None]  # a JSON value -> what is wrong with it, or None

PAST = 90 * 86_400  # seconds before arrival
FUTURE = 86_400  # seconds after arrival
LARGEST = 2_147_483_647


def problem(event: object, *, now: float, has_channel: bool) -> str | None:
    """What is wrong with `event`, as JSON gave it, when it arrives at `now` (epoch seconds); None if nothing is.

    `has_channel`: the request has an X-Line-ChannelID. The answer names the key and the rule, never the value.
    """
    if not isinstance(event, dict):
        return "an event must be an object"
    return (
        _objects_problem(event)
        or next(filter(None, (_keys_problem(name, event[name]) for name in event)), None)
        or _time_problem(event["event"]["event_timestamp"], now)
        or _channel_problem(event["user"], has_channel)
    )


def has_user(event: Event) -> bool:
    """Whether LINE can tie the event to anybody; it drops the others without a word."""
    return bool(event["user"])


def _objects_problem(event: dict[str, object]) -> str | None:
    for name, value in event.items():
        if name not in KEYS:
            return f"unknown object {name[:40]!r}"
        if not isinstance(value, dict):
            return f"{name}: must be an object"
        if not value and name != "user":
            return f"{name}: is empty, leave it out"
    missing = [name for name in ("event", "user") if name not in event]
    return f"{missing[0]}: this object is required" if missing else None


def _keys_problem(name: str, values: dict[str, object]) -> str | None:
    checks = KEYS[name]
    for key, value in values.items():
        if key not in checks:
            return f"{name}: unknown key {key[:40]!r}"
        wrong = "is null or empty, leave it out" if value is None or value in ("", [], {}) else checks[key](value)
        if wrong:
            return f"{name}.{key}: {wrong}"
    missing = [key for key in REQUIRED.get(name, ()) if key not in values]
    return f"{name}.{missing[0]}: is required" if missing else None


def _time_problem(timestamp: object, now: float) -> str | None:
    if not isinstance(timestamp, int) or timestamp < now - PAST:
        return "event.event_timestamp: more than 90 days before arrival"
    if timestamp > now + FUTURE:
        return "event.event_timestamp: more than 24 hours after arrival"
    return None


def _channel_problem(user: dict[str, object], has_channel: bool) -> str | None:
    if "line_uid" in user and not has_channel:
        return "user.line_uid: needs the X-Line-ChannelID header"
    return None


def _pattern(expression: str, *, not_undefined: bool = False) -> Check:
    matches = re.compile(expression, re.ASCII).fullmatch

    def check(value: object) -> str | None:
        if not isinstance(value, str):
            return "must be a string"
        if not_undefined and value == "undefined":
            return "'undefined' counts as not sent"
        return None if matches(value) else f"must match {expression}"

    return check


def _text(limit: int | None = None) -> Check:
    def check(value: object) -> str | None:
        if not isinstance(value, str):
            return "must be a string"
        units = _utf16_units(value)
        if units is None:
            return "is not valid Unicode"
        return f"is longer than {limit} characters" if limit is not None and units > limit else None

    return check


def _utf16_units(text: str) -> int | None:
    if text.isascii():
        return len(text)
    try:
        return len(text.encode("utf-16-le")) // 2
    except UnicodeEncodeError:
        return None


def _url(value: object) -> str | None:
    wrong = _text(2048)(value)
    if wrong or not isinstance(value, str):
        return wrong
    return None if re.match("https?://.", value) else "must begin with http:// or https://"


def _address(value: object) -> str | None:
    if not isinstance(value, str):
        return "must be a string"
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return "must be an IPv4 or IPv6 address"
    return "must have no zone" if "%" in value else None


def _boolean(value: object) -> str | None:
    return None if isinstance(value, bool) else "must be a boolean"


def _timestamp(value: object) -> str | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return "must be an integer"
    return None if value > 0 else "must be above 0"


def _number(*kinds: type) -> Check:
    def check(value: object) -> str | None:
        if not isinstance(value, int | float) or type(value) not in kinds:
            return "must be an integer" if kinds == (int,) else "must be a number"
        return None if 0 <= value <= LARGEST else f"must be within 0..{LARGEST}"

    return check


def _strings(most: int) -> Check:
    def check(value: object) -> str | None:
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            return "must be a list of strings that are not empty"
        if any(_utf16_units(item) is None for item in value):
            return "is not valid Unicode"
        return f"has more than {most} entries" if len(value) > most else None

    return check


_UUID = "[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
_SHA256 = "[0-9a-f]{64}"

KEYS: dict[str, dict[str, Check]] = {
    "event": {
        "deduplication_key": _pattern(r"[0-9a-zA-Z\-_]{1,256}", not_undefined=True),
        "event_type": _pattern("page_view|conversion"),
        "event_name": _pattern(r"[A-Za-z0-9_\-]{1,20}"),
        "source_type": _pattern("web"),
        "event_timestamp": _timestamp,
        "test_flag": _boolean,
    },
    "web": {
        "url": _url,
        "referrer": _text(2048),
        "title": _text(1024),
        "user_agent": _text(),
        "ip_address": _address,
    },
    "user": {
        "line_uid": _pattern("U[0-9a-f]{32}"),
        "click_id": _pattern(r"[a-zA-Z0-9\-_]+"),
        "browser_id": _pattern(_UUID),
        "ifa": _pattern(_UUID),
        "external_id": _pattern(r"[0-9a-zA-Z\-_]{1,512}", not_undefined=True),
        "phone": _pattern(_SHA256),
        "email": _pattern(_SHA256),
    },
    "custom": {
        "value": _number(int, float),
        "currency": _pattern("[A-Z]{3}"),
        "quantity": _number(int),
        "item_ids": _strings(100),
        "keywords": _strings(10),
        "category": _text(300),
    },
}

REQUIRED = {"event": ("deduplication_key", "event_type", "source_type", "event_timestamp")}
