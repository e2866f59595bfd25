"""The templates of new workflows do what they say."""

import pytest

from integrations.connectors.line_conversion.sandbox import Sandbox
from tests.workflows.factories import SESSION_TIME
from tests.workflows.running import run
from tests.workflows.shop import a_table, an_authentication, events
from workflows import projects, sessions, starters
from workflows.dig.checking import check
from workflows.models import AttemptState, Workflow

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("name", ["line_test", "line: $$ ${no} 'x'", "true"])
def test_the_events_of_a_table_arrive_by_the_template_of_an_export(editor, settings, name):
    files = starters.export("to_line", "Asia/Tokyo", a_table("events", events(3)), an_authentication(name))
    revision = projects.create("to_line", files, user=editor)
    with Sandbox({"tag": "token"}) as sandbox:
        settings.LINE_CONVERSION_API_URL = sandbox.url
        attempt = run(sessions.start(Workflow.objects.get(revision=revision), SESSION_TIME, user=editor))
    assert (attempt.state, attempt.error) == (AttemptState.SUCCESS, "")
    assert [event["event"]["deduplication_key"] for event in sandbox.events] == ["k0", "k1", "k2"]


def test_the_blank_template_passes_the_checks():
    files = starters.blank("daily", "UTC")
    assert check({path: content.decode() for path, content in files.items()}) == []
