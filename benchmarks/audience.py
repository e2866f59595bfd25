"""How long a segment's live count takes: python -m benchmarks.audience [--customers N]

A console with a parent segment of 1,000,000 customers (20 attributes) and 10,000,000 orders and visits. Each rule is
counted as the rule builder counts it: compiled, then run in a fenced process of its own. Goal: under 2 s each.
"""

import argparse
import itertools
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.console import set_up

GROUP_ROWS = 100_000  # made and written at once
DAY = 86400
SHOP = "shop_jp"
COUNTRIES = ["JP", "TW", "US", "KR", "TH", None]
CATEGORIES = [f"category_{n:02}" for n in range(20)]
KEYS = "customer_id"
Random = np.random.Generator


# --- tables -------------------------------------------------------------------------------------------------------
def customers(random: Random, first: int, rows: int, now: int) -> pa.Table:
    """20 columns."""
    numbers = np.arange(first, first + rows)
    ago = random.integers(0, 3 * 365 * DAY, rows)
    columns = {
        KEYS: pa.array([f"C{n:09}" for n in numbers]),
        "email": pa.array([f"person{n}@shop.example" for n in numbers]),
        "phone": pa.array([f"+8190{n % 10**8:08}" for n in numbers]),
        "line_uid": pa.array([f"U{n * 2654435761 % 2**64:032x}" for n in numbers.tolist()]),
        "country": _picked(random, COUNTRIES, rows),
        "prefecture": _picked(random, [f"prefecture_{n:02}" for n in range(47)], rows),
        "loyalty_tier": _picked(random, ["bronze", "silver", "gold", "platinum"], rows),
        "gender": _picked(random, ["f", "m", "x", None], rows),
        "birthday": pa.array(random.integers(-20_000, 14_000, rows), pa.int32()).cast(pa.date32()),
        "registered_at": pa.array((now - ago) * 1_000_000).cast(pa.timestamp("us")),
        "last_purchase": pa.array(now - ago // 2),
        "points": pa.array(random.integers(0, 100_000, rows)),
        "orders_total": pa.array(random.integers(0, 10**8, rows) / 100),
        "newsletter": pa.array(random.random(rows) < 0.6),
        "app_installed": pa.array(random.random(rows) < 0.3),
        "language": _picked(random, ["ja", "zh", "en", "ko"], rows),
        "channel": _picked(random, ["web", "app", "store", None], rows),
        "store": _picked(random, [f"store_{n:03}" for n in range(300)], rows),
        "score": pa.array(random.random(rows)),
        "tags": pa.array([["vip"] if n % 50 == 0 else ["new", "sale"] if n % 7 == 0 else [] for n in numbers]),
    }
    return pa.table(columns)


def orders(random: Random, rows: int, people: int, now: int) -> pa.Table:
    """In no order of customers, spread over a year."""
    return pa.table(
        {
            KEYS: pa.array([f"C{n:09}" for n in random.integers(0, people, rows)]),
            "time": pa.array(now - random.integers(0, 365 * DAY, rows)),
            "total": pa.array(random.integers(100, 5_000_000, rows) / 100),
            "category": _picked(random, CATEGORIES, rows),
            "order_id": pa.array([f"{n:016x}" for n in random.integers(0, 2**62, rows)]),
        }
    )


def visits(random: Random, rows: int, people: int, now: int) -> pa.Table:
    return pa.table(
        {
            KEYS: pa.array([f"C{n:09}" for n in random.integers(0, people, rows)]),
            "time": pa.array(now - random.integers(0, 365 * DAY, rows)),
            "url": pa.array([f"https://shop.example/items/{n}" for n in random.integers(0, 50_000, rows)]),
        }
    )


def _picked(random: Random, values: list[str | None], rows: int) -> pa.Array:
    picked = pa.array(random.integers(0, len(values), rows), pa.int32())
    return pa.DictionaryArray.from_arrays(picked, pa.array(values, pa.string())).dictionary_decode()


def table(database, name: str, parts: Iterator[pa.Table]):
    """A table of the console with these rows, in one file. → the file"""
    from warehouse.models import Table, TableFile

    file = TableFile(path=f"{database.name}-{name}.parquet", rows=0, bytes=0)
    file.absolute_path.parent.mkdir(parents=True, exist_ok=True)
    first = next(parts)
    with pq.ParquetWriter(file.absolute_path, first.schema, compression="zstd") as writer:
        for part in itertools.chain([first], parts):
            writer.write_table(part)
            file.rows += len(part)
    file.bytes = file.absolute_path.stat().st_size
    columns = [[field.name, _duckdb(field.type)] for field in first.schema]
    file.table = Table.objects.create(database=database, name=name, columns=columns)
    file.save()
    print(f"{file.path:32} {file.rows:>12,} rows x {len(columns):2} columns, {file.bytes / 1e6:,.0f} MB", flush=True)
    return file


def _duckdb(kind: pa.DataType) -> str:
    names = {"int64": "BIGINT", "double": "DOUBLE", "bool": "BOOLEAN", "date32[day]": "DATE"}
    if pa.types.is_list(kind):
        return "VARCHAR[]"
    return "TIMESTAMP" if pa.types.is_timestamp(kind) else names.get(str(kind), "VARCHAR")


def fill(people: int, events: int):
    """The shop's tables and the parent segment. → the parent segment"""
    from audiences.definitions import Behavior, Column, Definition, Master
    from audiences.models import ParentSegment
    from warehouse.models import Database

    random, now = np.random.default_rng(1), int(time.time())
    shop = Database.objects.create(name=SHOP)
    file = table(shop, "customers", (customers(random, first, rows, now) for first, rows in _groups(people)))
    table(shop, "orders", (orders(random, rows, people, now) for _, rows in _groups(events)))
    table(shop, "visits", (visits(random, rows, people, now) for _, rows in _groups(events)))
    behaviors = tuple(
        Behavior(name.title(), SHOP, name, KEYS, KEYS, "time", tuple(Column(one, one) for one in columns))
        for name, columns in {"orders": ("total", "category"), "visits": ("url",)}.items()
    )
    definition = Definition(Master(SHOP, "customers", KEYS), behaviors=behaviors).to_json()
    parent = ParentSegment.objects.create(name="All customers", definition=definition)
    _built(parent, file)
    return parent


def _built(parent, master) -> None:
    """As a build leaves it: without attribute tables the customers are the master's rows."""
    from warehouse.models import Database, Table, TableFile

    database = Database.objects.create(name=parent.database_name)
    made = Table.objects.create(database=database, name="customers", columns=master.table.columns)
    file = TableFile.objects.create(table=made, path=f"{database.name}.parquet", rows=master.rows, bytes=master.bytes)
    os.link(master.absolute_path, file.absolute_path)


def _groups(rows: int) -> Iterator[tuple[int, int]]:
    for first in range(0, rows, GROUP_ROWS):
        yield first, min(GROUP_ROWS, rows - first)


# --- rules --------------------------------------------------------------------------------------------------------
def value(name: str, operator: str, **operand: object) -> dict:
    return {"type": "Value", "leftValue": {"name": name}, "operator": {"type": operator, **operand}}


def behavior(source: str, aggregation: str, column: str, operator: str, number: int, *conditions: dict) -> dict:
    left: dict = {"name": column, "source": {"name": source}, "aggregation": {"type": aggregation}}
    if conditions:
        left["filter"] = {"type": "And", "conditions": list(conditions)}
    return {"type": "Value", "leftValue": left, "operator": {"type": operator, "rightValue": number}}


def within(days: int) -> dict:
    operator = {"type": "TimeWithinPast", "value": days, "unit": "day"}
    return {"type": "Column", "column": "time", "operator": operator}


def group(type_: str, *conditions: dict) -> dict:
    return {"type": type_, "conditions": list(conditions)}


def rules(parent) -> dict[str, dict]:
    from audiences.models import Segment

    attributes = group(
        "And",
        value("country", "In", rightValues=["JP", "TW"]),
        value("points", "GreaterEqual", rightValue=50_000),
        value("registered_at", "TimeWithinPast", value=1, unit="year"),
        value("tags", "NotEqual", rightValue="vip"),
    )
    lately = group("And", behavior("behavior_orders", "Count", "", "GreaterEqual", 2, within(90)))
    category = {"type": "Column", "column": "category", "operator": {"type": "In", "rightValues": CATEGORIES[:3]}}
    nested = group(
        "And",
        value("newsletter", "Equal", rightValue=True),
        group(
            "Or",
            behavior("behavior_orders", "Count", "", "GreaterEqual", 1, within(90), category),
            group(
                "And",
                behavior("behavior_visits", "Count", "", "Less", 3, within(365)),
                value("loyalty_tier", "Equal", rightValue="gold"),
            ),
        ),
    )
    segment = Segment.objects.create(parent_segment=parent, name="Bought lately", rule=lately)
    reference = group("And", {"type": "Reference", "id": str(segment.pk)}, value("country", "Equal", rightValue="JP"))
    whole = group("And", behavior("behavior_orders", "Sum", "total", "GreaterEqual", 200_000))
    return {
        "everyone": group("And"),
        "attributes only": attributes,
        "at least 2 orders within 90 days": lately,
        "nested, orders or fewer than 3 visits in a year": nested,
        "a reference to another segment": reference,
        "the sum of all orders": whole,
    }


def counted(parent, rule: dict, user) -> tuple[int, float, float]:
    """→ customers, seconds, of which so many of the engine's CPU"""
    from audiences import compiled
    from exports import preview
    from exports.models import EngineType
    from exports.texts import Text
    from warehouse.models import Database

    started, before = time.perf_counter(), _cpu()
    database = Database.objects.get(name=parent.database_name)
    text = Text(database, compiled.count_sql(parent, rule), "Asia/Tokyo", EngineType.DUCKDB)
    found = preview.preview(text, user=user)
    return found.table.column(0)[0].as_py(), time.perf_counter() - started, _cpu() - before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=10_000_000, help="of orders, and as many visits")
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        set_up(Path(folder))
        from accounts.models import User

        parent, user = fill(chosen.customers, chosen.events), User.objects.create_user("measuring")
        print(f"peak while made: {_peak(resource.RUSAGE_SELF)} MB")
        print(f"{'':50}{'customers':>11}{'median s':>10}{'worst s':>9}{'CPU s':>7}  goal")
        for name, rule in rules(parent).items():
            found = [counted(parent, rule, user) for _ in range(chosen.rounds)]
            times, cpu = [seconds for _, seconds, _ in found], min(cpu for _, _, cpu in found)
            told = f"{name:50}{found[0][0]:>11,}{statistics.median(times):10.2f}{max(times):9.2f}{cpu:7.2f}"
            print(f"{told}  under 2 s", flush=True)
        print(f"peak of a count: {_peak(resource.RUSAGE_CHILDREN)} MB")


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _peak(who: int) -> int:
    return resource.getrusage(who).ru_maxrss // 1024


if __name__ == "__main__":
    main()
