"""What an engine's error may quote."""

import pytest

from exports.masking import message

SQL = "select from_unixtime(a) from t"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Could not convert string 'kana' to INT32", "Could not convert string '•••' to INT32"),
        ("Could not convert string 'from_unixtime' to INT32", "Could not convert string 'from_unixtime' to INT32"),
        *(
            (text, text)
            for text in (
                "No function matches the given name and argument types 'to_timestamp(VARCHAR)'.",
                "Ambiguous reference to column name \"a\" (use: 't.a' or 'u.a')",
            )
        ),
    ],
)
def test_values_are_hidden_and_names_are_not(text, shown):
    assert message(text, SQL) == shown
