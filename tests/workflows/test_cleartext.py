import pytest
from django.urls import reverse

from tests.workflows.factories import pushed
from workflows import cleartext

LITERAL = """\
+export:
  td>: push.sql
  database: shop
  result_connection: line
  result_settings:
    line_tag_id: tag_id_1234
    access_token: abc1234
+again:
  td>: push.sql
  database: shop
  result_url: '{"type": "line_conversion", "access_token": "tok-en/99==", "line_tag_id": "t"}'
"""
NAMED = LITERAL.replace("abc1234", "${secret:line.token}").replace("tok-en/99==", "${secret:line.token}")


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        (LITERAL, ["access_token", "access_token"]),
        (NAMED, []),
        ("_export:\n  td:\n    apikey: 1/abcdef0123456789\n", ["apikey"]),
        ("settings: {access_token: x, line_tag_id: tag}\n", ["access_token"]),
        ('a: {"access_token":"x"}\n', ["access_token"]),
        ("access_token:\n  other: 1\n", []),
        ("access_token: ''\n", []),
        ("max_tokens: 12\npassword_column: password_hash\n", []),
        ("password: 'correct-horse-9'\n", ["password"]),
    ],
)
def test_secrets_are_found_by_their_keys(text, keys):
    assert [key for _, key in cleartext.found({"a.dig": text.encode()})] == keys


def test_they_are_told_with_their_lines_and_masked():
    files = {"a.dig": LITERAL.encode(), "push.sql": b"SELECT 'access_token: abc1234'"}
    assert [(place.file, place.line) for place, _ in cleartext.found(files)] == [("a.dig", 7), ("a.dig", 11)]
    shown = cleartext.masked(files)
    assert shown["push.sql"] == files["push.sql"]
    text = shown["a.dig"].decode()
    assert "abc1234" not in text and "tok-en" not in text
    assert "    access_token: ••••••\n" in text and "line_tag_id: tag_id_1234" in text


def test_long_texts_are_looked_through_at_once():
    assert cleartext.found({"a.dig": b"a" * 500_000 + b"\n" + b'"' * 500_000 + b"a:" * 200_000}) == []


@pytest.fixture
def workflow(editor):
    pushed(editor, {"daily.dig": LITERAL, "push.sql": "SELECT 1"})
    return pushed(editor, {"daily.dig": f"{LITERAL}+b:\n  echo>: hi\n", "push.sql": "SELECT 1"})


@pytest.mark.django_db
def test_viewers_see_the_files_without_them(as_user, viewer, editor, workflow):
    project, new = workflow.project_id, workflow.revision_id
    old = workflow.project.revisions.exclude(pk=new).get().pk
    pages = [
        reverse("workflows:workflow", args=[workflow.pk]),
        reverse("workflows:editor", args=[project]),
        reverse("workflows:revision", args=[project, new]),
        reverse("workflows:revision_file", args=[project, new]) + "?path=daily.dig",
        reverse("workflows:revisions_compare", args=[project]) + f"?old={old}&new={new}",
    ]
    for address in pages:
        page = as_user(viewer).get(address)
        assert page.status_code == 200 and b"abc1234" not in page.content, address
    assert b"abc1234" in as_user(editor).get(pages[3]).content
    archive = reverse("workflows:revision_archive", args=[project, new])
    assert [as_user(who).get(archive).status_code for who in (viewer, editor)] == [403, 200]


@pytest.mark.django_db
def test_editors_are_warned_of_them(as_user, viewer, editor, workflow):
    address = reverse("workflows:project", args=[workflow.project_id])
    page = as_user(editor).get(address).content.decode()
    assert "daily.dig, line 7" in page and "${secret:access_token}" in page
    assert "line 7" not in as_user(viewer).get(address).content.decode()
