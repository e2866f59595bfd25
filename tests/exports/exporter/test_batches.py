"""Cutting: every row in exactly one batch, requests full but for the last, never too large."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exports.exporter.batches import MOST_REJECTS, Body, cut
from integrations.spec import EpochWindow
from tests.exports.exporter.chunks import NOW, chunk_of, chunks_of, event_text, rows_in_body


def ranges(batches):
    return [(b.first_row, b.end_row, b.rows.tolist(), [row for row, _ in b.rejects]) for b in batches]


def test_a_batch_ends_after_its_last_event():
    found = cut(chunks_of([5, None, 5, None, 5]), max_events=2, max_bytes=1000)
    assert ranges(found) == [(0, 3, [0, 2], [1]), (3, 5, [4], [3])]


def test_bad_rows_at_the_end_belong_to_the_last_batch():
    found = cut(chunks_of([5, 5, 5, None], [None]), max_events=2, max_bytes=1000)
    assert ranges(found) == [(0, 2, [0, 1], []), (2, 5, [2], [3, 4])]


def test_bad_rows_alone_are_a_batch_without_events():
    found = list(cut(chunks_of([None, None]), max_events=2, max_bytes=1000))
    assert ranges(found) == [(0, 2, [], [0, 1])]
    assert (found[0].events, found[0].oldest, found[0].fields) == (0, None, set())


def test_no_rows_are_no_batch():
    assert list(cut(chunks_of([]), max_events=2, max_bytes=1000)) == []


def test_many_bad_rows_in_a_row_are_not_kept_in_memory():
    found = cut(chunks_of([None] * 10_000, [None] * 3, [5]), max_events=2, max_bytes=1000)
    assert [(b.first_row, b.end_row, b.events) for b in found] == [(0, 10_000, 0), (10_000, 10_004, 1)]


def test_many_bad_rows_between_good_ones_are_not_kept_in_memory():
    sparse = [[5, *[None] * 9_999]] * 12
    found = list(cut(chunks_of(*sparse), max_events=1000, max_bytes=10_000))
    assert max(len(b.rejects) for b in found) <= MOST_REJECTS + 9_999
    assert [b.events for b in found] == [6, 6]
    assert [(b.first_row, b.end_row) for b in found] == [(0, 60_000), (60_000, 120_000)]


@pytest.mark.parametrize("group", [[None] * 10_000, [5, *[None] * 59_999]])
def test_what_is_left_of_a_divided_batch_stays_together(group):
    left = list(chunks_of(group, [5]))
    assert len(list(cut(left, max_events=1000, max_bytes=10_000, divided=True))) == 1
    assert len(list(cut(left, max_events=1000, max_bytes=10_000))) == 2


def test_an_event_larger_than_a_request_is_a_reject():
    found = list(cut(chunks_of([5, 500, 5]), max_events=10, max_bytes=100))
    assert ranges(found) == [(0, 3, [0, 2], [1])]
    assert found[0].rejects[0][1][0][1].code == "too_large"
    assert rows_in_body(found[0]) == [0, 2]


ONE = len(event_text(0, 3)) + 2
TWO = 2 * len(event_text(0, 3)) + 3


@pytest.mark.parametrize(("max_bytes", "events"), [(TWO, [2]), (TWO - 1, [1, 1]), (ONE, [1, 1]), (ONE - 1, [0])])
def test_the_byte_limit_is_exact(max_bytes, events):
    found = cut(chunks_of([3, 3]), max_events=10, max_bytes=max_bytes)
    assert [b.events for b in found] == events


def test_chunks_with_a_gap_are_an_error():
    with pytest.raises(ValueError, match="rows from 1 were expected, not from 5"):
        list(cut([chunk_of(0, [5]), chunk_of(5, [5])], max_events=9, max_bytes=1000))


SIZES = st.lists(st.one_of(st.none(), st.integers(0, 60)), max_size=12)


@settings(deadline=None, max_examples=150)
@given(st.lists(SIZES, max_size=6), st.integers(1, 7), st.integers(30, 180))
def test_cutting_partitions_the_rows(groups, max_events, max_bytes):
    found = list(cut(chunks_of(*groups), max_events=max_events, max_bytes=max_bytes))
    edges = [0, *(b.end_row for b in found)]
    assert [b.first_row for b in found] == edges[:-1]
    assert edges[-1] == sum(map(len, groups))
    for batch in found:
        bad = [row for row, _ in batch.rejects]
        assert sorted([*batch.rows.tolist(), *bad]) == list(range(batch.first_row, batch.end_row))
        assert rows_in_body(batch) == batch.rows.tolist() if batch.events else not batch.rows.size
        assert len(batch.body) == len(b"".join(batch.body)) <= max_bytes
    for batch, following in pairwise(found):
        room = max_bytes - len(batch.body)
        following_first = len(b"".join(following.part(0, 1).body)) - 1 if following.events else 0
        assert batch.events == max_events or following_first > room


@settings(deadline=None, max_examples=60)
@given(SIZES, st.lists(st.integers(1, 4)), st.integers(1, 5))
def test_batches_are_the_same_however_the_rows_came(sizes, lengths, max_events):
    groups, at = [], 0
    for length in lengths:
        groups.append(sizes[at : at + length])
        at += length
    groups.append(sizes[at:])
    whole = cut(chunks_of(sizes), max_events=max_events, max_bytes=120)
    assert ranges(cut(chunks_of(*groups), max_events=max_events, max_bytes=120)) == ranges(whole)


@settings(deadline=None, max_examples=80)
@given(st.lists(SIZES, min_size=1, max_size=4), st.data())
def test_parts_of_a_batch_partition_its_rows(groups, data):
    for batch in cut(chunks_of(*groups), max_events=100, max_bytes=10_000):
        if batch.events < 2:
            continue
        middle = data.draw(st.integers(1, batch.events - 1))
        left, right = batch.part(0, middle), batch.part(middle, batch.events)
        assert (left.first_row, left.end_row, right.end_row) == (batch.first_row, right.first_row, batch.end_row)
        assert [left.events, right.events] == [middle, batch.events - middle]
        assert [*rows_in_body(left), *rows_in_body(right)] == batch.rows.tolist()
        assert [*left.rejects, *right.rejects] == batch.rejects


def test_a_part_in_the_middle_of_many_chunks():
    (batch,) = cut(chunks_of([5, None, 5], [None], [5, 5], [5]), max_events=100, max_bytes=1000)
    assert ranges([batch.part(1, 4)]) == [(1, 6, [2, 4, 5], [1, 3])]
    assert batch.event(3) == {"web": {"title": "5 xxxxx"}}


@pytest.mark.parametrize(("first", "end"), [(0, 0), (1, 1), (0, 4), (-1, 2), (2, 1)])
def test_a_part_has_events(first, end):
    (batch,) = cut(chunks_of([5, 5, 5]), max_events=100, max_bytes=1000)
    with pytest.raises(ValueError, match="no part"):
        batch.part(first, end)


def test_a_batch_knows_the_times_and_fields_of_its_events():
    (batch,) = cut(chunks_of([5, 5, 5, 5]), max_events=100, max_bytes=1000)
    assert (batch.oldest, batch.newest, batch.fields) == (NOW, NOW + 3, {"line_uid"})
    assert batch.part(0, 3).fields == set()


@pytest.mark.parametrize(
    ("now", "outside"),
    [(NOW, False), (NOW + 90, False), (NOW + 91, True), (NOW - 7, False), (NOW - 8, True)],
)
def test_a_batch_knows_when_an_event_leaves_the_window(now, outside):
    window = EpochWindow(max_age=90, max_ahead=10)
    (batch,) = cut(chunks_of([5, 5, 5, 5]), max_events=100, max_bytes=1000, window=window)
    assert batch.outside_window(now) is outside


def test_a_body_can_be_sent_again():
    body = Body([b"[", b"", b"{}", b"]"])
    assert (len(body), list(body), list(body)) == (4, [b"[", b"{}", b"]"], [b"[", b"{}", b"]"])
