"""Times as Treasure Data's clients read them."""

from datetime import UTC, datetime


def utc(moment: datetime | None) -> str:
    """2026-11-30 14:00:00 UTC, as in jobs, databases and tables; "" for none."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if moment else ""


def iso(moment: datetime | None) -> str | None:
    """2026-11-30T14:00:00Z, as in schedules; None for none: Ruby's client fails at an empty text."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if moment else None
