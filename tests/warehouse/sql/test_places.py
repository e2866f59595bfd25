from __future__ import annotations

import pytest

from warehouse.sql.places import place_in

ORIGINAL = "SELECT a,\n  Amount, 'x y'\nFROM t WHERE amount > 1 AND b = 2"
TRANSLATED = "SELECT\n  a,\n  amount,\n  'x y'\nFROM t\nWHERE\n  amount > 1 AND b = 2"


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ((2, 3), (1, 8)),  # a
        ((3, 3), (2, 3)),  # the first amount
        ((3, 8), (2, 3)),  # within it
        ((7, 3), (3, 14)),  # the second
        ((4, 3), (2, 11)),  # a text
        ((7, 18), (3, 29)),  # b
        ((7, 10), (None, None)),  # a sign is no token
        ((99, 1), (None, None)),
        ((1, 0), (None, None)),
    ],
)
def test_a_place_is_found_by_counting(here: tuple[int, int], there: tuple[int | None, int | None]) -> None:
    assert place_in(ORIGINAL, TRANSLATED, *here) == there


def test_a_token_that_was_doubled_is_found_if_the_user_wrote_it_once() -> None:
    assert place_in("SELECT x FROM t WHERE f(y)", "SELECT x FROM t WHERE y >= 1 AND y < 2", 1, 34) == (1, 25)


def test_what_was_doubled_among_several_is_not_guessed() -> None:
    assert place_in("SELECT y, f(y)", "SELECT y, y >= 1 AND y < 2", 1, 11) == (None, None)


def test_a_word_of_ours_has_no_place() -> None:
    assert place_in("SELECT f(x)", "SELECT td__f(x)", 1, 8) == (None, None)


def test_comments_and_other_quotes_do_not_count() -> None:
    assert place_in("SELECT `x` -- x\nFROM t /* x */", 'SELECT "x" FROM t', 1, 8) == (1, 8)
