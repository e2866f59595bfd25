"""A workflow's page: its schedule, its sessions and its file; run, backfill, pause and resume."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django import forms
from django.db.models import Q
from django.urls import reverse

from accounts.models import AuditEntry
from tests.workflows.attempts import a_workflow, an_attempt
from tests.workflows.factories import pushed
from workflows import highlighting
from workflows.models import Attempt, Session, WorkflowSchedule
from workflows.run_forms import parameters

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 10, 3, 30, 5, 250_000, tzinfo=UTC)  # 12:30:05 in Tokyo


@pytest.fixture(autouse=True)
def at_half_past_twelve(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def edit(as_user, editor):
    return as_user(editor)


@pytest.fixture
def see(as_user, viewer):
    return as_user(viewer)


@pytest.fixture
def workflow(editor):
    return a_workflow(editor)


def url(workflow, name="workflow"):
    return reverse(f"workflows:{name}", args=[workflow.pk])


def text(response):
    return response.content.decode()


def actions():
    ours = Q(action__startswith="workflow.") | Q(action__startswith="attempt.")
    return list(AuditEntry.objects.filter(ours).order_by("pk").values_list("action", flat=True))


# --- what it shows -----------------------------------------------------------------------------------------------


def test_it_says_when_it_runs_and_shows_its_file(see, workflow):
    page = text(see.get(url(workflow)))
    assert "Every day at 07:00, Asia/Tokyo time." in page and "starts 07:00 JST" in page
    assert "Wed 11 Mar 2026, 00:00 JST" in page and page.count("<span>in ") == 5
    assert '<span class="dig-key">+load</span>:' in page and '<span class="dig-comment"># as in the shop</span>' in page
    assert "A session is skipped while the one before it runs." in page
    assert 'id="run"' not in page and 'id="pause"' not in page  # a viewer only sees


def test_sessions_tell_their_attempts_or_why_there_is_none(see, editor, workflow, django_assert_max_num_queries):
    for n in range(30):
        at = NOW - timedelta(days=n)
        for number in range(1, 4):
            an_attempt(workflow, editor, "error", at=at, number=number, by_schedule=number == 1)
    Session.objects.create(workflow=workflow, session_time=NOW - timedelta(days=2, hours=1), skipped="It was too late.")
    see.get(url(workflow))
    with django_assert_max_num_queries(11):
        page = text(see.get(url(workflow)))
    assert "1–25 of 31 sessions" in page and "It was too late." in page and "before: <a" in page
    assert "by the schedule" not in page and "by editor" in page  # of the latest attempts
    assert "26–31 of 31 sessions" in text(see.get(url(workflow), {"page": 2}))


def test_a_workflow_that_its_project_has_no_more_is_not_run(edit, editor, workflow):
    pushed(editor, {"other.dig": "+a:\n  echo>: 1\n"})
    page = text(edit.get(url(workflow)))
    assert "The project’s latest revision has no daily.dig." in page and 'id="run"' not in page
    assert "the workflow does not run" in text(edit.post(url(workflow, "run"), {"when": "now"}, follow=True))
    assert not Attempt.objects.exists()


def test_marked_lines_hold_the_whole_text():
    lines = highlighting.lines('"a b": "c # d" # e\n  - +x:\n\nkey: ${y} 12\n')
    assert ["".join(part.text for part in line) for line in lines] == [
        '"a b": "c # d" # e',
        "  - +x:",
        "",
        "key: ${y} 12",
    ]
    kinds = [[part.kind for part in line if part.kind] for line in lines]
    assert kinds == [["key", "string", "comment"], ["key"], [], ["key", "computed", "number"]]


# --- run ---------------------------------------------------------------------------------------------------------


def run(client, workflow, **posted):
    return client.post(url(workflow, "run"), {"when": "now"} | posted)


def test_run_starts_an_attempt_for_this_second_with_parameters(edit, workflow):
    answer = run(edit, workflow, params="limit: 100\nbrands: [lumen, nord]")
    attempt = Attempt.objects.get()
    assert answer.url == reverse("workflows:attempt", args=[attempt.pk])
    assert attempt.session.session_time == NOW.replace(microsecond=0)
    assert attempt.params == {"limit": 100, "brands": ["lumen", "nord"]}
    assert actions() == ["attempt.start"]


def test_a_chosen_time_is_one_of_the_workflows_zone(edit, workflow):
    run(edit, workflow, when="at", at="2026-03-01T07:00:00")
    assert Session.objects.get().session_time == datetime(2026, 2, 28, 22, tzinfo=UTC)


def test_a_session_that_has_run_asks_for_a_retry_name(edit, workflow):
    at = {"when": "at", "at": "2026-03-01T07:00:00", "params": "a: 1"}
    assert 'name="retry_name"' not in text(edit.get(url(workflow, "run")))
    run(edit, workflow, **at)
    first = Attempt.objects.get()
    again = run(edit, workflow, **at)
    assert again.status_code == 422 and "a: 1" in text(again) and 'name="retry_name"' in text(again)
    assert f"This session has run: attempt {first.pk}. Give the new attempt a name" in text(again)
    assert "has this name. Choose another" not in text(again)
    assert run(edit, workflow, **at, retry_name="after-fix").status_code == 302
    assert "Choose another one." in text(run(edit, workflow, **at, retry_name="after-fix"))
    assert [a.retry_attempt_name for a in Attempt.objects.order_by("pk")] == ["", "after-fix"]


@pytest.mark.parametrize(
    ("posted", "told"),
    [
        ({"when": "at"}, "Choose a date and a time, such as 2026-11-24 06:00:00."),
        ({"when": "at", "at": "soon"}, "Choose a date and a time, such as 2026-11-24 06:00:00."),
        ({"when": "at", "at": "0001-01-01T00:00"}, "Choose a"),
        ({"when": "at", "at": "9999-12-31T23:59"}, "Choose a time from the year 2000 to 2200."),
        ({"when": "never"}, "Select a valid choice."),
        ({"params": "a: 1\nb"}, "Line 2:"),
        ({"params": "[1, 2]"}, "The text must be a map"),
        ({"params": "!include : 'x'"}, "The project has no file x."),
        ({"params": "a: 1\na: 2"}, "stands in this map twice"),
        ({"retry_name": "no spaces"}, "A retry name has letters, digits, and . _ - only."),
    ],
)
def test_what_cannot_be_run_is_told_beside_the_field(edit, workflow, posted, told):
    answer = run(edit, workflow, **posted)
    assert answer.status_code == 422 and told in text(answer).replace("&#x27;", "'")
    assert not Session.objects.exists()


def test_parameters_are_lines_or_json():
    assert parameters(' {"a": {"b": [1, true, null]}, "t": "2026-01-01"} ')["a"] == {"b": [1, True, None]}
    assert parameters(" \n") == {}
    with pytest.raises(forms.ValidationError):
        parameters("x: [")


# --- pause, resume, backfill -------------------------------------------------------------------------------------


def test_pause_and_resume(edit, editor, workflow):
    edit.post(url(workflow, "pause"))
    page = text(edit.get(url(workflow)))
    assert "The schedule is paused." in page and "editor paused it" in page and "None while" in page
    edit.post(url(workflow, "pause"))
    edit.post(url(workflow, "resume"))
    assert WorkflowSchedule.objects.get().paused_at is None
    assert actions() == ["workflow.pause", "workflow.resume"]


def test_backfill_shows_the_sessions_and_then_runs_them(edit, editor, workflow):
    an_attempt(workflow, editor, "success", at=datetime(2026, 3, 1, 15, tzinfo=UTC))
    WorkflowSchedule.objects.update(next_session_time=datetime(2026, 3, 10, 15, tzinfo=UTC))
    asked = {"first": "2026-03-01T00:00:00", "count": 4, "name": ""}
    page = text(edit.get(url(workflow, "backfill"), asked))
    assert "3 sessions will run" in page and "Tue 3 Mar 2026, 00:00 JST" in page
    assert "Mon 2 Mar 2026, 00:00 JST" not in page and Attempt.objects.count() == 1  # it has run
    edit.post(url(workflow, "backfill"), asked)
    times = Session.objects.order_by("session_time").values_list("session_time", flat=True)
    assert [at.astimezone().day for at in times][:1] and len(times) == 4
    assert Attempt.objects.count() == 4 and actions()[-1] == "workflow.backfill"
    again = edit.get(url(workflow, "backfill"), asked)
    assert again.status_code == 422 and "Each of these sessions has run." in text(again)
    assert "4 sessions will run" in text(edit.get(url(workflow, "backfill"), asked | {"name": "once-more"}))


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"first": "", "count": 1}, "Choose a date and a time"),
        ({"first": "2026-03-11T00:00", "count": 1}, "Choose a time in the past."),
        ({"first": "2026-03-01T00:00", "count": 101}, "whole number from 1 to 100"),
        ({"first": "2026-03-01T00:00", "count": 1, "name": "a b"}, "letters, digits"),
    ],
)
def test_what_cannot_be_backfilled_is_told_beside_the_field(edit, workflow, asked, told):
    for ask in (edit.get, edit.post):
        answer = ask(url(workflow, "backfill"), asked)
        assert answer.status_code == 422 and told in text(answer)
    assert not Attempt.objects.exists()


@pytest.mark.parametrize("name", ["run", "pause", "resume", "backfill"])
def test_viewers_change_nothing(see, workflow, name):
    posted = {"when": "now", "first": "2026-03-01T00:00", "count": 1}
    assert see.post(url(workflow, name), posted).status_code == 403
    assert not Session.objects.exists() and not actions()


def test_without_a_schedule_there_is_nothing_to_pause(edit, editor):
    by_hand = pushed(editor, {"hand.dig": "+a:\n  echo>: 1\n"})
    page = text(edit.get(url(by_hand)))
    assert "its file has no schedule" in page and 'id="backfill"' not in page
    assert edit.post(url(by_hand, "pause")).status_code == 404
