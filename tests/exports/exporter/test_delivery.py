"""Delivery against a scripted destination: what is sent, in which order, and what becomes of each row."""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exports.exporter.batches import cut
from exports.exporter.delivery import Attempt, Cause, Halted, Reply, Settled, Stale, deliver, next_wait, pause
from exports.exporter.division import Division, Part
from exports.exporter.pipeline import batches
from integrations.connectors.line_conversion import CONNECTOR
from integrations.spec import Answer
from tests.exports.exporter.chunks import NOW, chunks_of, rows_in_body
from tests.exports.exporter.rows import GOOD, plan_of, table

WAITS = {"max_retry": 8, "initial_retry_wait": 15, "max_retry_wait": 3600}


class Destination:
    """Drops a request with a bad event, as LINE does; `script`: other replies, by the number of the request."""

    def __init__(self, bad=(), script=None):
        self.bad, self.script = set(bad), script or {}
        self.requests, self.accepted = 0, []

    def __call__(self, batch):
        self.requests += 1
        rows = rows_in_body(batch)
        if self.requests in self.script:
            return self.script[self.requests]
        if self.bad.intersection(rows):
            return Reply(400)
        self.accepted += rows
        return Reply(202)


def batch_of(sizes):
    (batch,) = cut(chunks_of(sizes), max_events=100_000, max_bytes=10**8)
    return batch


def run(batch, destination, **options):
    return list(deliver(batch, destination, CONNECTOR, clock=lambda: NOW, **options))


def settled(steps):
    return [step for step in steps if isinstance(step, Settled)]


def refused_rows(steps):
    return [refusal.row for step in settled(steps) for refusal in step.refused]


def test_a_batch_is_accepted_in_one_request():
    steps = run(batch_of([1, None, 1]), Destination())
    assert [(s.first_row, s.end_row, s.events, s.answer) for s in steps[:1]] == [(0, 3, 2, Answer.ACCEPTED)]
    assert [(s.first_row, s.end_row, s.accepted, [row for row, _ in s.rejects]) for s in steps[1:]] == [(0, 3, 2, [1])]


def test_a_batch_without_events_is_settled_without_a_request():
    destination = Destination()
    steps = run(batch_of([None, None]), destination)
    assert (destination.requests, settled(steps)[0].end_row, len(steps)) == (0, 2, 1)


def test_each_request_leaves_only_when_the_caller_goes_on():
    destination = Destination(bad={0})
    steps = deliver(batch_of([1, 1]), destination, CONNECTOR, clock=lambda: NOW)
    assert (destination.requests, isinstance(next(steps), Attempt), destination.requests) == (0, True, 1)


def test_a_right_half_that_must_be_bad_is_not_sent_whole():
    destination = Destination(bad={3})
    steps = run(batch_of([1] * 4), destination)
    sent = [(step.first_row, step.end_row) for step in steps if isinstance(step, Attempt)]
    assert sent == [(0, 4), (0, 2), (2, 3), (3, 4)]
    assert refused_rows(steps) == [3]


@pytest.mark.parametrize("bad", [0, 1, 499, 500, 998, 999])
def test_one_bad_event_in_a_thousand_is_found_in_few_requests(bad):
    destination = Destination(bad={bad})
    steps = run(batch_of([1] * 1000), destination)
    assert refused_rows(steps) == [bad]
    assert destination.requests <= 2 * math.log2(1000) + 2
    assert destination.accepted == [row for row in range(1000) if row != bad]


SIZES = st.lists(st.one_of(st.none(), st.just(1), st.just(2)), min_size=1, max_size=60)


