"""The slots between a start and an end are those of the cron line, without the others."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from exports.cron import parse
from exports.slots import Slots

BEGIN = datetime(2026, 10, 20, tzinfo=UTC)  # clocks are put back meanwhile
LINES = ("*/20 * * * *", "30 1 * * *", "0 0 * * mon", "59 23 25 10 *", "15 */6 1-27 * *")
ZONES = ("UTC", "Asia/Tokyo", "Europe/Berlin", "America/St_Johns")
DAYS = 20


def moments():
    """Times of those days: minutes on which lines run, and the instants beside them."""
    minutes = st.integers(0, DAYS * 288).map(lambda n: BEGIN + n * timedelta(minutes=5))
    return st.builds(lambda at, off: at + timedelta(microseconds=off), minutes, st.sampled_from((-1, 0, 0, 0, 1)))


@given(st.sampled_from(LINES), st.sampled_from(ZONES), st.lists(moments(), min_size=5, max_size=5))
def test_slots_are_the_runs_of_the_line_between_start_and_end(text, name, times):
    moment, last = times[0], max(times[0], times[3])
    starts_at, ends_at = sorted(times[1:3])
    line, zone = parse(text), ZoneInfo(name)
    slots = Slots(line, zone, starts_at, ends_at)
    every = line.between(BEGIN - timedelta(days=1), BEGIN + timedelta(days=DAYS + 1), zone)
    naive = [run for run in every if starts_at <= run <= ends_at]

    assert list(slots.runs(moment)) == [run for run in naive if run > moment]
    assert slots.next_after(moment) == next((run for run in naive if run > moment), None)
    assert slots.latest(3, moment, last) == [run for run in naive if moment <= run <= last][-3:]
    assert slots.latest(1) == naive[-1:]
    edges = tuple(sorted(times))
    assert slots.counts(edges) == [sum(a <= run < b for run in naive) for a, b in pairwise(edges)]


def test_without_start_and_end_they_are_those_of_the_line():
    line = parse("0 0 29 2 *")
    assert list(islice(Slots(line, UTC).runs(BEGIN), 3)) == list(islice(line.runs(BEGIN, UTC), 3))
    assert Slots(line, UTC, ends_at=BEGIN).latest(1) == [datetime(2024, 2, 29, tzinfo=UTC)]
