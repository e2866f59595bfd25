"""A request that was refused is taken apart: how far that has come, in a form that outlives the process.

Rows are those of the kept result. What is written here is about rows, not about bytes: the batch is made anew from the
kept result, and the same parts are found in it again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from exports.exporter.batches import Batch


@dataclass(frozen=True)
class Part:
    """Rows up to `end_row`. `bad_if_refused`: the part holds a bad event if no more events than these were refused
    by the time it is reached; None: nothing is known of it."""

    end_row: int
    bad_if_refused: int | None = None

    def known_bad(self, refused: int) -> bool:
        return self.bad_if_refused == refused


@dataclass(frozen=True)
class Division:
    """The parts that are left of a request of `events` events, the next one first; `refused`: events of it so far."""

    events: int
    refused: int
    parts: tuple[Part, ...]

    @property
    def end_row(self) -> int:
        return self.parts[-1].end_row

    @classmethod
    def whole(cls, batch: Batch) -> "Division":
        return cls(batch.events, 0, (Part(batch.end_row),))

    @classmethod
    def of(cls, events: int, refused: int, parts: Sequence[Part]) -> "Division | None":
        """None where nothing would be lost: no part is left, or a single one that is as it was at first."""
        if not parts or (len(parts) == 1 and not refused and parts[0].bad_if_refused is None):
            return None
        return cls(events, refused, tuple(parts))

    def applied_to(self, batch: Batch) -> list[tuple[Batch, Part]]:
        """The parts as they are now in a batch that ends where they end."""
        found = []
        rest: Batch | None = batch
        for part in self.parts:
            head, rest = rest.split_at(part.end_row) if rest else (None, None)
            if head:
                found.append((head, part))
        return found

    def to_json(self) -> dict[str, Any]:
        parts = [[part.end_row, part.bad_if_refused] for part in self.parts]
        return {"events": self.events, "refused": self.refused, "parts": parts}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Division | None":
        """What `to_json` gave; of {} None."""
        parts = tuple(Part(end_row, bad) for end_row, bad in value.get("parts", ()))
        return cls(value["events"], value["refused"], parts) if parts else None
