"""What the sandbox remembers: counts, refusals and the latest events."""

from __future__ import annotations

import json
import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from .events import Event, has_user
from .request import Refused

Record = dict[str, Any]  # number, tag, request, arrived (epoch seconds), body: the event as it was sent

REFUSALS = 20
KEYS_FOR_DUPLICATES = 1_000_000


class Memory:
    """Counts everything, holds the latest `remember` events, appends every event to `keep`. Threads may share it."""

    def __init__(self, *, remember: int, keep: Path | None) -> None:
        self._lock = threading.Lock()
        self._records: deque[Record] = deque(maxlen=remember)
        self._file: TextIO | None = keep.open("a", encoding="utf-8") if keep else None
        self.forget()

    def forget(self) -> None:
        """Start from nothing; what is in the file stays there."""
        with self._lock:
            self._records.clear()
            self._seen: OrderedDict[tuple[str, object, object], None] = OrderedDict()
            self._refusals: deque[dict[str, object]] = deque(maxlen=REFUSALS)
            self._answers: Counter[str] = Counter()
            self._by_tag: Counter[str] = Counter()
            self._requests = self._accepted = self._duplicates = self._dropped = self._overlaps = 0

    def close(self) -> None:
        with self._lock:
            if self._file:
                self._file.close()
                self._file = None

    def arrive(self, *, overlaps: bool) -> int:
        """Count a request that has begun, wherever it goes, and number it.

        `overlaps`: another request of its tag is under way.
        """
        with self._lock:
            self._requests += 1
            self._overlaps += overlaps
            return self._requests

    def answer(self, answer: str) -> None:
        """Count how a request ended: a status, `hang`, `drop`, or `broken` if its client broke off."""
        with self._lock:
            self._answers[answer] += 1

    def refuse(self, tag: str, refused: Refused) -> None:
        refusal = {"tag": tag, "status": refused.status, "reason": refused.reason, "index": refused.index}
        with self._lock:
            self._refusals.append(refusal)

    def accept(self, tag: str, events: list[Event], *, request: int, arrived: float) -> None:
        """Keep the events of a request. They are in the file when this returns."""
        with self._lock:
            new = [self._record(tag, event, request, arrived) for event in events if self._is_kept(tag, event)]
            self._records.extend(new)
            if self._file:
                self._file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in new)
                self._file.flush()

    def _is_kept(self, tag: str, event: Event) -> bool:
        if not has_user(event):
            self._dropped += 1
            return False
        key = (tag, event["event"].get("event_name"), event["event"]["deduplication_key"])
        self._duplicates += key in self._seen
        self._seen[key] = None
        if len(self._seen) > KEYS_FOR_DUPLICATES:
            self._seen.popitem(last=False)
        return True

    def _record(self, tag: str, event: Event, request: int, arrived: float) -> Record:
        self._accepted += 1
        self._by_tag[tag] += 1
        return {"number": self._accepted, "tag": tag, "request": request, "arrived": arrived, "body": event}

    def stats(self) -> dict[str, Any]:
        """The counts as JSON values; `accepted` has the `duplicates` in it, but not the `dropped`."""
        with self._lock:
            return {
                "requests": self._requests,
                "by_status": dict(sorted(self._answers.items())),
                "accepted": self._accepted,
                "by_tag": dict(sorted(self._by_tag.items())),
                "duplicates": self._duplicates,
                "dropped": self._dropped,
                "overlaps": self._overlaps,
                "last_refusals": list(self._refusals),
            }

    def records(self, *, tag: str | None = None, after: int = 0, limit: int | None = None) -> list[Record]:
        """The remembered events numbered above `after`, oldest first, at most `limit`."""
        with self._lock:
            return list(islice(self._matching(tag, after), limit))

    def _matching(self, tag: str | None, after: int) -> Iterator[Record]:
        return (record for record in self._records if record["number"] > after and tag in (None, record["tag"]))

    def latest(self, count: int) -> list[Record]:
        """The last `count` events, newest first."""
        with self._lock:
            return list(islice(reversed(self._records), count))
