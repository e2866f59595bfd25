"""Digests are counted exactly, in parts of any size."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exports.exporter.tally import Frequencies, frequencies


def counted(values):
    """By the plain way."""
    found = Counter(value for value in values if value)
    return Frequencies(sum(found.values()), len(found), max(found.values(), default=0))


def by_parts(values, held, block):
    array = np.array(values, np.uint64)
    blocks = [array[start : start + block] for start in range(0, len(array), block)]
    return frequencies(lambda: blocks, expected=len(values), held=held)


@settings(deadline=None, max_examples=150)
@given(st.randoms(use_true_random=True), st.integers(0, 400), st.integers(1, 50), st.integers(1, 60))
def test_all_different_and_most_are_those_of_a_counter(random, size, held, block):
    pool = [0, 1, 2**64 - 1, *(random.getrandbits(64) for _ in range(random.choice([1, 20, 1000])))]
    values = random.choices(pool, k=size)
    assert by_parts(values, held, block) == counted(values)


def test_one_value_on_every_row_takes_one_place():
    values = [5] * 10_000
    assert by_parts(values, 100, 64) == Frequencies(10_000, 1, 10_000)


def test_no_digest_at_all():
    assert by_parts([], 10, 10) == by_parts([0, 0], 10, 10) == Frequencies(0, 0, 0)


@pytest.mark.parametrize(("expected", "passes"), [(0, 1), (100, 1), (101, 2), (800, 8), (801, 16)])
def test_all_are_read_once_for_each_part(expected, passes):
    calls = []
    frequencies(lambda: calls.append(1) or [], expected=expected, held=100)
    assert len(calls) == passes


def test_what_is_repeated_is_all_but_the_first():
    assert by_parts([3, 3, 3, 4], 10, 10).repeated == 2
