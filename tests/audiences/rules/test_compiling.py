"""Compiled rules on DuckDB, held against the plain evaluation in Python."""

import itertools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audiences.rules import compiling, operators, text, words
from audiences.rules.parsing import parse
from tests.audiences.rules import reference
from tests.audiences.rules import tables as made

WHEN = datetime.fromtimestamp(made.NOW, UTC)


def found(connection, rule, schema, others):
    outputs = [("key", compiling.column("id", schema))]
    query = text.sql(compiling.select(rule, schema, others, outputs))
    return sorted(row[0] for row in connection.execute(query).fetchall())


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(made.tables(), st.lists(made.LEAVES, min_size=20, max_size=20))
def test_each_condition_holds_for_the_customers_that_it_means(tables, given):
    compare(tables, given)


def compare(tables, conditions):
    """Each on its own, for all customers at once."""
    rules = [parse({"type": "And", "conditions": [one]}, tables.schema) for one in conditions]
    outputs = [("key", compiling.column("id", tables.schema))]
    outputs += [(f"{n}", compiling.condition(rule, tables.schema, None)) for n, rule in enumerate(rules)]
    everyone = parse({"type": "And", "conditions": []}, tables.schema)
    query = text.sql(compiling.select(everyone, tables.schema, None, outputs))
    rows = made.connect(tables).execute(query).fetchall()
    for n, rule in enumerate(rules, 1):
        held = sorted(row[0] for row in rows if row[n])
        assert held == reference.customers_in(rule, tables, WHEN, {}), words.sentence(rule, tables.schema, {})


def test_any_number_of_events_is_told_from_any_other():
    customers = [a_customer(id=f"c{n}") for n in range(4)]
    orders = [an_order(customer=f"c{n}", time=made.NOW) for n in range(4) for _ in range(n)]
    comparisons = ["Equal", "NotEqual", "Greater", "GreaterEqual", "Less", "LessEqual"]
    left = {"name": "", "source": {"name": "behavior_orders"}, "aggregation": {"type": "Count"}}
    conditions = [
        {"type": "Value", "leftValue": left, "operator": {"type": operator, "rightValue": number, "not": negated}}
        for operator in comparisons
        for number in (-1, 0, 0.5, 1, 2, 3)
        for negated in (True, False)
    ]
    compare(made.Tables(made.schema(), customers, {"orders": orders, "visits": [], "calls": []}), conditions)


@pytest.mark.parametrize("zone", made.ZONES)
def test_durations_end_to_the_second(zone):
    conditions, moments = [], []
    for unit, value, sign in itertools.product(operators.UNITS, (1, 2), (-1, 1)):
        type_ = "TimeWithinPast" if sign < 0 else "TimeWithinNext"
        operator = {"type": type_, "value": value, "unit": unit}
        conditions += [
            {"type": "Value", "leftValue": {"name": name}, "operator": operator}
            for name in ("registered", "seen", "last_purchase", "birthday")
        ]
        bound = reference.moved(WHEN.astimezone(ZoneInfo(zone)), sign * value, unit)
        moments += [bound + timedelta(seconds=seconds) for seconds in (-1, 0, 1)]
    customers = [
        a_customer(
            id=f"c{n:03}",
            registered=moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None),
            seen=moment,
            last_purchase=int(moment.timestamp()),
            birthday=moment.astimezone(ZoneInfo(zone)).date() + timedelta(days=n % 3 - 1),
        )
        for n, moment in enumerate(moments)
    ]
    compare(made.Tables(made.schema(zone), customers, {"orders": [], "visits": [], "calls": []}), conditions)


def a_customer(**values):
    return dict.fromkeys(made.CUSTOMERS) | values


def an_order(**values):
    return dict.fromkeys(made.EVENTS["orders"]) | values


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(made.tables(), made.rules(), st.lists(made.rules(made.LEAVES | made.REFERENCES), min_size=3, max_size=3))
def test_compiled_rules_find_the_customers_that_they_mean(tables, other, given):
    others = {7: parse(other, tables.schema)}
    connection = made.connect(tables)
    for data in given:
        rule = parse(data, tables.schema, {7: "Other"})
        expected = reference.customers_in(rule, tables, WHEN, others)
        assert found(connection, rule, tables.schema, others.get) == expected
        counted = text.sql(compiling.count(rule, tables.schema, others.get))
        assert connection.execute(counted).fetchall() == [(len(expected),)]
        assert parse(rule.to_json(), tables.schema, {7: "Other"}) == rule
        assert words.sentence(rule, tables.schema, {7: "Other"})


def test_no_more_customers_are_counted_than_the_limit_lets_in():
    """DuckDB counted all of these, as if the limit were not there."""
    orders = {"name": "time", "source": {"name": "behavior_orders"}, "aggregation": {"type": "Count"}}
    none = {"type": "Value", "leftValue": orders, "operator": {"type": "Equal", "rightValue": 0}}
    tables = made.Tables(made.schema(), [a_customer(id=key) for key in "abc"], {name: [] for name in made.EVENTS})
    rule = parse({"type": "Or", "conditions": [none, none], "limit": 1}, tables.schema)
    counted = text.sql(compiling.count(rule, tables.schema, {}.get))
    assert made.connect(tables).execute(counted).fetchall() == [(1,)]
