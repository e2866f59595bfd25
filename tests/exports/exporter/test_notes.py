"""The notes of a slice say of every row what the reference says of it."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exports.exporter import notes
from exports.exporter.mapping import Constant
from exports.exporter.pipeline import batches, check_only, invalid_rows
from exports.exporter.readiness import BLANK, Hygiene, Summary, summary
from exports.exporter.reasons import row_values
from integrations.connectors.line_conversion import CONNECTOR
from tests.exports.exporter.rows import FIELDS, GOOD, NOW, all_columns, plan_of, table
from tests.exports.exporter.test_agreement import HEX, table_of

PLACES = notes.bits(CONNECTOR)
DAY = 86400


def taken(plan, batch):
    """The notes of the batch, by the checks."""
    heard = []
    check_only(plan, [(0, batch)], heard.append)
    return notes.notes(heard[0])


def counted(plan, batch):
    """The same as a summary."""
    found = taken(plan, batch)
    good = found.marks >> PLACES[notes.GOOD] & 1 == 1
    bits = {mark: int((found.marks >> place & 1).sum()) for mark, place in PLACES.items()}
    values = {name: digests[digests != 0] for name, digests in found.digests.items()}
    most = {n: np.unique(v, return_counts=True)[1].max(initial=0) for (kind, n), v in values.items() if kind == "hash"}
    later = {code: len(v) - len(set(v.tolist())) for (kind, code), v in values.items() if kind == "repeat"}
    return Summary(
        rows=int(good.sum()),
        identifiers={name: bits["has", name] for name in CONNECTOR.identifiers},
        warnings={mark[1]: bits[mark] for mark in PLACES if mark[0] == "warns"} | later,
        hashes={n: Hygiene(bits["upper", n], bits["blank", n], int(most[n])) for n in most},
    )


def expected(plan, batch):
    return summary(plan, row_values(plan, batch, np.arange(len(batch))))


def both(rows, mapping=None):
    """What both say of these rows, GOOD but for what is given."""
    batch = table([{**GOOD, **row} for row in rows])
    plan = plan_of(batch, mapping)
    assert counted(plan, batch) == expected(plan, batch)
    return expected(plan, batch)


CHOICES = {
    "deduplication_key": ["k1", "k2", "k" * 200],
    "event_timestamp": [NOW - 30 * DAY, NOW - 30 * DAY - 1, NOW - 89 * DAY, NOW],
    "event_name": ["Purchase", "Purchas", "purchase", "Conversion", None, ""],
    "phone": ["+818012345678", "+81 80-1234-5678", HEX, HEX.upper(), BLANK, BLANK.upper(), "080", None],
    "email": ["a@b.jp", " A@B.jp", "A@b.jp", HEX, f" {HEX}", f" {HEX.upper()} ", BLANK, "foo", None],
    "line_uid": ["U" + "0f" * 16, None, None],
    "browser_id": ["123e4567-e89b-12d3-a456-426614174000", None],
    "click_id": ["abc", None, None, None, "!"],
    "external_id": ["e1", "", None],
}


@settings(deadline=None, max_examples=60)
@given(st.randoms(use_true_random=True), st.integers(1, 80))
def test_likely_rows_are_counted_as_the_reference_counts_them(random, size):
    batch = table([{**GOOD, **{name: random.choice(values) for name, values in CHOICES.items()}} for _ in range(size)])
    start = random.randrange(len(batch))
    plan = plan_of(batch)
    assert counted(plan, batch.slice(start)) == expected(plan, batch.slice(start))


@settings(deadline=None, max_examples=60)
@given(st.randoms(use_true_random=True), st.integers(1, 60))
def test_hostile_tables_of_many_types_too(random, size):
    batch = table_of(random, size)
    plan = plan_of(batch)
    assert counted(plan, batch) == expected(plan, batch)


def test_a_bad_row_has_been_seen_and_has_no_other_mark():
    batch = table([{**GOOD, "email": "foo", "event_name": "Purchase"}])
    assert taken(plan_of(batch), batch).marks.tolist() == [1 << PLACES[notes.SEEN]]


def test_old_is_older_than_thirty_days():
    found = both([{"event_timestamp": NOW - 30 * DAY}, {"event_timestamp": NOW - 30 * DAY - 1}])
    assert found.warnings["old"] == 1


def test_browser_id_and_external_id_are_weak():
    browser = {"browser_id": "123e4567-e89b-12d3-a456-426614174000", "click_id": None}
    found = both([browser, {**browser, "external_id": "e"}, {**browser, "line_uid": "U" + "0f" * 16}])
    assert (found.warnings["only_weak"], found.identifiers["browser_id"], found.identifiers["phone"]) == (2, 3, 0)


def test_a_purchase_needs_a_value():
    rows = [{"event_name": "Purchase", "value": value} for value in ("980", "0", None, "")]
    found = both([*rows, {"event_name": "Conversion"}, {"event_name": "purchase"}])
    assert found.warnings["no_value"] == 2


def test_of_repeats_the_later_ones_count():
    keys = ["a", "a", "a", "b", "undefined", "undefined"]
    found = both([{"deduplication_key": key, "event_name": "x"} for key in keys])
    assert (found.rows, found.warnings["repeated"]) == (4, 2)


def test_another_event_name_makes_another_event():
    names = ["x", "y", None, "", None]
    assert both([{"event_name": name} for name in names]).warnings["repeated"] == 2


def test_hashes_are_told_by_their_case_and_by_being_of_nothing():
    emails = [HEX, HEX.upper(), f" {HEX}", BLANK.upper(), "KANA@example.jp", "kana@example.jp", None]
    assert both([{"email": email} for email in emails]).hashes["email"] == Hygiene(upper=2, blank=1, most=3)


@pytest.mark.parametrize("email", ["A@B.jp", HEX.upper(), BLANK])
def test_constants_stand_on_every_row(email):
    constants = {"email": email, "event_name": "Purchase", "external_id": "x", "event_timestamp": NOW - 40 * DAY}
    mapping = all_columns() | {name: Constant(value) for name, value in constants.items()}
    found = both([{}, {"deduplication_key": "k2"}, {}], mapping)
    assert (found.warnings["old"], found.warnings["repeated"], found.warnings["no_value"]) == (3, 1, 3)
    assert (found.identifiers["email"], found.hashes["email"].most) == (3, 3)


def test_what_is_not_mapped_is_not_there():
    mapping = {name: source for name, source in all_columns().items() if name not in ("email", "phone", "event_name")}
    found = both([{"email": "a@b.jp", "event_name": "Purchase"}], mapping)
    assert (found.hashes, found.identifiers["email"], found.warnings["no_value"]) == ({}, 0, 0)


def test_every_way_through_the_checks_is_heard():
    batch = table([{**GOOD, "deduplication_key": f"k{n}", "url": "bad" if n == 5 else None} for n in range(25_000)])
    plan, heard, again, third = plan_of(batch), [], [], []
    list(batches(plan, [(7, batch)], max_events=999, max_bytes=10**8, listener=heard.append))
    list(invalid_rows(plan, [(7, batch)], max_bytes=10**8, listener=again.append))
    list(invalid_rows(plan, [(7, batch)], max_bytes=600, listener=third.append))
    assert [h.first_row for h in heard] == [7, 10_007, 20_007]
    taken = [np.concatenate([notes.notes(h).marks for h in each]).tolist() for each in (heard, again, third)]
    assert taken[0] == taken[1] == taken[2]


def test_a_summary_comes_back_from_json():
    found = both([{"email": "a@b.jp"}])
    assert Summary.from_json(found.to_json()) == found
    assert Summary.from_json({}) == Summary()


def test_a_numeric_key_is_counted_by_its_digits():
    batch = table([GOOD] * 3, deduplication_key=pa.string())
    batch = batch.set_column(FIELDS.index("deduplication_key"), "deduplication_key", pa.array([7, 7, 8]))
    assert counted(plan_of(batch), batch).warnings["repeated"] == 1
