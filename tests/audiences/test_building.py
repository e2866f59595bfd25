"""The SQL of a build, run by DuckDB over small tables: one row a key, whatever the tables hold."""

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audiences import building
from audiences.building import CannotBuild
from audiences.definitions import Attributes, Column, Definition, Master

MASTER = Master("shop", "customers", "id")
SCORES = Attributes("crm", "scores", "who", "id", (Column("score", "score"),))
few = st.integers(0, 3)
masters = st.lists(st.tuples(st.none() | few, st.none() | few, few), max_size=8)
scores = st.lists(st.tuples(st.none() | few, st.none() | few), max_size=8)


def build(definition, tables):
    """`tables`: {(database, table): ({column: type}, rows)}. → (the report by table, the customers as dicts)."""
    connection = duckdb.connect()
    connection.execute("set threads = 1")
    for (database, table), (columns, rows) in tables.items():
        connection.execute(f'create schema if not exists "{database}"')
        shape = ", ".join(f"{building._named(name).sql(dialect='duckdb')} {kind}" for name, kind in columns.items())
        connection.execute(f'create table "{database}"."{table}" ({shape})')
        for row in rows:
            connection.execute(f'insert into "{database}"."{table}" values ({", ".join("?" * len(row))})', row)
    types = {name: columns for name, (columns, _) in tables.items()}
    report, customers = building.text(definition, types).split(";\n\n")
    connection.execute(report)
    counts = connection.execute("select source, without_key, repeated from build_report").fetchall()
    found = connection.execute(customers)
    names = [column[0] for column in found.description]
    return counts, [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@settings(max_examples=40, deadline=None)
@given(masters, scores)
def test_each_key_has_one_row_the_newest_and_attributes_never_multiply_it(customers, rows):
    tables = {
        ("shop", "customers"): ({"id": "BIGINT", "time": "BIGINT", "v": "BIGINT"}, customers),
        ("crm", "scores"): (
            {"who": "VARCHAR", "score": "BIGINT"},
            [(None if w is None else str(w), s) for w, s in rows],
        ),
    }
    counts, found = build(Definition(MASTER, (SCORES,)), tables)
    keyed = [row for row in customers if row[0] is not None]
    keys = {row[0] for row in keyed}
    assert sorted(row["id"] for row in found) == sorted(keys)
    for row in found:
        times = [time for key, time, _ in keyed if key == row["id"] and time is not None]
        assert (row["id"], row["time"], row["v"]) in keyed
        assert row["time"] == max(times, default=None)
        assert row["score"] in ({s for w, s in rows if w == row["id"]} or {None})
    assert counts[0] == ("shop.customers", len(customers) - len(keyed), len(keyed) - len(keys))


def test_of_rows_alike_in_time_the_same_one_is_taken_however_they_are_stored():
    columns = {"id": "VARCHAR", "time": "BIGINT", "v": "BIGINT"}
    rows = [("a", 1, n) for n in range(20)]
    taken = [build(Definition(MASTER), {("shop", "customers"): (columns, order)})[1] for order in (rows, rows[::-1])]
    assert taken[0] == taken[1]


def test_hostile_names_are_only_names():
    odd = 'we"ird; drop table x --'
    definition = Definition(
        Master("shop", "customers", odd), (Attributes("crm", "scores", odd, odd, (Column(odd, "x"),)),)
    )
    tables = {("shop", "customers"): ({odd: "VARCHAR"}, [("a",)]), ("crm", "scores"): ({odd: "VARCHAR"}, [("a",)])}
    assert build(definition, tables)[1] == [{odd: "a", "x": "a"}]


def test_a_column_that_came_to_the_master_under_an_attributes_name_stays_out():
    tables = {
        ("shop", "customers"): ({"id": "BIGINT", "score": "VARCHAR"}, [(1, "theirs")]),
        ("crm", "scores"): ({"who": "BIGINT", "score": "BIGINT"}, [(1, 7)]),
    }
    assert build(Definition(MASTER, (SCORES,)), tables)[1] == [{"id": 1, "score": 7}]


def test_it_says_which_column_is_gone():
    types = {("shop", "customers"): {"id": "BIGINT"}, ("crm", "scores"): {"who": "BIGINT"}}
    with pytest.raises(CannotBuild, match=r"crm\.scores has no column “score”"):
        building.text(Definition(MASTER, (SCORES,)), types)
