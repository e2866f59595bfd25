"""From a rejected row to an accepted one, as an editor does it: with a real cluster and the stand-in for LINE."""

import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from exports import queries
from exports.models import Job
from exports.queries import Draft
from exports.targets import Target
from integrations.connectors.line_conversion.sandbox import Sandbox
from integrations.models import Authentication
from tests.browser.axe import assert_accessible
from tests.exports.queries import a_text
from tests.flow.conftest import cluster

pytestmark = pytest.mark.django_db(transaction=True)
SQL = """SELECT 'k' || i AS deduplication_key, 'conversion' AS event_type, 'web' AS source_type,
  CAST(epoch(now()) AS BIGINT) AS event_timestamp,
  CASE WHEN i < 3 THEN 'nobody' ELSE 'u' || i || '@example.com' END AS email,
  'u' || i || '@example.com' AS billing_email
FROM range(10) AS t(i)"""
FIELDS = ("deduplication_key", "event_type", "source_type", "event_timestamp", "email")


@pytest.fixture
def query(settings, tmp_path, editor):
    settings.DATA_DIR = tmp_path
    authentication = Authentication(name="line_prod", connector_key="line_conversion", settings={"line_tag_id": "tag"})
    authentication.set_secrets({"access_token": "token"}, at=timezone.now())
    authentication.save()
    target = Target(authentication, {name: {"column": name} for name in FIELDS}, {"ignore_invalid_records": True})
    return queries.create(Draft("purchases", a_text(sql=SQL), target), user=editor)


def ended(page, word):
    page.wait_for_url(re.compile(r"/jobs/\d+$"))
    expect(page.locator("h1 + .chip")).to_have_text(word, timeout=60_000)


def map_email_to(page, column):
    page.get_by_role("button", name="Export Results").click()
    page.get_by_label("email", exact=True).select_option(column)
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_text("The export is set.")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved as version 2.", exact=True)).to_be_visible()


def test_rejected_rows_are_fixed_checked_and_sent(page_as, editor, query):
    page = page_as(editor)
    with Sandbox({"tag": "token"}) as line, cluster(line.url):
        page.goto(f"/queries/{query.pk}")
        page.locator("#run").click()
        ended(page, "Success with rejects")
        page.get_by_role("link", name="Rows and reasons").click()
        expect(page.get_by_role("cell", name="no•••").first).to_be_visible()
        page.get_by_role("link", name="Fix and resend").click()
        expect(page.get_by_text("Nothing has changed since job")).to_be_visible()
        page.get_by_role("link", name="Open query").click()
        map_email_to(page, "billing_email")
        page.goto(f"/jobs/{Job.objects.get().pk}/fix")
        expect(page.get_by_role("row", name=re.compile("Field email"))).to_contain_text("column billing_email")
        page.get_by_role("button", name="Re-check 3 rows").click()
        ended(page, "Success")
        expect(page.locator("#job-mode")).to_have_text("Validation")
        assert (line.stats["requests"], line.stats["accepted"]) == (1, 7)
        assert_accessible(page)
        page.get_by_role("button", name="Send these 3 rows").click()
        ended(page, "Success")
        assert sorted(e["event"]["deduplication_key"] for e in line.events) == [f"k{n}" for n in range(10)]
    page.get_by_text("it resends rows of").get_by_role("link").last.click()
    expect(page.get_by_text(re.compile(r"Resent in job \d+: 3 accepted"))).to_be_visible()
