"""The plain loop: LINE's checks and JSON one row at a time, with re, hashlib and json, as users write it.

It gives the same events as the exporter, and refuses the same rows.
"""

import hashlib
import ipaddress
import json
import re

import pyarrow as pa

Refused = list[tuple[int, list]]
"""(number of the row in its batch, its faults)."""

DAY = 86400
WEB = ("url", "referrer", "ip_address", "user_agent", "title")
EVENT = ("deduplication_key", "event_type", "source_type", "event_timestamp", "event_name")
USER = ("phone", "email", "line_uid", "browser_id", "click_id", "ifa", "external_id")
REQUIRED = ("deduplication_key", "event_type", "source_type", "event_timestamp")

UUID = "[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
PHONE = r"\+[1-9][0-9]{6,14}"
EMAIL = r"[a-zA-Z0-9_!#$%&'*+/=?`{|}~^.-]+@[a-zA-Z0-9.-]+"
SHA256 = "[0-9a-fA-F]{64}"
SPACE = " \t\n\r\x0b\x0c"
PATTERNS = {
    "deduplication_key": "[0-9a-zA-Z_-]{1,256}",
    "event_type": "page_view|conversion",
    "source_type": "web",
    "event_name": "[A-Za-z0-9_-]{1,20}",
    "line_uid": "U[0-9a-f]{32}",
    "browser_id": UUID,
    "click_id": "[a-zA-Z0-9_-]+",
    "ifa": UUID,
    "external_id": "[0-9a-zA-Z_-]{1,512}",
}
LENGTHS = {"url": 2048, "referrer": 2048, "title": 1024}
MATCHES = {name: re.compile(pattern).fullmatch for name, pattern in PATTERNS.items()}
is_sha256, is_phone, is_email = (re.compile(pattern).fullmatch for pattern in (SHA256, PHONE, EMAIL))
is_url = re.compile("https?://.").match


def too_long(value: str, most: int) -> bool:
    """In UTF-16 units."""
    return 2 * len(value) > most and len(value.encode("utf-16-le")) > 2 * most


def hashed_phone(value: str) -> str | None:
    text = value.strip(SPACE)
    if is_sha256(text):
        return text.lower()
    text = re.sub("[ ()-]", "", text)
    return hashlib.sha256(text.encode()).hexdigest() if is_phone(text) else None


def hashed_email(value: str) -> str | None:
    text = value.strip(SPACE)
    if is_sha256(text):
        return text.lower()
    return hashlib.sha256(text.lower().encode()).hexdigest() if is_email(text) else None


HASHES = {"phone": hashed_phone, "email": hashed_email}


def encode(batch: pa.RecordBatch, now: int) -> tuple[bytes, Refused]:
    """→ (the request's body, the rows that are refused)."""
    events, refused = checked(batch, now)
    return json.dumps(events, ensure_ascii=False, separators=(",", ":")).encode(), refused


def checked(batch: pa.RecordBatch, now: int) -> tuple[list[dict], Refused]:
    """→ (the events, the rows that are refused)."""
    events, refused = [], []
    for number, row in enumerate(batch.to_pylist()):
        values = {name: value for name, value in row.items() if value is not None and value != ""}
        faults = faults_of(values, now)
        if faults:
            refused.append((number, faults))
        else:
            events.append(event_of(values))
    return events, refused


def faults_of(values: dict, now: int) -> list[tuple[str, str]]:
    """(field, what is wrong) for everything that is. Phone and email are hashed on the way."""
    faults = [(name, "is missing") for name in REQUIRED if name not in values]
    for name, matches in MATCHES.items():
        if name in values and (not matches(values[name]) or values[name] == "undefined"):
            faults.append((name, f"must be {PATTERNS[name]}"))
    for name, most in LENGTHS.items():
        if name in values and too_long(values[name], most):
            faults.append((name, f"has more than {most} characters"))
    for name, hashed in HASHES.items():
        if name in values:
            values[name] = hashed(values[name])
            if values[name] is None:
                faults.append((name, "cannot be hashed"))
    if "url" in values and not is_url(values["url"]):
        faults.append(("url", "must begin with http:// or https://"))
    if "ip_address" in values and not is_address(values["ip_address"]):
        faults.append(("ip_address", "must be an IP address"))
    if "event_timestamp" in values and not now - 90 * DAY <= values["event_timestamp"] <= now + DAY:
        faults.append(("event_timestamp", "is too old or too new"))
    if not any(name in values for name in USER):
        faults.append(("", "has no identifier"))
    return faults


def is_address(value: str) -> bool:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return "%" not in value


def event_of(values: dict) -> dict:
    web = {name: values[name] for name in WEB if name in values}
    event = {name: values[name] for name in EVENT if name in values}
    user = {name: values[name] for name in USER if name in values}
    return {"web": web, "event": event, "user": user} if web else {"event": event, "user": user}
