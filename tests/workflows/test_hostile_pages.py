"""Addresses and forms with nonsense: a page that says so, never a fault."""

import re

import pytest

from tests.workflows.factories import SESSION_TIME, pushed
from workflows import sessions, urls

pytestmark = pytest.mark.database
ROUTES = [str(each.pattern) for each in urls.urlpatterns if "<int" in str(each.pattern)]


@pytest.mark.parametrize("route", ROUTES)
def test_a_number_that_no_database_has_is_404(editor, as_user, route):
    client, path = as_user(editor), "/" + re.sub("<int:[a-z]+>", str(2**63), route).replace("<str:key>", "k")
    assert {client.get(path).status_code, client.post(path).status_code} <= {404, 405}


@pytest.mark.parametrize("name", ["\0", "+" * 50_000])
def test_a_task_to_resume_from_that_is_no_name_is_told(editor, as_user, name):
    attempt = sessions.start(pushed(editor, {"a.dig": "+a:\n  echo>: x\n"}), SESSION_TIME, user=editor)
    answer = as_user(editor).post(f"/workflows/attempts/{attempt.pk}/resume", {"from_task": name}, follow=True)
    assert "cannot be resumed" in answer.content.decode()
