"""What rules mean, said once more: row by row, in plain Python, sharing nothing with the compiler but the model.

Customers and events are dicts by column. Times are as DuckDB gives them: aware datetimes for instants, naive ones for
what a clock on the wall shows, dates for days, numbers of UNIX seconds.
"""

import math
import re
from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy

from audiences.rules.model import Behavior, Group, Many, One, Range, Reference, Value

MONTHS = {"year": 12, "quarter": 3, "month": 1}
DAYS = {"week": 7, "day": 1}
SECONDS = {"hour": 3600, "minute": 60, "second": 1}


def customers_in(rule, tables, now, others):
    """The keys of the rule's customers, in order."""
    keys = sorted(row[tables.schema.key] for row in tables.customers if _holds(rule.group, row, tables, now, others))
    return keys[: rule.limit]


def _holds(one, row, tables, now, others):
    match one:
        case Group():
            return _group(one, row, tables, now, others) is not one.exclude
        case Reference():
            rule = others[one.segment]
            found = row[tables.schema.key] in customers_in(rule, tables, now, others)
        case Value():
            column = tables.schema.known()[one.column]
            found = _column(row[one.column], column, one, tables.schema.time_zone, now)
        case Behavior():
            found = _behavior(one, row, tables, now)
    return found is not one.exclude


def _group(one, row, tables, now, others):
    held = [_holds(each, row, tables, now, others) for each in one.conditions]
    if one.type == "And":
        return all(held)
    if one.type == "Or":
        return any(held)
    said = re.sub(r"\d+", lambda number: str(held[int(number[0]) - 1]), one.expr)
    return eval(said.lower().replace("true", "True").replace("false", "False"))


def _behavior(one, row, tables, now):
    behavior = tables.schema.sources()[one.source]
    known = behavior.known()
    zone = tables.schema.time_zone
    rows = [
        event
        for event in tables.events[behavior.table]
        if _same_key(event[behavior.key], row[behavior.parent_key]) and _kept(one.filter, event, known, zone, now)
    ]
    column = known.get(one.column)
    values = [event[column.source] for event in rows if event[column.source] is not None] if column else rows
    numeric = "HUGEINT" if column and "INT" in column.type else "DOUBLE"
    found, type_, unix = {
        "Count": lambda: (len(values), "BIGINT", False),
        "Sum": lambda: (sum(values), numeric if "DECIMAL" not in column.type else "DECIMAL(38,2)", False),
        "Avg": lambda: (sum(values) / len(values) if values else None, "DOUBLE", False),
        "Min": lambda: (min(values, default=None), column.type, column.kind.value == "time"),
        "Max": lambda: (max(values, default=None), column.type, column.kind.value == "time"),
    }[one.aggregation]()
    return _operator(found, type_, unix, one.operator, zone, now) is not one.operator.negated


def _kept(filter_, event, known, zone, now):
    if not filter_:
        return True
    held = (
        _column(event[known[one.column].source], known[one.column], one, zone, now) is not one.exclude
        for one in filter_.conditions
    )
    return all(held) if filter_.type == "And" else any(held)


def _same_key(event, customer):
    return event is not None and customer is not None and str(event) == str(customer)


def _column(value, column, one, zone, now):
    """With the operator's `not`, without `exclude`."""
    if one.operator.type == "IsNull":
        return (value is None) is not one.operator.negated
    if column.kind.value != "list":
        unix = column.kind.value == "time"
        return _operator(value, column.type, unix, one.operator, zone, now) is not one.operator.negated
    flipped = one.operator.type.startswith("Not")
    plain = type(one.operator)(one.operator.type.removeprefix("Not"), one.operator.operand)
    held = [_operator(each, column.type.rpartition("[")[0], False, plain, zone, now) for each in value or []]
    found = all(held) if one.array_matching == "all" and held else any(held)
    return found is not (one.operator.negated != flipped)


def _operator(value, type_, is_time, operator, zone, now):
    """Without `not`. Of what is missing nothing is true but that, and that it is not equal to something."""
    name = operator.type
    if name == "IsNull":
        return value is None
    if value is None:
        return name in ("NotEqual", "NotIn")
    if name.startswith("Time") or is_time:
        return _time(value, operator, ZoneInfo(zone), now)
    if type_ == "BOOLEAN" or not re.match(r".*INT|DOUBLE|FLOAT|DECIMAL", type_):
        return _text(value if type_ == "BOOLEAN" else str(value), operator)
    match operator.operand:
        case One(number):
            return _compared(_ordered(value), name, _ordered(_as(type_, number)))
        case Many(numbers):
            return any(_ordered(value) == _ordered(_as(type_, one)) for one in numbers) is (name == "In")
        case Range(low, high):
            above = low is None or _ordered(value) >= _ordered(_as(type_, low))
            return above and (high is None or _ordered(value) <= _ordered(_as(type_, high)))


