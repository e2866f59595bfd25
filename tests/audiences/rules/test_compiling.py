"""Compiled rules on DuckDB, held against the plain evaluation in Python."""

from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audiences.rules import compiling, text, words
from audiences.rules.parsing import parse
from tests.audiences.rules import reference
from tests.audiences.rules import tables as made

WHEN = datetime.fromtimestamp(made.NOW, UTC)


def found(connection, rule, schema, others):
    outputs = [("key", compiling.column("id", schema))]
    query = text.sql(compiling.select(rule, schema, others, outputs))
    return sorted(row[0] for row in connection.execute(query).fetchall())


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(made.tables(), made.rules(), st.lists(made.rules(made.LEAVES | made.REFERENCES), min_size=4, max_size=4))
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
