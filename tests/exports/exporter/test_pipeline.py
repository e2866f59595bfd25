"""The line put together: numbered record batches in, batches out."""

import threading
from decimal import Decimal

import orjson
import pyarrow as pa
import pytest

from exports.exporter import pipeline
from exports.exporter.pipeline import batches, invalid_rows, prefetched
from tests.exports.exporter.rows import GOOD, column, explained, plan_of, table

MANY = table(
    [{**GOOD, "deduplication_key": f"k{i}", "event_type": "bad" if i % 7 == 3 else "page_view"} for i in range(1000)]
)


def numbered(batch, first_row=0, size=300):
    for start in range(0, len(batch), size):
        yield first_row + start, batch.slice(start, size)


def keys(found):
    return [event["event"]["deduplication_key"] for b in found for event in orjson.loads(b"".join(b.body))]


def test_every_row_is_in_one_batch():
    plan = plan_of(MANY)
    found = list(batches(plan, numbered(MANY), max_events=100, max_bytes=10**8))
    events, rejects = explained(plan, MANY)
    assert keys(found) == [event["event"]["deduplication_key"] for event in events]
    assert [reject for b in found for reject in b.rejects] == rejects
    assert [b.events for b in found[:-1]] == [100] * (len(found) - 1)


def test_a_run_can_start_at_any_row():
    plan = plan_of(MANY)
    whole = list(batches(plan, numbered(MANY), max_events=100, max_bytes=10**8))
    start = whole[3].first_row
    rest = list(batches(plan, numbered(MANY.slice(start), start), max_events=100, max_bytes=10**8))
    assert [(b.first_row, b.end_row) for b in rest] == [(b.first_row, b.end_row) for b in whole[3:]]
    assert keys(rest) == keys(whole[3:])


def test_a_batch_has_the_window_of_its_plan():
    plan = plan_of(MANY)
    first = next(batches(plan, numbered(MANY), max_events=100, max_bytes=10**8))
    assert not first.outside_window(plan.now)
    assert first.outside_window(plan.now + 90 * 86400)


def test_heavy_rows_are_encoded_in_lighter_pieces(monkeypatch):
    monkeypatch.setattr(pipeline, "SLICE_BYTES", 2000)
    plan = plan_of(MANY)
    found = list(pipeline.chunks(plan, numbered(MANY)))
    assert len(found) > 20
    assert [c.first_row for c in found] == [0, *(c.end_row for c in found[:-1])]
    assert sum(c.events for c in found) == len(explained(plan, MANY)[0])


def test_a_dictionary_weighs_as_much_as_its_cells(monkeypatch):
    monkeypatch.setattr(pipeline, "SLICE_BYTES", 100_000)
    batch = column("title", pa.array(["x" * 1000] * 1000).dictionary_encode())
    assert len(list(pipeline.chunks(plan_of(batch), [(0, batch)]))) >= 10
    numbers = column("external_id", pa.array([Decimal(1)] * 2).dictionary_encode())
    assert len(list(pipeline.chunks(plan_of(numbers), [(0, numbers)]))) == 1


def test_a_list_weighs_as_much_as_its_items(monkeypatch):
    monkeypatch.setattr(pipeline, "SLICE_BYTES", 100_000)
    items, starts = pa.array(["x" * 100] * 10_000).dictionary_encode(), range(0, 10_001, 10)
    batch = column("item_ids", pa.ListArray.from_arrays(pa.array(starts, pa.int32()), items))
    assert len(list(pipeline.chunks(plan_of(batch), [(0, batch)]))) >= 10


def test_a_dictionary_of_lists_weighs_as_much_as_its_cells(monkeypatch):
    monkeypatch.setattr(pipeline, "SLICE_BYTES", 100_000)
    lists = pa.DictionaryArray.from_arrays(pa.array([0] * 1000), pa.array([["x" * 1000]]))
    batch = column("item_ids", lists)
    found = list(pipeline.chunks(plan_of(batch), [(0, batch)]))
    assert (len(found) >= 10, sum(c.events for c in found)) == (True, 1000)


def test_invalid_rows_are_those_that_batches_reject():
    plan = plan_of(MANY)
    assert list(invalid_rows(plan, numbered(MANY), max_bytes=10**8)) == explained(plan, MANY)[1]


def test_invalid_rows_include_events_too_large_for_a_request():
    batch = table([GOOD, {**GOOD, "user_agent": "x" * 1000}, {**GOOD, "url": "bad"}])
    plan = plan_of(batch)
    expected = [r for b in batches(plan, [(0, batch)], max_events=9, max_bytes=600) for r in b.rejects]
    found = list(invalid_rows(plan, [(0, batch)], max_bytes=600))
    assert found == expected
    assert [(row, why[0][1].code) for row, why in found] == [(1, "too_large"), (2, "pattern")]


def test_an_empty_record_batch_is_passed_over():
    plan = plan_of(MANY)
    assert list(batches(plan, [(0, MANY.slice(0, 0))], max_events=9, max_bytes=10**8)) == []
    assert list(invalid_rows(plan, [(0, MANY.slice(0, 0))], max_bytes=10**8)) == []


def threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("ahead")]


def test_the_next_item_is_made_while_the_caller_uses_the_present_one():
    made = [threading.Event() for _ in range(3)]

    def items():
        for at, event in enumerate(made):
            event.set()
            yield at

    found = prefetched(items())
    assert next(found) == 0
    assert made[1].wait(5)
    assert list(found) == [1, 2]
    assert threads() == []


def test_closing_ends_the_thread_and_closes_the_items():
    closed = []

    def items():
        try:
            yield from range(10)
        finally:
            closed.append(True)

    source = items()
    found = prefetched(source)
    next(found)
    found.close()
    assert (closed, threads()) == ([True], [])


def test_an_error_comes_out_where_the_item_was_due():
    def items():
        yield 1
        raise LookupError("no more")

    found = prefetched(items())
    assert next(found) == 1
    with pytest.raises(LookupError):
        next(found)
    assert threads() == []
