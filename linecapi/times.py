import re
from datetime import UTC, datetime
from typing import Any

LATEST = 253_402_300_799  # the last second of the year 9999


def moment(value: Any) -> datetime:
    """The same as a time in UTC. Raises ValueError."""
    return datetime.fromtimestamp(unix(value), UTC)


def unix(value: Any) -> int:
    """Unix seconds of those themselves or of 2026-11-30 09:00:00, without a time zone in UTC. Raises ValueError."""
    if re.fullmatch(r"[0-9]{1,12}(\.[0-9]+)?", str(value)):
        seconds = int(float(value))
    else:
        moment = datetime.fromisoformat(str(value).removesuffix(" UTC"))
        seconds = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    if not 0 <= seconds <= LATEST:
        raise ValueError(value)
    return seconds
