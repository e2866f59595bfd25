"""Warnings and readiness in words."""

import pytest

from exports.exporter.readiness import Hygiene, Summary
from exports.readiness import many, readiness, warned
from integrations.connectors.line_conversion import CONNECTOR


def lines(summary):
    return [(line.text, line.bad) for line in readiness(CONNECTOR, summary).lines]


def warnings(summary=None, refused=None, columns=None, rows=200):
    return warned(CONNECTOR, summary or Summary(), columns or {}, refused=refused or {}, rows=rows)


def test_each_identifier_has_its_share_and_the_weak_ones_are_marked():
    found = readiness(CONNECTOR, Summary(rows=200, identifiers={"email": 150, "browser_id": 3})).identifiers
    assert [i.name for i in found] == list(CONNECTOR.identifiers)
    by_name = {i.name: i for i in found}
    assert (by_name["email"].share, by_name["email"].weak) == (75.0, False)
    assert (by_name["browser_id"].rows, by_name["browser_id"].weak, by_name["phone"].rows) == (3, True, 0)


def test_without_a_good_row_there_is_no_readiness():
    assert readiness(CONNECTOR, Summary()) is None


def test_rows_with_weak_identifiers_only_are_told():
    assert lines(Summary(rows=200, warnings={"only_weak": 5})) == [
        ("5 rows (2.5%) with no other identifier than browser_id and external_id", True)
    ]
    assert lines(Summary(rows=200)) == [("0 rows with no other identifier than browser_id and external_id", False)]


def test_hygiene_says_what_is_wrong_and_what_is_not():
    told = lines(Summary(rows=2000, hashes={"email": Hygiene(1, 2, 21), "phone": Hygiene(0, 0, 20)}))
    assert told[1:] == [
        ("email: 1 row with a hash in upper case, sent in lower case", False),
        ("email: 2 rows with the hash of an empty text, which is nobody’s. Leave it out as NULL", True),
        ("email: one value stands on 21 rows (1.1%). Is it a placeholder?", True),
        ("phone: no value stands on more than 20 rows", False),
    ]


@pytest.mark.parametrize(
    ("most", "rows", "suspicious"), [(9, 10, False), (10, 10, True), (10, 1000, False), (11, 1000, True)]
)
def test_one_value_on_many_rows_is_ten_rows_and_more_than_one_percent(most, rows, suspicious):
    assert many(most, rows) is suspicious


def test_only_what_happened_is_warned_of_in_the_connectors_order():
    found = warnings(Summary(rows=100, warnings={"repeated": 3, "old": 50, "no_value": 0}))
    assert [(w.says, w.rows, w.share) for w in found] == [
        ("Older than 30 days", 50, 50.0),
        ("The event_name and deduplication_key of an earlier row", 3, 3.0),
    ]


@pytest.mark.parametrize(
    ("column", "sql"),
    [
        ("paid_at", "floor(paid_at / 1000) AS paid_at"),
        ('Paid "at"', 'floor("Paid ""at""" / 1000) AS "Paid ""at"""'),
    ],
)
def test_milliseconds_come_with_what_to_write(column, sql):
    (found,) = warnings(refused={("event_timestamp", "milliseconds"): 20}, columns={"event_timestamp": column})
    assert (found.rows, found.share, found.of, found.sql) == (20, 10.0, "all rows", sql)


@pytest.mark.parametrize(("rows", "told"), [(0, "0%"), (3, "<0.1%"), (10, "0.1%"), (9800, "100.0%")])
def test_some_rows_are_never_none(rows, told):
    found = readiness(CONNECTOR, Summary(rows=9800, identifiers={"ifa": rows})).identifiers
    assert next(i.percent for i in found if i.name == "ifa") == told
