"""Times that clients send as text."""

from datetime import UTC, datetime

from api.errors import invalid
from workflows.script.zones import ZoneError, instant_of, zone_of


def moment(name: str, text: str, timezone: str = "UTC") -> datetime:
    """What ISO 8601 says, in UTC; without a zone it is a wall clock of `timezone`. Raises ApiError 422."""
    try:
        found = datetime.fromisoformat(text)
        if not 1970 <= found.year < 9000:  # with others nobody can reckon
            raise ValueError
        return found.astimezone(UTC) if found.tzinfo else instant_of(found, zone_of(timezone))
    except (ValueError, OverflowError, ZoneError) as error:
        raise invalid(name, "must be a time such as 2026-11-30T15:00:00Z") from error