@settings(deadline=None, max_examples=150)
@given(SIZES, st.data())
def test_every_good_event_is_accepted_once_and_every_bad_one_refused(sizes, data):
    events = [row for row, size in enumerate(sizes) if size is not None]
    bad = data.draw(st.sets(st.sampled_from(events), max_size=9)) if events else set()
    destination = Destination(bad)
    steps = run(batch_of(sizes), destination)
    assert destination.accepted == [row for row in events if row not in bad]
    assert refused_rows(steps) == sorted(bad)
    edges = [0, *(step.end_row for step in settled(steps))]
    assert [step.first_row for step in settled(steps)] == edges[:-1]
    assert edges[-1] == len(sizes)
    assert sum(step.accepted for step in settled(steps)) == len(destination.accepted)
    assert sum(len(step.rejects) for step in settled(steps)) == len(sizes) - len(events)
    assert not any(isinstance(step, Halted) for step in steps)


@pytest.mark.parametrize(("events", "refusals"), [(100, 10), (1000, 11), (5000, 51)])
def test_too_many_refused_events_are_a_fault_of_the_mapping(events, refusals):
    destination = Destination(bad=range(events))
    steps = run(batch_of([1] * events), destination)
    halted = steps[-1]
    assert (halted.cause, halted.answer, halted.first_row) == (Cause.MAPPING_FAULT, Answer.STOP, refusals)
    assert [refusal.row for refusal in halted.refused] == refused_rows(steps) == list(range(refusals))
    assert f"{refusals} of the {events:,}" in halted.advice.what


def test_as_many_refused_events_as_are_allowed_are_no_fault():
    steps = run(batch_of([1] * 1000), Destination(bad=range(0, 1000, 100)))
    assert len(refused_rows(steps)) == 10
    assert not isinstance(steps[-1], Halted)


def test_the_first_refused_event_can_end_the_delivery():
    destination = Destination(bad={1, 2})
    steps = run(batch_of([1] * 4), destination, stop_at_refusal=True)
    assert (steps[-1].cause, steps[-1].first_row, refused_rows(steps)) == (Cause.REFUSAL, 2, [1])
    assert destination.accepted == [0]


@pytest.mark.parametrize(
    ("status", "answer", "unknown"),
    [
        (401, Answer.STOP, ()),
        (403, Answer.STOP, ()),
        (429, Answer.WAIT, ()),
        (500, Answer.RETRY, (0, 2)),
        (503, Answer.RETRY, (0, 2)),
        (None, Answer.RETRY, (0, 2)),
        (200, Answer.UNDOCUMENTED, (0, 2)),
        (302, Answer.UNDOCUMENTED, (0, 2)),
    ],
)
def test_other_answers_halt_with_what_may_be_in(status, answer, unknown):
    attempt, halted = run(batch_of([1, None, 1]), Destination(script={1: Reply(status, retry_after=7)}))
    assert (attempt.answer, halted.cause, halted.answer) == (answer, Cause.ANSWER, answer)
    assert (halted.first_row, halted.end_row, halted.unknown_rows, halted.reply.retry_after) == (0, 3, unknown, 7)


def test_silence_and_an_unknown_code_have_advice():
    silent = run(batch_of([1]), Destination(script={1: Reply(None)}))[-1]
    odd = run(batch_of([1]), Destination(script={1: Reply(418)}))[-1]
    assert (silent.advice, odd.advice) == (CONNECTOR.unreachable, CONNECTOR.undocumented)


def test_a_failure_between_halves_halts_where_it_happened():
    destination = Destination(bad={0}, script={5: Reply(500)})
    steps = run(batch_of([1] * 8), destination)
    assert [(s.first_row, s.end_row) for s in settled(steps)] == [(0, 1)]
    assert (steps[-1].first_row, steps[-1].unknown_rows) == (1, (1,))


def test_no_request_leaves_with_an_event_that_has_left_the_window():
    destination, times = Destination(bad={0}), iter([NOW, NOW, NOW, NOW + 91 * 86400])
    batch = replace(batch_of([1] * 4), window=CONNECTOR.window_field.window)
    steps = list(deliver(batch, destination, CONNECTOR, clock=lambda: next(times)))
    assert (type(steps[-1]), destination.requests) == (Stale, 3)
    assert [(s.first_row, s.end_row) for s in settled(steps)] == [(0, 1)]


