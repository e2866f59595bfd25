"""The sample data: the event table of a Japanese web shop that does not exist, with a few rows that LINE would refuse.

Everything in it is made up: addresses are of example domains and documentation networks, and the phone numbers have a
0 where the Japanese numbering plan never assigns one. The same `now`, `rows` and `seed` give the same table.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv, parquet

from .breakages import break_rows
from .dice import Dice
from .events import COLUMNS, shop_events

INTEGERS = {"time", "event_timestamp", "total_jpy"}
SCHEMA = pa.schema([(name, pa.int64() if name in INTEGERS else pa.string()) for name in COLUMNS])


@dataclass(frozen=True)
class SampleShop:
    """The table, and which of its rows (numbered from 0) break a rule, with the name of that one rule."""

    table: pa.Table
    invalid_rows: dict[int, str]

    @property
    def expected(self) -> dict[str, int]:
        """How many rows a job must read, and how many of them it must find invalid and valid."""
        read, invalid = self.table.num_rows, len(self.invalid_rows)
        return {"read": read, "invalid": invalid, "valid": read - invalid}


def build(*, now: int, rows: int = 10_000, seed: int = 7) -> SampleShop:
    """`rows` events of the 14 days before `now` (epoch seconds), in order of `time`; one in fifty is invalid.

    They are invalid for as long as `now` is less than two days ago, and the others are valid for 76 days.
    """
    dice = Dice(seed)
    shop = shop_events(now=now, rows=rows, dice=dice)
    invalid_rows = break_rows(shop, now=now, dice=dice)
    return SampleShop(pa.Table.from_pylist(shop, schema=SCHEMA), invalid_rows)


def events(*, now: int, rows: int = 10_000, seed: int = 7) -> pa.Table:
    """The table of `build` alone."""
    return build(now=now, rows=rows, seed=seed).table


def members(events: pa.Table) -> pa.Table:
    """The shop's members, one row each, from what their events say: member_id, email, phone, line_uid, last_seen."""
    known = events.filter(pc.is_valid(events["external_id"])).sort_by("time")
    first = [(name, "first") for name in ("email", "phone", "line_uid")]
    found = known.group_by("external_id", use_threads=False).aggregate([*first, ("time", "max")])
    return found.rename_columns(["member_id", "email", "phone", "line_uid", "last_seen"])


def write(table: pa.Table, path: Path) -> None:
    """Write `table` as the suffix says: .parquet or .csv (where null is an empty field, an empty string is \"\").

    Raises ValueError for another suffix.
    """
    writers = {".parquet": parquet.write_table, ".csv": csv.write_csv}
    if path.suffix not in writers:
        raise ValueError(f"{path}: the name must end in .parquet or .csv")
    writers[path.suffix](table, path)
