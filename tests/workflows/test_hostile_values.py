"""Values that a database, a page or a calendar could choke on."""

import json
from datetime import UTC, datetime
from urllib.parse import quote, quote_plus

import pytest

from exports.errors import NotPossible
from tests.workflows.factories import pushed, step, taken
from tests.workflows.running import run
from tests.workflows.scripted import scripted  # noqa: F401
from workflows import highlighting, revisions, secrets, sessions
from workflows.masking import Mask
from workflows.models import Attempt, Task
from workflows.operators.base import TaskFailed
from workflows.secrets import MASK

pytestmark = pytest.mark.database
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LOOP = "+a:\n  for_each>:\n    x: '{}'\n  _do:\n    +b:\n      echo>: x\n"
REPLACED = "\N{REPLACEMENT CHARACTER}"


def ran(editor, text, **how):
    return run(sessions.start(pushed(editor, {"a.dig": text, "b.dig": "+a:\n  echo>: b\n"}), NOON, user=editor, **how))


@pytest.mark.parametrize(
    ("written", "kept"),
    [(r'["\u0000"]', [REPLACED]), (r'["\ud800x"]', ["?x"]), ("[1e999]", [None])],
    ids=["NUL", "half a character", "infinite"],
)
def test_what_no_database_keeps_is_replaced_in_the_variables_of_a_loop(editor, written, kept):
    attempt = ran(editor, LOOP.format(written))
    assert attempt.state == "success", attempt.error
    assert [task.export["x"] for task in Task.objects.filter(name__startswith="+for-")] == kept


@pytest.mark.parametrize("written", ["[NaN]", "[" * 900 + "]" * 900, "[" * 20_000])
def test_what_cannot_be_kept_at_all_fails_the_task_with_a_sentence(editor, as_user, written):
    attempt = ran(editor, LOOP.format("${t}"), params={"t": written})
    assert "must be a list" in attempt.error
    assert as_user(editor).get(f"/workflows/attempts/{attempt.pk}?task={attempt.tasks.last().pk}").status_code == 200


def test_text_that_nests_without_end_is_no_fault(editor, as_user):
    attempt = ran(editor, f"+a:\n  echo>: '{'[' * 50_000}'\n")
    assert attempt.state == "success"
    assert as_user(editor).get(f"/workflows/attempts/{attempt.pk}?task={attempt.tasks.last().pk}").status_code == 200


def test_json_too_deep_to_look_into_is_not_shown(editor):
    mask = Mask(pushed(editor, {"a.dig": "+a:\n  echo>: x\n"}).project_id)
    assert mask.values('{"access_token": "abc", "x": ' + "[" * 5_000) == MASK
    assert mask.text("half \ud800, \0") == f"half ?, {REPLACED}"


def test_variables_of_all_rounds_together_are_limited(editor):
    many = ", ".join(map(str, range(200)))
    attempt = ran(
        editor,
        f"+a:\n  for_each>:\n    x: ['${{t}}']\n    y: [{many}]\n  _do:\n    echo>: x\n",
        params={"t": "x" * 100_000},
    )
    assert "at most 10,000,000 are allowed" in attempt.error
    assert Task.objects.count() == 2


def test_parameters_that_cannot_be_kept_start_nothing(editor):
    deep = []
    for _ in range(300):
        deep = [deep]
    for params in ({"x": deep}, {"x": "x" * 1_000_001}):
        with pytest.raises(NotPossible, match="cannot be kept"):
            ran(editor, "+a:\n  echo>: x\n", params=params)
    assert not Attempt.objects.exists()


@pytest.mark.parametrize(
    "params",
    [
        {"session_time": "0001-01-01T00:00:00+00:00"},
        {"session_time": "9999-12-31T23:59:59+00:00"},
        {"session_time": "2026-03-02", "retry_attempt_name": "x" * 256},
    ],
)
def test_require_takes_no_time_or_name_that_cannot_be_kept(editor, params):
    with pytest.raises(TaskFailed, match="must be"):
        taken(step(editor, "require", "b", params=params, files={"b.dig": "+a:\n  echo>: b\n"}))


@pytest.mark.parametrize(
    "text", ["${secret:" + " " * 100_000, "${secret:x" * 50_000, "${a:" * 50_000], ids=["spaces", "open", "words"]
)
def test_secrets_that_are_never_closed_are_looked_for_in_one_go(text):
    assert secrets.named({"a.sql": text}) == {}
    assert secrets.other_word(text) is None


def test_a_secret_is_masked_as_it_stands_in_headers_json_and_addresses(editor):
    project = pushed(editor, {"a.dig": "+a:\n  echo>: x\n"}).project
    secrets.keep(project, "key", ' s3"cret/ké\n', user=editor)
    mask = Mask(project.pk)
    for text in ('s3"cret/ké', json.dumps(' s3"cret/ké\n'), quote(' s3"cret/ké\n'), quote_plus(' s3"cret/ké\n')):
        assert "cret" not in mask.text(f"Bearer {text}!"), text


def test_texts_that_would_take_hours_are_not_compared():
    same, other = "\n" * 4_000, "\n" * 4_000 + "x"
    reverse = "\n".join(map(str, range(60_000)))[:200_000]
    (change,) = revisions.compare({"a.sql": same.encode()}, {"a.sql": other.encode()})
    assert change.why == "It is too long to be compared here."
    (change,) = revisions.compare({"a.sql": reverse.encode()}, {"a.sql": reverse[::-1].encode()})
    assert change.why == "It is too long to be compared here."
    assert [one.why for one in revisions.compare({}, {f"{n}.sql": b"x\ny" for n in range(2_000)})] == [""] * 2_000


def test_a_token_in_a_file_is_masked_wherever_a_task_puts_it(editor):
    export = "_export:\n  my: {access_token: abcDEF123456, kind: column1234}\n"
    attempt = ran(editor, f"{export}+a:\n  echo>: ${{my.access_token}} of ${{my.kind}}\n")
    task = attempt.tasks.last()
    assert task.params["echo>"] == f"{MASK} of column1234"
    assert task.log.get().text == f"{MASK} of column1234"


@pytest.mark.parametrize(
    "text", ["${" * 100_000, '"' + '\\"' * 100_000, "a" + " " * 100_000], ids=["open", "quoted", "spaces"]
)
def test_a_line_of_a_file_that_nobody_reads_is_shown_as_it_is(text):
    assert highlighting.lines(text) == [[("", text)]]
