"""The choice of one query: who is told of its jobs."""

import html

import pytest
from django.urls import reverse

from accounts.models import AuditEntry
from exports.notify.models import Rule
from tests.exports.factories import a_query

pytestmark = pytest.mark.django_db


@pytest.fixture
def query(db):
    return a_query("daily")


@pytest.fixture
def client(as_user, editor):
    return as_user(editor)


def post(client, query, **posted):
    values = {"own": "1", "on_failure": "on", "rejects_percent": "10"}
    return client.post(address(query), values | posted)


def address(query):
    return reverse("exports:query_notifications", args=[query.pk])


def test_the_query_leads_to_it(client, query):
    assert address(query) in client.get(reverse("exports:query", args=[query.pk])).content.decode()


def test_a_viewer_does_not_see_who_is_told(as_user, viewer, query):
    client = as_user(viewer)
    assert client.get(address(query)).status_code == 403
    assert post(client, query).status_code == 403


def test_an_editor_chooses_for_the_query(client, query, ops):
    post(
        client,
        query,
        channels=[ops.pk],
        addresses="kana@shop.example",
        by_hand="on",
        on_success="on",
        rejects_percent="3",
    )
    rule = Rule.objects.get(query=query)
    assert (list(rule.channels.all()), rule.addresses) == ([ops], ["kana@shop.example"])
    assert (rule.by_hand, rule.rejects_percent, rule.on_success, rule.on_recovery) == (True, 3, True, False)
    assert AuditEntry.objects.filter(action="notifications.update", target_name="daily").exists()


def test_it_begins_with_what_the_default_says(client, query, default):
    Rule.objects.update(rejects_percent=42)
    page = client.get(address(query)).content.decode()
    assert 'value="42"' in page
    assert "Scheduled jobs, through ops." in page
    assert Rule.objects.count() == 1


def test_the_way_back_to_the_default_forgets_the_choice_whatever_stands_in_it(client, query):
    post(client, query)
    assert post(client, query, own="", addresses="wrong").status_code == 302
    assert not Rule.objects.exists()


def test_wrong_addresses_are_named_and_nothing_is_saved(client, query):
    response = post(client, query, addresses="kana@shop.example\nken@")
    assert response.status_code == 422
    assert "Not an e-mail address: ken@." in html.unescape(response.content.decode())
    assert not Rule.objects.exists()


def test_without_e_mail_the_addresses_stay_as_they_are(client, query, settings):
    post(client, query, addresses="kana@shop.example")
    settings.EMAIL_MISSING = ["EMAIL_URL"]
    assert "E-mail is not set up: set EMAIL_URL" in client.get(address(query)).content.decode()
    post(client, query, addresses="other@shop.example")
    assert Rule.objects.get().addresses == ["kana@shop.example"]


def test_addresses_stand_in_no_audit_entry(client, query):
    post(client, query, addresses="kana@shop.example")
    assert "kana" not in str(list(AuditEntry.objects.values_list("details", "target_name")))
