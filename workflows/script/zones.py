"""Time zones by name, and what instant a wall clock means."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo


class ZoneError(ValueError):
    """There is no such zone; the text says what is allowed."""


def zone_of(name: Any) -> ZoneInfo:
    """Raises ZoneError, whose text has no full stop."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, TypeError, LookupError, AttributeError):
        raise ZoneError(f"{str(name)[:80]} is no time zone. Allowed are names such as Asia/Tokyo") from None


def instant_of(wall: datetime, zone: ZoneInfo, *, fold: int = 0) -> datetime:
    """When a clock of the zone shows `wall` (naive), in UTC.

    fold: 0 or 1, which of two such times. A time that the clock leaves out is moved on by as much as the clock is.
    """
    instant = wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == wall:
        return instant
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
