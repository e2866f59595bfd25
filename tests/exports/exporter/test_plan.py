"""What stops an export before its first row."""

import pyarrow as pa
import pytest

from exports.exporter.mapping import Column
from exports.exporter.plan import PlanError
from tests.exports.exporter.rows import GOOD, all_columns, column, plan_of, table


def problems(batch, mapping=None, **options):
    with pytest.raises(PlanError) as error:
        plan_of(batch, mapping, **options)
    return [(p.field, p.text) for p in error.value.problems]


def test_a_missing_column_is_an_error_before_anything_is_sent():
    assert problems(table([GOOD]).drop_columns(["phone"])) == [("phone", "the query’s result has no column “phone”")]


def test_a_column_of_a_type_that_can_not_be_the_field_is_an_error():
    batch = column("phone", pa.array([{"number": "1"}]))
    ((field, text),) = problems(batch)
    assert (field, text.startswith("the column “phone” is of type struct<number: string>; text is needed")) == (
        "phone",
        True,
    )


def test_a_type_counts_only_where_the_column_is_mapped():
    batch = column("phone", pa.array([{"number": "1"}]))
    names = [name for name in batch.schema.names if name != "phone"]
    assert plan_of(batch, all_columns(names)).columns == tuple(names)


def test_all_problems_come_at_once():
    mapping = {**all_columns(), "title": Column("x"), "url": Column("y"), "nope": Column("z")}
    assert [field for field, _ in problems(table([GOOD]), mapping)] == ["nope", "url", "title"]


def test_an_unknown_time_zone_is_an_error():
    assert problems(table([GOOD]), time_zone="Asia/Edo") == [("", "there is no time zone “Asia/Edo”")]
    assert problems(table([GOOD]), time_zone="../etc") == [("", "there is no time zone “../etc”")]


def test_a_plan_knows_its_window_and_each_column_once():
    plan = plan_of(table([GOOD]), {**all_columns(), "external_id": Column("click_id")})
    assert plan.window.max_age == 90 * 86400
    assert plan.columns.count("click_id") == 1
