"""The Project Editor without its JavaScript: what it shows, saves, tells and asks."""

import pytest
from django.urls import reverse

from accounts.models import AuditEntry
from tests.workflows.factories import pushed
from workflows import contents, editing, projects
from workflows.models import Revision

pytestmark = pytest.mark.django_db
DAILY = "timezone: Asia/Tokyo\nschedule:\n  daily>: 07:00:00\n+load:\n  td>: queries/load.sql\n  database: shop\n"
FILES = {"daily.dig": DAILY, "queries/load.sql": "SELECT 1"}
HTMX = {"HX-Request": "true"}


@pytest.fixture
def edit(as_user, editor):
    return as_user(editor)


@pytest.fixture
def look(as_user, viewer):
    return as_user(viewer)


@pytest.fixture
def project(editor):
    return pushed(editor, FILES).project


def url(name, *args):
    return reverse(f"workflows:{name}", args=args)


def text(response):
    return response.content.decode()


def latest(project):
    return projects.latest(project)


def files(project):
    return contents.files(latest(project).pk)


def trail():
    return list(AuditEntry.objects.filter(action__startswith="workflow").values_list("action", flat=True))


def typed(project, note="", **changed):
    """What the editor posts: all texts, some of them changed; `new`: (path, text) of a new file."""
    page = {"base": latest(project).pk, "note": note}
    for n, (path, content) in enumerate(files(project).items()):
        text = changed.get(path, content.decode())
        page |= {f"was-{n}": path, f"path-{n}": path, f"text-{n}": text.replace("\n", "\r\n")}
    new = changed.get("new", ("", ""))
    return page | {"was-new": "", "path-new": new[0], "text-new": new[1]}


def test_the_editor_has_every_text_and_opens_where_it_is_asked_to(edit, look, project):
    page = text(edit.get(url("editor", project.pk), {"file": "queries/load.sql", "line": "3"}))
    assert "daily&gt;: 07:00:00" in page and "SELECT 1" in page
    assert 'data-open="queries/load.sql" data-line="3"' in page
    read = text(look.get(url("editor", project.pk)))
    assert "readonly" in read and 'id="save"' not in read and "data-guard" not in read


def test_what_one_page_does_not_hold_is_opened_by_its_link(edit, project, monkeypatch):
    monkeypatch.setattr(editing, "MOST_TEXTS", 1)
    page = text(edit.get(url("editor", project.pk)))
    assert "daily&gt;: 07:00:00" in page and "SELECT 1" not in page and "?file=queries%2Fload.sql" in page
    assert "SELECT 1" in text(edit.get(url("editor", project.pk), {"file": "queries/load.sql"}))
    some = {"base": latest(project).pk, "was-1": "queries/load.sql", "path-1": "queries/load.sql", "text-1": "2"}
    edit.post(url("editor_save", project.pk), some)
    assert files(project) == {"daily.dig": DAILY.encode(), "queries/load.sql": b"2"}


def test_a_save_is_a_revision_that_says_what_changed(edit, project):
    answer = edit.post(url("editor_save", project.pk), typed(project, **{"queries/load.sql": "SELECT 2"}), follow=True)
    assert "Saved. Edited queries/load.sql" in text(answer)
    assert files(project) == {"daily.dig": DAILY.encode(), "queries/load.sql": b"SELECT 2"}
    edit.post(url("editor_save", project.pk), typed(project, "More", new=("b.sql", "x")), headers=HTMX)
    assert latest(project).note == "More" and files(project)["b.sql"] == b"x"
    again = edit.post(url("editor_save", project.pk), typed(project), headers=HTMX)
    assert "There was nothing to save." in text(again) and Revision.objects.count() == 3
    assert trail() == ["workflow_project.push"] * 3


@pytest.mark.parametrize("how", [{}, HTMX], ids=["page", "htmx"])
def test_a_mistake_is_told_with_its_line_and_what_was_typed_stays(edit, project, how):
    wrong = typed(project, new=("b.dig", "+a:\n  <sh>>: x"), **{"daily.dig": DAILY + "+b:\n  no>: b\n"})
    answer = edit.post(url("editor_save", project.pk), wrong, headers=how)
    page = text(answer)
    assert answer.status_code == 422 and Revision.objects.count() == 1
    assert 'data-n="0" data-line="8"' in page and ">daily.dig, line 8</a>" in page and ">b.dig, line 2</a>" in page
    assert how or ("no&gt;: b" in page and "&lt;sh&gt;&gt;: x" in page and "data-changed" in page)


def test_check_tells_what_is_wrong_and_keeps_nothing(edit, project):
    check = url("editor_check", project.pk)
    assert "Nothing is wrong." in text(edit.post(check, typed(project, **{"queries/load.sql": "2"}), headers=HTMX))
    answer = edit.post(check, typed(project, **{"daily.dig": "+a:\n  no>: b\n"}), headers=HTMX)
    assert answer.status_code == 422 and "daily.dig, line 2" in text(answer) and Revision.objects.count() == 1
    two = typed(project, new=("daily.dig", "x"))
    assert "Two files cannot both be called daily.dig." in text(edit.post(check, two, headers=HTMX))


def test_a_save_over_what_came_meanwhile_is_asked_for_and_keeps_the_rest(edit, project, editor):
    mine = typed(project, **{"daily.dig": DAILY.replace("shop", "mine")})
    theirs = pushed(editor, {**FILES, "queries/load.sql": "theirs", "new.sql": ""}).revision
    told = text(edit.post(url("editor_save", project.pk), mine, headers=HTMX))
    assert "Another revision was saved" in told and "new.sql, queries/load.sql" in told and latest(project) == theirs
    answer = edit.post(url("editor_save", project.pk), {**mine, "over": theirs.pk}, headers=HTMX)
    assert answer["HX-Redirect"] == url("editor", project.pk)
    assert files(project) == {
        "daily.dig": mine["text-0"].replace("\r\n", "\n").encode(),
        "queries/load.sql": b"theirs",
        "new.sql": b"",
    }
    pushed(editor, FILES)
    again = edit.post(url("editor_save", project.pk), {**mine, "over": theirs.pk}, headers=HTMX)
    assert "Another revision was saved" in text(again) and "mine" not in files(project)["daily.dig"].decode()


@pytest.mark.parametrize(
    "changed", [{"base": "x"}, {"base": "9" * 30}, {"over": "-1"}, {"note": "n" * 256}, {"note": "a\0"}]
)
def test_a_post_that_no_page_sends_is_refused(edit, project, changed):
    answer = edit.post(url("editor_save", project.pk), {**typed(project), **changed}, headers=HTMX)
    assert answer.status_code in (404, 422) and Revision.objects.count() == 1
