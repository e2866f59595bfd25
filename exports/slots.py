"""The slots of a schedule: the times that a cron line names between a start and an end. Outside of them none exists."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from exports.cron import Cron

FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)  # where no start or end is set
INSTANT = timedelta(microseconds=1)  # no two times are nearer to each other


@dataclass(frozen=True)
class Slots:
    """The runs of `line` in `zone` from `starts_at` to `ends_at`, both included. All times are aware, slots in UTC."""

    line: Cron
    zone: tzinfo
    starts_at: datetime = FIRST
    ends_at: datetime = LAST

    def next_after(self, moment: datetime) -> datetime | None:
        """The first slot later than `moment`; None behind the last one."""
        found = self.line.next_after(max(moment, self.starts_at - INSTANT), self.zone)
        return found if found <= self.ends_at else None

    def runs(self, moment: datetime) -> Iterator[datetime]:
        """All slots later than `moment`."""
        while slot := self.next_after(moment):
            yield slot
            moment = slot

    def latest(self, count: int, first: datetime = FIRST, last: datetime = LAST) -> list[datetime]:
        """The last `count` of the slots from `first` to `last`, both included."""
        return self.line.latest(count, max(first, self.starts_at), min(last, self.ends_at), self.zone)

    def counts(self, edges: tuple[datetime, ...]) -> list[int]:
        """How many slots lie from each edge to the next, which is not included."""
        end = self.ends_at + INSTANT
        return self.line.counts(tuple(min(max(edge, self.starts_at), end) for edge in edges), self.zone)
