"""Parameters as YAML gives them, and as the text that ${…} computed."""

from datetime import timedelta

import pytest

from workflows.operators import values
from workflows.operators.base import TaskFailed


@pytest.mark.parametrize(
    ("read", "given", "meant"),
    [
        (values.text, 12, "12"),
        (values.text, True, "true"),
        (values.words, None, ""),
        (values.number, "3", 3),
        (values.number, 3.0, 3),
        (values.number, "-2.0", -2),
        (values.boolean, "TRUE", True),
        (values.boolean, False, False),
        (values.array, "[1, {}]", [1, {}]),
        (values.texts, ["a", 1], ["a", "1"]),
        (values.mapping, '{"a": [1]}', {"a": [1]}),
        (values.duration, "1h 30m", timedelta(minutes=90)),
        (values.duration, "2 D", timedelta(days=2)),
        (values.duration, "1D2H3M4S", timedelta(days=1, hours=2, minutes=3, seconds=4)),
    ],
)
def test_it_reads_a_value_in_its_kind(read, given, meant):
    assert read(given, "it") == meant


@pytest.mark.parametrize(
    ("read", "given", "told"),
    [
        (values.text, " ", "“it” is empty; it must be text."),
        (values.text, ["a"], "“it” must be text, not a list."),
        (values.number, "3.5", "“it” must be a whole number, not “3.5”."),
        (values.number, True, "“it” must be a whole number, not true."),
        (values.boolean, "yes", "“it” must be true or false, not “yes”."),
        (values.boolean, 1, "“it” must be true or false, not “1”."),
        (values.array, "a, b", "“it” must be a list, not “a, b”."),
        (values.texts, [None], "“it” is empty; it must be text."),
        (values.mapping, "[" * 99_999, "“it” must be a map, not “" + "[" * 60 + "…”."),
        (values.duration, "90", "“it” must be a duration such as 30s, 10m or 1h 30m, not “90”."),
        (values.duration, "", "“it” must be a duration such as 30s, 10m or 1h 30m, not nothing."),
        (values.duration, "8d", "“it” must be at most 7d, not “8d”."),
        (values.duration, "9" * 30 + "d", "“it” must be at most 7d, not “" + "9" * 30 + "d”."),
    ],
)
def test_it_names_the_parameter_that_is_wrong(read, given, told):
    with pytest.raises(TaskFailed) as raised:
        read(given, "it")
    assert raised.value.message == told


def test_limits_stand_in_the_error():
    for given, low, high, told in (("3", 0, 2, "from 0 to 2"), (0, 1, None, "from 1 on"), (7, None, 6, "up to 6")):
        with pytest.raises(TaskFailed, match=f"a whole number {told}"):
            values.number(given, "it", low, high)
    with pytest.raises(TaskFailed, match="at least 1m 30s"):
        values.duration("89s", "it", least=timedelta(seconds=90))
