"""What a sample of rows says of a mapping, finished or not."""

import pyarrow as pa
import pytest

from exports.exporter.mapping import Column, Constant
from exports.exporter.verdicts import sample_payload, verdicts
from integrations.connectors.line_conversion import CONNECTOR
from tests.exports.exporter.rows import GOOD, NOW, SETTINGS, all_columns, column, plan_of, table

HASH = "0a" * 32


def of(batch, mapping=None, settings=SETTINGS):
    mapping = all_columns() if mapping is None else mapping
    return verdicts(CONNECTOR, mapping, settings, batch, now=NOW, time_zone="Asia/Tokyo")


def test_it_counts_values_by_what_becomes_of_them():
    values = ["+819012345678", HASH, HASH.upper(), "080", "090", None, ""]
    phone = of(table([{**GOOD, "phone": value} for value in values])).fields["phone"]
    assert (phone.valid, phone.invalid, phone.empty, phone.hashed, phone.to_hash) == (3, 2, 2, 2, 1)
    assert phone.sample == "+81 90 •••• 5678"
    assert phone.reason.startswith("2 of 7: must be a phone number with its country code")


def test_a_sample_value_that_is_invalid_is_shown_where_none_is_valid():
    assert of(table([{**GOOD, "email": "kana"}])).fields["email"].sample == "k•••"


def test_rows_are_counted_and_the_outcome_is_said():
    rows = [GOOD] * 95 + [{**GOOD, "phone": "080"}] * 5
    found = of(table(rows))
    assert (found.valid, found.invalid) == (95, 5)
    assert found.outcome_on == "95 of 100 rows of the sample would be sent; 5 would be skipped."
    assert found.outcome_off == "Nothing would be sent: 5 of 100 rows of the sample are invalid."


@pytest.mark.parametrize(
    ("rows", "outcome"),
    [
        ([], "The sample has no rows."),
        ([GOOD] * 2, "All 2 rows of the sample would be sent."),
        ([{}], "None of the 1 rows of the sample would be sent: all are invalid."),
    ],
)
def test_the_outcome_of_all_or_nothing(rows, outcome):
    assert of(table(rows)).outcome_on == outcome


def test_an_unfinished_mapping_has_verdicts():
    found = of(table([GOOD, GOOD]), {"event_type": Column("event_type"), "click_id": Column("click_id")})
    assert list(found.fields) == ["event_type", "click_id"]
    assert (found.fields["event_type"].valid, found.valid, found.invalid) == (2, 0, 2)


def test_a_field_that_can_not_be_read_says_why():
    mapping = {**all_columns(), "title": Column("x"), "source_type": Constant("app"), "bogus": Column("title")}
    found = of(column("phone", pa.array([[1]])), mapping)
    assert found.fields["title"].problem == "the query’s result has no column “x”"
    assert found.fields["source_type"].problem == "the constant “app” must be web"
    assert "text is needed" in found.fields["phone"].problem
    assert "bogus" not in found.fields


def test_reasons_of_whole_rows_are_told():
    found = of(table([GOOD, {**GOOD, "click_id": None}]))
    assert found.reason.startswith("1 of 2: has no identifier")


def test_a_constant_has_a_verdict():
    found = of(table([GOOD, GOOD]), {**all_columns(), "email": Constant("kana@example.jp")})
    assert (found.fields["email"].valid, found.fields["email"].to_hash) == (2, 2)


def test_the_sample_payload_is_the_first_good_event_masked():
    batch = table([{**GOOD, "url": "bad"}, {**GOOD, "deduplication_key": "k2", "email": "kana@example.jp"}])
    payload = sample_payload(plan_of(batch), batch)
    assert payload["event"]["deduplication_key"] == "k2"
    assert "…" in payload["user"]["email"]


def test_there_is_no_sample_payload_without_a_good_row():
    batch = table([{}])
    assert sample_payload(plan_of(batch), batch) is None