def deliver_and_die(sizes, destination, die_at, position, division):
    """One process: goes on from what the last one put on record. → (position, division, refused rows)."""
    (batch,) = cut(chunks_of(sizes), max_events=100_000, max_bytes=10**8)
    refused, known = [], Division.from_json(division)
    steps = deliver(batch.split_at(position)[1], destination, CONNECTOR, clock=lambda: NOW, division=known)
    for number, step in enumerate(steps):
        if isinstance(step, Settled):
            position, refused = step.end_row, [*refused, *(r.row for r in step.refused)]
        if isinstance(step, Settled) or step.division:
            division = step.division.to_json() if step.division else {}
        if number == die_at:
            break
    return position, division, refused


NEVER = 10**9  # a step that no delivery has


@settings(deadline=None, max_examples=60)
@given(SIZES, st.lists(st.integers(0, 12), max_size=12), st.data())
def test_who_goes_on_repeats_no_request_but_the_one_in_flight(sizes, die_at, data):
    events = [row for row, size in enumerate(sizes) if size is not None]
    bad = data.draw(st.sets(st.sampled_from(events), max_size=9)) if events else set()
    undisturbed, destination = Destination(bad), Destination(bad)
    run(batch_of(sizes), undisturbed)
    position, division, refused = 0, {}, []
    for number in [*die_at, NEVER]:
        position, division, found = deliver_and_die(sizes, destination, number, position, division)
        refused += found
        if position == len(sizes):
            break
    assert refused == sorted(bad)
    assert list(dict.fromkeys(destination.accepted)) == undisturbed.accepted
    assert destination.requests <= undisturbed.requests + len(die_at)


def test_a_part_is_retried_alone():
    destination = Destination(bad={0}, script={5: Reply(500)})
    steps = run(batch_of([1] * 8), destination)
    division = next(step.division for step in reversed(steps) if isinstance(step, Attempt))
    rest = batch_of([1] * 8).split_at(1)[1]
    again = run(rest, destination, division=division)
    assert [(s.first_row, s.end_row) for s in again if isinstance(s, Attempt)] == [(1, 2), (2, 4), (4, 8)]


def test_refusals_before_the_process_died_count_towards_the_fault():
    known = Division(events=100, refused=9, parts=(Part(4, 9),))
    halted = run(batch_of([1] * 4), Destination(bad={0}), division=known)[-1]
    assert (halted.cause, halted.first_row) == (Cause.MAPPING_FAULT, 1)


def test_what_is_known_of_other_rows_is_forgotten():
    known = Division(events=100, refused=9, parts=(Part(3, 9),))
    steps = run(batch_of([1] * 4), Destination(), division=known)
    assert [(s.first_row, s.end_row) for s in steps if isinstance(s, Attempt)] == [(0, 4)]


def test_a_refused_event_is_shown_masked():
    batch = table([{**GOOD, "ip_address": "203.0.113.7", "external_id": "customer-000123456"}])
    (found,) = batches(plan_of(batch), [(0, batch)], max_events=1000, max_bytes=10**8)
    (refusal,) = settled(run(found, lambda part: Reply(400)))[0].refused
    assert refusal.event["web"]["ip_address"] == "203.0.•••"
    assert refusal.event["user"]["external_id"] == "cust…3456"
    assert refusal.event["event"]["deduplication_key"] == "k1"


def test_the_default_waits_double_and_make_an_hour_in_all():
    waits = [next_wait(WAITS, used, None) for used in range(8)]
    assert waits == [15, 30, 60, 120, 240, 480, 960, 1920]
    assert sum(waits) == 3825
    assert next_wait(WAITS, 8, None) is None


def test_a_wait_is_never_longer_than_the_longest():
    assert pause({**WAITS, "max_retry_wait": 100}, 5, None) == 100
    assert pause(WAITS, 5000, None) == 3600


def test_retry_after_is_obeyed_when_longer():
    assert [next_wait(WAITS, 0, asked) for asked in (5, 20, 9999)] == [15, 20, 9999]
    assert next_wait(WAITS, 8, 20) is None
