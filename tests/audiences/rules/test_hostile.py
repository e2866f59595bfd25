"""Names and values that look like SQL mean themselves."""

import duckdb
from hypothesis import example, given, settings
from hypothesis import strategies as st

from audiences.rules import compiling, text
from audiences.rules.parsing import parse
from audiences.rules.schema import BehaviorTable, Schema

_LETTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
VALUES = st.text(_LETTERS, min_size=1, max_size=20) | st.sampled_from(
    ["'", "''; DROP TABLE customers; --", "\\'", "\n", "\r\n", "__SQLGLOT__LB__", "$$", "/*", "%_", "{{x}}", "?", "$1"]
)
NAMES = VALUES.map(lambda name: name + "x")  # never one that the tables have beside it


@settings(max_examples=60, deadline=None)
@given(NAMES, VALUES)
@example('a"b', "__SQLGLOT__LB__\n")
@example("customers", "'")
def test_names_and_values_mean_themselves(name, value):
    schema = Schema(
        "shop", "customers", {"id": "BIGINT", name: "VARCHAR", "list": "VARCHAR[]"}, {name: _behavior(name)}, key="id"
    )
    connection = duckdb.connect(config={"threads": 1})
    column = '"' + name.replace('"', '""') + '"'
    connection.execute(
        f'CREATE SCHEMA shop; CREATE TABLE shop.customers (id BIGINT, {column} VARCHAR, "list" VARCHAR[])'
    )
    connection.execute(f"CREATE TABLE shop.orders (id BIGINT, time BIGINT, {column} VARCHAR)")
    connection.execute("INSERT INTO shop.customers VALUES (1, $1, [$1]), (2, $1 || '!', ['!' || $1])", [value])
    connection.execute("INSERT INTO shop.orders VALUES (1, 1, $1), (2, 1, '!' || $1)", [value])
    source = next(iter(schema.sources()))
    events = {"type": "Column", "column": name, "operator": {"type": "Equal", "rightValue": value}}
    conditions = [
        _value(name, "Equal", rightValue=value),
        _value(name, "In", rightValues=[value, "another"]),
        _value(name, "EndWith", rightValues=[value, f"{value}{value}"]),
        _value("list", "StartWith", rightValues=[value]),
        {
            "type": "Value",
            "leftValue": {
                "name": "",
                "source": {"name": source},
                "aggregation": {"type": "Count"},
                "filter": {"type": "And", "conditions": [events]},
            },
            "operator": {"type": "Equal", "rightValue": 1},
        },
    ]
    for condition in conditions:
        rule = parse({"type": "And", "conditions": [condition]}, schema)
        found = connection.execute(text.sql(compiling.select(rule, schema, None))).fetchall()
        expected = [(1, value, [value])]
        if condition["operator"]["type"] == "EndWith" and (value + "!").endswith((value, value + value)):
            expected.append((2, value + "!", ["!" + value]))
        if condition["leftValue"]["name"] == "list" and ("!" + value).startswith(value):
            expected.append((2, value + "!", ["!" + value]))
        assert sorted(found) == expected


def _value(name, operator, **operand):
    return {"type": "Value", "leftValue": {"name": name}, "operator": {"type": operator, **operand}}


def _behavior(name):
    return BehaviorTable("shop", "orders", "id", "BIGINT", "id", "BIGINT", "time", "BIGINT", {name: (name, "VARCHAR")})
