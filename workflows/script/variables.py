"""Built-in variables of a task, in digdag's formats. See RuntimeParams in github.com/treasure-data/digdag."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from workflows.script.zones import zone_of


@dataclass(frozen=True)
class Session:
    """What all tasks of an attempt have in common; times know their zone.

    last, next: the sessions of the schedule before and after this one, if there is a schedule, whether they ran or not.
    last_executed: the session of the schedule that ran last, if one did.
    """

    project_id: int
    id: int
    uuid: str
    attempt_id: int
    time: datetime
    timezone: str
    retry_attempt_name: str | None = None
    last: datetime | None = None
    next: datetime | None = None
    last_executed: datetime | None = None


def builtin(session: Session, *, task_name: str) -> dict[str, Any]:
    """The variables by name; `*_unixtime` and ids are numbers, all else is text. Raises ZoneError.

    Without a schedule there are no last_session_* and next_session_*; last_executed_session_* are always there, empty
    (the offset: that of 1970) if none ran.
    """
    zone = zone_of(session.timezone)
    return {
        "timezone": session.timezone,
        "session_uuid": session.uuid,
        "session_id": session.id,
        **_times("session_", session.time, zone),
        **(_times("last_session_", session.last, zone) if session.last else {}),
        **(_times("next_session_", session.next, zone) if session.next else {}),
        **_last_executed(session.last_executed, zone),
        "project_id": session.project_id,
        "retry_attempt_name": session.retry_attempt_name,
        "attempt_id": session.attempt_id,
        "task_name": task_name,
    }


def _times(prefix: str, moment: datetime, zone: ZoneInfo) -> dict[str, Any]:
    local = moment.astimezone(zone)
    offset = f"{local:%z}"[:5]
    return {
        f"{prefix}time": f"{local:%Y-%m-%dT%H:%M:%S}{offset[:3]}:{offset[3:]}",
        f"{prefix}date": f"{local:%Y-%m-%d}",
        f"{prefix}date_compact": f"{local:%Y%m%d}",
        f"{prefix}local_time": f"{local:%Y-%m-%d %H:%M:%S}",
        f"{prefix}tz_offset": offset,
        f"{prefix}unixtime": int(moment.timestamp()),
    }


def _last_executed(moment: datetime | None, zone: ZoneInfo) -> dict[str, Any]:
    prefix = "last_executed_session_"
    if moment:
        return _times(prefix, moment, zone)
    empty = _times(prefix, datetime.fromtimestamp(0, UTC), zone)
    return {name: value if name.endswith("tz_offset") else "" for name, value in empty.items()}
