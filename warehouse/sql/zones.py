"""Time zones as Treasure Data names them."""

from __future__ import annotations

import functools
import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from warehouse.sql.refused import refuse

# Java's short names (java.time.ZoneId.SHORT_IDS) and the summer ones that Treasure Data adds.
# BST and a few others are left out: Java takes them for places that nobody means.
_SHORT = {
    "UTC": "UTC",
    "GMT": "UTC",
    "Z": "UTC",
    "JST": "Asia/Tokyo",
    "PST": "America/Los_Angeles",
    "CST": "America/Chicago",
    "ECT": "Europe/Paris",
    "IST": "Asia/Kolkata",
    "CTT": "Asia/Shanghai",
    "AET": "Australia/Sydney",
    "CET": "CET",
    "EST": "Etc/GMT+5",
    "MST": "Etc/GMT+7",
    "HST": "Etc/GMT+10",
    "PDT": "Etc/GMT+7",
    "MDT": "Etc/GMT+6",
    "CDT": "Etc/GMT+5",
    "EDT": "Etc/GMT+4",
}
_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2}):?(\d\d)?")
# Offsets that are no whole hours, by a zone that has kept them since long.
_ODD_OFFSETS = {
    "+03:30": "Asia/Tehran",
    "+04:30": "Asia/Kabul",
    "+05:30": "Asia/Kolkata",
    "+05:45": "Asia/Kathmandu",
    "+06:30": "Asia/Yangon",
    "+09:30": "Australia/Darwin",
}


@functools.cache
def zone_named(name: str) -> ZoneInfo:
    """The zone that a user's text names: JST, Asia/Tokyo, +09:00. Refused if there is none."""
    text = name.strip()
    key = _SHORT.get(text.upper()) or _of_offset(text) or text
    try:
        return ZoneInfo(key)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        refuse(f'There is no time zone "{name}". Write a name such as Asia/Tokyo, or UTC, JST, PST, PDT.')


def _of_offset(text: str) -> str | None:
    found = _OFFSET.fullmatch(text)
    if not found:
        return None
    sign, hours, minutes = found[1], int(found[2]), found[3] or "00"
    if minutes != "00":
        return _ODD_OFFSETS.get(f"{sign}{hours:02}:{minutes}")
    # The Etc zones count westwards.
    return "UTC" if hours == 0 else f"Etc/GMT{'-' if sign == '+' else '+'}{hours}"


@functools.cache
def steady(key: str) -> bool:
    """Whether the zone's clocks were never set back since 1970, so that each wall time is one moment."""
    zone, start = ZoneInfo(key), datetime(1970, 1, 1, tzinfo=UTC)
    offsets = {(start + timedelta(days=step)).astimezone(zone).utcoffset() for step in range(0, 29_000, 20)}
    return len(offsets) == 1


def abbreviations(zone: ZoneInfo) -> dict[int, str]:
    """What the zone is called at each of its offsets (in seconds) since 1970."""
    names: dict[int, str] = {}
    start = datetime(1970, 1, 1, tzinfo=UTC)
    for step in range(0, 29_000, 20):
        local = (start + timedelta(days=step)).astimezone(zone)
        offset, name = int((local.utcoffset() or timedelta()).total_seconds()), local.tzname() or ""
        if names.setdefault(offset, name) != name:
            refuse(f'"z" cannot be written for the zone {zone.key}, which had several names. Write Z for the offset.')
    if any(not name.isalpha() for name in names.values()):
        refuse(f'The zone {zone.key} has no short name. Write Z instead of "z" for the offset.')
    return names
