"""Small tables of customers and their events, random rules about them, and DuckDB to run SQL over both."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa
from hypothesis import strategies as st

from audiences.rules import numbers, operators
from audiences.rules.operators import Takes
from audiences.rules.schema import BehaviorTable, Kind, Schema, element_type, kind_of

NOW = int(datetime(2025, 3, 31, 12, 34, 56, tzinfo=ZoneInfo("America/New_York")).timestamp())
ZONES = ("America/New_York", "Asia/Tokyo", "UTC")
CUSTOMERS = {
    "id": "VARCHAR",
    "account": "BIGINT",
    "country": "VARCHAR",
    "opens": "TIME",
    "points": "BIGINT",
    "level": "UTINYINT",
    "score": "DOUBLE",
    "ratio": "FLOAT",
    "price": "DECIMAL(8,2)",
    "newsletter": "BOOLEAN",
    "birthday": "DATE",
    "registered": "TIMESTAMP",
    "seen": "TIMESTAMP WITH TIME ZONE",
    "last_purchase": "BIGINT",
    "tags": "VARCHAR[]",
    "sizes": "BIGINT[]",
}
EVENTS = {
    "orders": {"customer": "VARCHAR", "time": "BIGINT", "category": "VARCHAR", "total": "DOUBLE", "items": "INTEGER"},
    "visits": {"account": "INTEGER", "at": "TIMESTAMP", "page": "VARCHAR", "labels": "VARCHAR[]", "day": "DATE"},
    "calls": {"number": "VARCHAR", "at": "TIMESTAMP WITH TIME ZONE", "cost": "DECIMAL(8,2)", "answered": "BOOLEAN"},
}
_KEYS = {
    "orders": ("customer", "id", "time"),
    "visits": ("account", "account", "at"),
    "calls": ("number", "account", "at"),
}
_ARROW = {
    "VARCHAR": pa.string(),
    "BIGINT": pa.int64(),
    "INTEGER": pa.int32(),
    "UTINYINT": pa.uint8(),
    "TIME": pa.time64("us"),
    "DOUBLE": pa.float64(),
    "FLOAT": pa.float32(),
    "DECIMAL(8,2)": pa.decimal128(8, 2),
    "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us"),
    "TIMESTAMP WITH TIME ZONE": pa.timestamp("us", tz="UTC"),
    "VARCHAR[]": pa.list_(pa.string()),
    "BIGINT[]": pa.list_(pa.int64()),
}
TEXTS = ["JP", "jp", "US", "", "J%P", "J_P", "it's", 'a"b', "日本", "back\\slash", "10", "09:30:00", "line\nbreak"]
PATTERNS = ["^J", "[0-9]+", "P$", "日", "(?i)^jp$", "a.b|%", "\\\\"]
NUMBERS = [0, 1, 2, 3, 10, -1, 0.5, 2.25, 0.1, 255, 256, 2**53 + 1, 10**20, 1e300]
_AWAY = [
    timedelta(),
    timedelta(seconds=1),
    timedelta(hours=1),
    timedelta(hours=12),
    timedelta(days=1),
    timedelta(days=30),
]
_AWAY += [timedelta(days=31), timedelta(days=28), timedelta(days=92), timedelta(days=365), timedelta(microseconds=1)]


@dataclass(frozen=True)
class Tables:
    schema: Schema
    customers: list
    events: dict


def schema(zone="Asia/Tokyo"):
    return Schema(
        "cdp_audience_1", "customers", CUSTOMERS, {name.title(): _behavior(name) for name in EVENTS}, zone, "id"
    )


def _behavior(name):
    key, parent, at = _KEYS[name]
    columns = {f"the {one}": (one, kind) for one, kind in EVENTS[name].items() if one != key}
    return BehaviorTable(
        "shop_jp", name, key, EVENTS[name][key], parent, CUSTOMERS[parent], at, EVENTS[name][at], columns
    )


def connect(tables):
    """DuckDB with the tables, at NOW."""
    connection = duckdb.connect(config={"threads": 1})
    connection.execute(f"CREATE MACRO td_scheduled_time() AS {NOW}::BIGINT; SET TimeZone = 'Europe/Paris'")
    connection.execute("CREATE SCHEMA cdp_audience_1; CREATE SCHEMA shop_jp")
    _create(connection, "cdp_audience_1.customers", CUSTOMERS, tables.customers)
    for name, columns in EVENTS.items():
        _create(connection, f"shop_jp.{name}", columns, tables.events[name])
    return connection


def _create(connection, name, columns, rows):
    found = pa.Table.from_pylist(rows, pa.schema([(column, _ARROW[kind]) for column, kind in columns.items()]))
    connection.register("found", found)
    connection.execute(f"CREATE TABLE {name} AS SELECT * FROM found")
    assert [row[1] for row in connection.execute(f"DESCRIBE {name}").fetchall()] == list(columns.values())


# --- rows ---------------------------------------------------------------------------------------------------------
def _instants():
    away = st.builds(
        lambda away, sign: datetime.fromtimestamp(NOW, UTC) + sign * away,
        st.sampled_from(_AWAY),
        st.sampled_from([-1, 1]),
    )
    midnights = st.builds(
        lambda day, zone: datetime(2025, 3, day, tzinfo=ZoneInfo(zone)).astimezone(UTC),
        st.sampled_from([1, 9, 10, 31]),
        st.sampled_from(ZONES),
    )
    return away | midnights


_VALUES = {
    "VARCHAR": st.sampled_from(TEXTS),
    "TIME": st.sampled_from([time(9, 30), time(23, 59, 59)]),
    "BIGINT": st.sampled_from([one for one in NUMBERS if isinstance(one, int) and one < 2**63]),
    "INTEGER": st.integers(0, 3),
    "UTINYINT": st.sampled_from([0, 1, 2, 255]),
    "DOUBLE": st.sampled_from([0.0, 0.5, 1.0, 2.25, 3.0, -1.0, 0.1]),
    "FLOAT": st.sampled_from([0.5, 0.10000000149011612, 3.0]),
    "DECIMAL(8,2)": st.sampled_from([Decimal("0.00"), Decimal("0.10"), Decimal("2.25"), Decimal("3.00")]),
    "BOOLEAN": st.booleans(),
    "DATE": _instants().map(lambda when: when.date()),
    "TIMESTAMP": _instants().map(lambda when: when.astimezone(ZoneInfo("America/New_York")).replace(tzinfo=None)),
    "TIMESTAMP WITH TIME ZONE": _instants(),
    "VARCHAR[]": st.lists(st.none() | st.sampled_from(TEXTS[:4]), max_size=3),
    "BIGINT[]": st.lists(st.none() | st.integers(0, 3), max_size=3),
}
_SPECIAL = {
    "id": st.sampled_from(TEXTS),
    "account": st.none() | st.integers(0, 4),
    "customer": st.none() | st.sampled_from(TEXTS),
    "number": st.none() | st.sampled_from(["0", "1", "2", "01", "x"]),
    "score": st.none() | _VALUES["DOUBLE"] | st.sampled_from([float("nan"), float("inf")]),
    "last_purchase": st.none() | _instants().map(lambda when: int(when.timestamp())),
    "time": st.none() | _instants().map(lambda when: int(when.timestamp())),
}


def _rows(columns):
    return st.fixed_dictionaries(
        {name: _SPECIAL.get(name, st.none() | _VALUES[kind]) for name, kind in columns.items()}
    )


@st.composite
def tables(draw):
    customers = draw(st.lists(_rows(CUSTOMERS), min_size=3, max_size=8, unique_by=lambda row: row["id"]))
    events = {name: draw(st.lists(_rows(columns), max_size=8)) for name, columns in EVENTS.items()}
    return Tables(schema(draw(st.sampled_from(ZONES))), customers, events)


# --- rules --------------------------------------------------------------------------------------------------------
def _forms(spec, kind):
    """Strategies for operands, the values of each of which are in the order of their text or number."""
    if spec.type == "Regexp":
        return [st.sampled_from(PATTERNS)]
    if spec.takes is Takes.DATES or kind is Kind.TIME:
        whole = _instants().map(lambda when: when.replace(microsecond=0))
        wall = whole.map(lambda when: when.astimezone(ZoneInfo("America/New_York")).replace(tzinfo=None).isoformat(" "))
        days = whole.map(lambda when: when.date().isoformat())
        return [days, whole.map(datetime.isoformat), wall, whole.map(lambda when: int(when.timestamp()))]
    if kind is Kind.BOOLEAN:
        return [st.booleans()]
    if kind is Kind.NUMBER:
        return [st.sampled_from(NUMBERS), st.sampled_from(NUMBERS).map(str)]
    return [st.sampled_from([text for text in TEXTS if text])]


def _ends(form):
    return st.lists(form, min_size=1, max_size=2).map(lambda found: sorted(found, key=_order))


def _order(operand):
    number = numbers.read(operand)
    return operand if number is None else number


@st.composite
def _operators(draw, specs, kind):
    spec = draw(st.sampled_from(list(specs.values())))
    forms = _forms(spec, kind)
    data = {"type": spec.type, "not": draw(st.booleans())}
    if spec.takes is Takes.ONE:
        data["rightValue"] = draw(st.one_of(forms))
    elif spec.takes is Takes.MANY:
        data["rightValues"] = draw(st.lists(st.one_of(forms), min_size=1, max_size=3))
    elif spec.takes is Takes.DURATION:
        data |= {"value": draw(st.sampled_from([1, 2, 12, 30, 31])), "unit": draw(st.sampled_from(operators.UNITS))}
    elif spec.takes in (Takes.RANGE, Takes.DATES):
        keys = ["min", "max"] if spec.takes is Takes.RANGE else ["from", "to"]
        ends = draw(st.sampled_from(forms).flatmap(_ends))
        data |= dict(zip(keys if len(ends) == 2 else [draw(st.sampled_from(keys))], ends, strict=True))
    return data


@st.composite
def _tests(draw, column):
    kind = kind_of(element_type(column.type)) if column.kind is Kind.LIST else column.kind
    data = {"operator": draw(_operators(operators.of(column), kind)), "exclude": draw(st.booleans())}
    return data | ({"arrayMatching": draw(st.sampled_from(["any", "all"]))} if column.kind is Kind.LIST else {})


@st.composite
def _attributes(draw):
    column = draw(st.sampled_from(list(schema().known().values())))
    return {"type": "Value", "leftValue": {"name": column.name}, **draw(_tests(column))}


@st.composite
def _behaviors(draw):
    source, table = draw(st.sampled_from(list(schema().sources().items())))
    aggregation = draw(st.sampled_from(["Count", *operators.AGGREGATIONS]))
    able = [one for one in table.known().values() if operators.can_aggregate(aggregation, one)]
    column = draw(st.sampled_from([*able, None] if aggregation == "Count" else able)) if able else None
    aggregation = aggregation if column else "Count"
    left = {"name": column.name if column else "", "source": {"name": source}, "aggregation": {"type": aggregation}}
    if draw(st.booleans()):
        known = draw(st.lists(st.sampled_from(list(table.known().values())), min_size=1, max_size=2))
        conditions = [{"type": "Column", "column": one.name, **draw(_tests(one))} for one in known]
        left["filter"] = {"type": draw(st.sampled_from(["And", "Or"])), "conditions": conditions}
    kind = column.kind if column and aggregation in ("Min", "Max") else Kind.NUMBER
    operator = draw(_operators(operators.of_aggregation(aggregation, column), kind))
    return {"type": "Value", "leftValue": left, "operator": operator, "exclude": draw(st.booleans())}


@st.composite
def groups(draw, leaves, depth=2):
    inner = leaves if depth == 0 else leaves | groups(leaves, depth - 1)
    conditions = draw(st.lists(inner, min_size=1, max_size=3))
    type_ = draw(st.sampled_from(["And", "Or", "Composite"]))
    data = {"type": type_, "conditions": conditions}
    if type_ == "Composite":
        joined = " and ".join(map(str, range(1, len(conditions) + 1)))
        data["expr"] = draw(st.sampled_from([joined, f"1 OR ({joined})", f"({joined} OR 1) AND {len(conditions)}"]))
    return data | ({"exclude": draw(st.booleans())} if depth < 2 else {})


LEAVES = _attributes() | _behaviors()
REFERENCES = st.fixed_dictionaries({"type": st.just("Reference"), "id": st.just("7"), "exclude": st.booleans()})


@st.composite
def rules(draw, leaves=LEAVES):
    return draw(groups(leaves)) | draw(st.fixed_dictionaries({}, optional={"limit": st.integers(1, 4)}))