def _as(type_, number):
    if type_ == "FLOAT":
        return float(numpy.float32(number))
    return Decimal(repr(number)) if type_.startswith("DECIMAL") else number


def _ordered(number):
    """NaN is equal to itself, and above all others."""
    return (1, 0) if isinstance(number, float) and math.isnan(number) else (0, number)


def _compared(value, name, other):
    return {
        "Equal": value == other,
        "NotEqual": value != other,
        "Greater": value > other,
        "GreaterEqual": value >= other,
        "Less": value < other,
        "LessEqual": value <= other,
    }[name]


def _text(value, operator):
    tests = {
        "Contain": lambda part: part in value,
        "StartWith": lambda part: value.startswith(part),
        "EndWith": lambda part: value.endswith(part),
    }
    match operator.operand:
        case One(text):
            if operator.type == "Regexp":
                return bool(re.search(text, value))
            return (value == text) is (operator.type == "Equal")
        case Many(texts):
            if operator.type in tests:
                return any(map(tests[operator.type], texts))
            return (value in texts) is (operator.type == "In")


def _time(value, operator, zone, now):
    """Each value stands for a stretch of time [first, after), as each operand does."""
    local = now.astimezone(zone)
    operand, name = operator.operand, operator.type
    if name == "TimeToday":
        return _place(value, zone, _day(local.date(), zone)) == 0
    if name.startswith("TimeWithin"):
        sign = -1 if name == "TimeWithinPast" else 1
        bounds = sorted([now, moved(local, sign * operand.value, operand.unit)])
        if isinstance(value, date) and not isinstance(value, datetime):
            return bounds[0].astimezone(zone).date() <= value <= bounds[1].astimezone(zone).date()
        if isinstance(value, datetime) and value.tzinfo is None:
            return _wall(bounds[0], zone) <= value <= _wall(bounds[1], zone)
        return _comparable(bounds[0], value) <= _comparable(value) <= _comparable(bounds[1], value)
    if isinstance(operand, One):
        place = _place(value, zone, _named(operand.value, zone))
        return {
            "Equal": place == 0,
            "NotEqual": place != 0,
            "Greater": place > 0,
            "GreaterEqual": place >= 0,
            "Less": place < 0,
            "LessEqual": place <= 0,
        }[name]
    low, high = (operand.min, operand.max) if isinstance(operand, Range) else (operand.since, operand.until)
    above = low is None or _place(value, zone, _named(low, zone)) >= 0
    return above and (high is None or _place(value, zone, _named(high, zone)) <= 0)


def _place(value, zone, stretch):
    """-1, 0 or 1: the value is before, within or after the stretch of time."""
    first, after = stretch
    if isinstance(value, date) and not isinstance(value, datetime):
        last = (after - timedelta(microseconds=1)).astimezone(zone).date()
        return -1 if value < first.astimezone(zone).date() else int(value > last)
    if isinstance(value, datetime) and value.tzinfo is None:
        return -1 if value < _wall(first, zone) else int(value >= _wall(after, zone))
    value, first, after = _comparable(value), _comparable(first, value), _comparable(after, value)
    return -1 if value < first else int(value >= after)


def _comparable(value, other=None):
    """An instant as it is, or UNIX seconds if the other is a number of them."""
    if isinstance(value, datetime):
        return value if other is None or isinstance(other, datetime) else _ordered(int(value.timestamp()))
    return _ordered(value)


def _wall(when, zone):
    return when.astimezone(zone).replace(tzinfo=None)


def _named(value, zone):
    if isinstance(value, int):
        first = datetime.fromtimestamp(value, UTC)
        return first, first + timedelta(seconds=1)
    if len(value) == 10:
        return _day(date.fromisoformat(value), zone)
    first = datetime.fromisoformat(value)
    first = (first if first.tzinfo else first.replace(tzinfo=zone)).astimezone(UTC)
    return first, first + timedelta(seconds=1)


def _day(day, zone):
    return tuple(
        datetime(one.year, one.month, one.day, tzinfo=zone).astimezone(UTC) for one in (day, day + timedelta(days=1))
    )


def moved(local, by, unit):
    if unit in SECONDS:
        return local.astimezone(UTC) + timedelta(seconds=by * SECONDS[unit])
    if unit in DAYS:
        return (local + timedelta(days=by * DAYS[unit])).astimezone(UTC)
    month = local.year * 12 + local.month - 1 + by * MONTHS[unit]
    year, month = month // 12, month % 12 + 1
    return local.replace(year=year, month=month, day=min(local.day, monthrange(year, month)[1])).astimezone(UTC)
