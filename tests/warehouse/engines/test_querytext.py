"""Small changes to a query's text, which must not take long whatever the text is."""

import time

import pytest

from warehouse.engines.querytext import plain_spaces

WIDE = "\u3000"


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        (f"select{WIDE}1", "select 1"),
        (f"select '{WIDE}',{WIDE}1", f"select '{WIDE}', 1"),
        (f'select "{WIDE}",{WIDE}1', f'select "{WIDE}", 1'),
        (f"/*{WIDE}*/{WIDE}select 1 --{WIDE}\n{WIDE}", f"/*{WIDE}*/ select 1 --{WIDE}\n "),
        (f"select $${WIDE}$$,{WIDE}$a${WIDE}$${WIDE}$a${WIDE}", f"select $${WIDE}$$, $a${WIDE}$${WIDE}$a$ "),
        (f"select a$b${WIDE}from t", "select a$b$ from t"),
        (f"/*{WIDE}without an end", f"/*{WIDE}without an end"),
    ],
)
def test_wide_spaces_become_plain_outside_quotes_and_comments(text, plain):
    assert plain_spaces(text) == plain


@pytest.mark.parametrize(
    "text",
    ["/* " * 66_000, "".join(f"$a{n}$ " for n in range(25_000)), "'" * 199_999, "e'\\ " * 50_000, "'a\" " * 50_000],
    ids=["comments", "dollars", "quotes", "escapes", "both quotes"],
)
def test_quotes_and_comments_without_an_end_take_no_time(text):
    started = time.monotonic()
    plain_spaces(text)
    assert time.monotonic() - started < 3
