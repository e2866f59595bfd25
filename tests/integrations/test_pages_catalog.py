"""The catalog and the field guide show what the connectors are, computed from them."""

import pytest
from django.utils.html import escape

from integrations.catalog import CONNECTORS, SOURCES
from integrations.connectors.line_conversion import CONNECTOR

CATALOG = "/integrations/catalog"


def text(response):
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_it_lists_the_connectors_there_are(as_user, editor):
    page = text(as_user(editor).get(CATALOG))
    assert page.count('class="card conn"') == len(CONNECTORS) + len(SOURCES)
    assert "Create Authentication" in page and CONNECTOR.name in page


def test_the_card_s_numbers_come_from_the_connector(as_user, viewer, saved):
    page = text(as_user(viewer).get(CATALOG))
    required = len([f for f in CONNECTOR.fields if f.required])
    batch = CONNECTOR.setting("max_records")
    assert f"{len(CONNECTOR.fields)} <span>{required} required</span>" in page
    assert f"{batch.minimum:,} <span>to {batch.maximum:,}</span>" in page
    assert "1 authentication</a>" in page


@pytest.mark.parametrize("q", ["LINE", "line conversion", " api LINE ", "advertising", "line_conversion", ""])
def test_search_finds_a_connector_by_its_words(as_user, viewer, q):
    assert CONNECTOR.description in text(as_user(viewer).get(CATALOG, {"q": q}))


def test_a_search_without_a_match_says_what_there_is(as_user, viewer):
    page = text(as_user(viewer).get(CATALOG, {"q": "<Salesforce>"}))
    assert "No connector matches “&lt;Salesforce&gt;”" in page and CONNECTOR.name in page
    assert "Create Authentication" not in page


def test_a_viewer_gets_no_button_that_would_fail(as_user, viewer):
    client = as_user(viewer)
    for address in (CATALOG, f"{CATALOG}/line_conversion"):
        page = text(client.get(address))
        assert "Create Authentication" not in page and f"{CATALOG}/line_conversion/authentication" not in page


def test_the_field_guide_shows_every_field_with_its_rule_and_help(as_user, viewer):
    page = text(as_user(viewer).get(f"{CATALOG}/line_conversion"))
    for field in CONNECTOR.fields:
        assert f'<span class="mono">{field.name}</span>' in page
        assert escape(field.rule) in page and escape(field.help) in page
    assert page.count("SHA-256</span>") == len([f for f in CONNECTOR.fields if f.hashed])


def test_the_field_guide_shows_record_rules_and_settings(as_user, viewer):
    page = text(as_user(viewer).get(f"{CATALOG}/line_conversion"))
    for rule in CONNECTOR.record_rules:
        assert escape(rule.describe) in page
    for setting in CONNECTOR.settings:
        assert escape(setting.label) in page and escape(setting.limits) in page and setting.name in page


def test_an_unknown_connector_has_no_page(as_user, editor):
    for address in (
        f"{CATALOG}/nothing",
        f"{CATALOG}/nothing/authentication",
        f"{CATALOG}/nothing/authentication/name",
    ):
        assert as_user(editor).get(address).status_code == 404
