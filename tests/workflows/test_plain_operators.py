"""echo>, fail> and wait>."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.workflows.factories import step, taken
from workflows.operators.base import Done, Later, TaskFailed

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("hi", "hi"),
        (3, "3"),
        (True, "true"),
        ({"a": [1]}, '{"a": [1]}'),
        ("to kana@shop.example", "to k•••@shop.example"),
    ],
)
def test_echo_logs_its_text_with_personal_data_masked(editor, value, line):
    one = step(editor, "echo", value)
    assert taken(one) == Done()
    assert one.log == [("INFO", line)]


def test_fail_fails_with_its_text(editor):
    with pytest.raises(TaskFailed, match=r"^too few rows: 3$"):
        taken(step(editor, "fail", "too few rows: 3"))
    with pytest.raises(TaskFailed, match="by fail>"):
        taken(step(editor, "fail"))


def test_wait_counts_from_its_first_step(editor):
    first = taken(step(editor, "wait", "1m 30s", now=NOON))
    assert isinstance(first, Later)
    assert first.at == NOON + timedelta(seconds=90)
    early = taken(step(editor, "wait", "1m 30s", now=NOON + timedelta(seconds=60), memory=first.memory))
    assert early == first
    assert taken(step(editor, "wait", "1m 30s", now=first.at, memory=first.memory)) == Done()


def test_wait_takes_a_duration(editor):
    with pytest.raises(TaskFailed, match="a duration such as 30s"):
        taken(step(editor, "wait", "soon"))
