"""Create Authentication, step by step, as the product document has it."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry
from integrations.connectors.line_conversion import CONNECTOR
from integrations.models import Authentication
from tests.integrations.conftest import LINE_URL, TAG, TOKEN

STEP_1 = "/integrations/catalog/line_conversion/authentication"
GOOD = {"line_tag_id": TAG, "access_token": TOKEN, "line_channel_id": "2001447192"}


@pytest.fixture
def client(as_user, editor):
    return as_user(editor)


def draft_of(response):
    return re.search(r'name="draft" value="([^"]*)"', response.content.decode())[1]


def test_the_whole_way_by_its_labels(client, editor):
    page = client.get(STEP_1).content.decode()
    labels = [re.sub("<.*", "", label).strip() for label in re.findall(r"<label for=.id_\w+.>(.*?)</label>", page)]
    assert labels[:3] == ["LINE Tag ID", "Access Token", "LINE Channel ID"] and ">Continue</button>" in page
    response = client.post(STEP_1, GOOD, follow=True)
    assert ">Done</button>" in response.content.decode()
    response = client.post(STEP_1 + "/name", {"name": " line_capi ", "draft": draft_of(response)})
    assert response["Location"] == reverse("integrations:authentications")
    one = Authentication.objects.get()
    assert (one.name, one.connector_key, one.created_by) == ("line_capi", "line_conversion", editor)
    assert one.all_settings() | {**GOOD, "max_retry": 8} == one.all_settings()


def test_advanced_settings_show_default_and_range_and_are_saved(client):
    page = client.get(STEP_1).content.decode()
    assert "Advanced settings" in page
    for setting in CONNECTOR.settings_of("advanced"):
        assert setting.label in page and f"{setting.limits}. Default: {setting.default:,}." in page
    response = client.post(STEP_1, {**GOOD, "max_retry": "3", "initial_retry_wait": "30"}, follow=True)
    client.post(STEP_1 + "/name", {"name": "x", "draft": draft_of(response)})
    assert Authentication.objects.get().settings["max_retry"] == 3


def test_errors_stand_beside_their_fields_and_in_a_summary(client):
    response = client.post(STEP_1, {**GOOD, "line_tag_id": "", "max_retry": "11"})
    page = response.content.decode()
    assert response.status_code == 422
    assert '<a href="#id_max_retry">Maximum Retry must be 1 to 10; 11 is not.</a>' in page
    assert 'id="id_line_tag_id_error"' in page and 'aria-invalid="true"' in page


def test_a_good_token_need_not_be_typed_again_after_another_error(client):
    response = client.post(STEP_1, {**GOOD, "max_retry": "11"})
    assert "Set; leave blank to keep" in response.content.decode()
    again = {**GOOD, "access_token": "", "draft": draft_of(response)}
    response = client.post(STEP_1, again, follow=True)
    client.post(STEP_1 + "/name", {"name": "x", "draft": draft_of(response)})
    assert Authentication.objects.get().open_secrets() == {"access_token": TOKEN}


def test_a_page_left_with_errors_does_not_lead_to_step_2(client):
    response = client.post(STEP_1, {**GOOD, "line_tag_id": ""})
    response = client.get(STEP_1 + "/name", {"draft": draft_of(response)})
    assert response.status_code == 302


def test_back_keeps_everything_and_shows_no_token(client):
    response = client.post(STEP_1, {**GOOD, "max_retry": "3"}, follow=True)
    back = re.search(r'href="([^"]*)">(?:<svg.*?</svg>)?Back</a>', response.content.decode())[1]
    page = client.get(back).content.decode()
    assert f'value="{TAG}"' in page and 'value="3"' in page and "Set; leave blank to keep" in page
    assert TOKEN not in page


def test_the_token_is_in_no_response_session_or_audit_entry(client, line):
    line.post(LINE_URL, status=401)
    first = client.post(STEP_1, {**GOOD, "test": "1"})
    bad = client.post(STEP_1, {**GOOD, "max_retry": "99", "draft": draft_of(first)})
    second = client.post(STEP_1, {**GOOD, "draft": draft_of(bad)}, follow=True)
    third = client.post(STEP_1 + "/name", {"name": "x", "draft": draft_of(second)}, follow=True)
    pk = Authentication.objects.get().pk
    pages = [client.get(f"/integrations/authentications/{pk}{page}") for page in ("", "/edit", "/delete")]
    for response in (first, bad, second, third, *pages):
        assert TOKEN.encode() not in response.content + str(response.headers).encode()
    for session in Session.objects.all():
        assert TOKEN not in session.session_data and TOKEN not in str(session.get_decoded())
    assert TOKEN not in str(list(AuditEntry.objects.values())) and AuditEntry.objects.exists()
    assert TOKEN not in str(list(Authentication.objects.values()))


def test_what_was_entered_is_gone_after_an_hour(client):
    response = client.post(STEP_1, GOOD, follow=True)
    key = draft_of(response)
    with time_machine.travel(timezone.now() + timedelta(minutes=61)):
        response = client.post(STEP_1 + "/name", {"name": "x", "draft": key}, follow=True)
    assert "kept for an hour and is gone" in response.content.decode()
    assert not Authentication.objects.exists()


def test_two_tabs_do_not_mix(client):
    one = draft_of(client.post(STEP_1, GOOD, follow=True))
    other = draft_of(client.post(STEP_1, {**GOOD, "line_tag_id": "other-tag"}, follow=True))
    client.post(STEP_1 + "/name", {"name": "one", "draft": one})
    client.post(STEP_1 + "/name", {"name": "other", "draft": other})
    tags = {a.name: a.settings["line_tag_id"] for a in Authentication.objects.all()}
    assert tags == {"one": TAG, "other": "other-tag"}


def test_a_new_start_from_the_catalog_is_empty(client):
    client.post(STEP_1, GOOD)
    assert TAG not in client.get(STEP_1).content.decode()


def test_a_draft_serves_one_creation_only(client):
    key = draft_of(client.post(STEP_1, GOOD, follow=True))
    client.post(STEP_1 + "/name", {"name": "one", "draft": key})
    client.post(STEP_1 + "/name", {"name": "two", "draft": key})
    assert [a.name for a in Authentication.objects.all()] == ["one"]


def test_a_taken_name_is_refused_and_can_be_mended(client, saved):
    key = draft_of(client.post(STEP_1, GOOD, follow=True))
    response = client.post(STEP_1 + "/name", {"name": f" {saved.name} ", "draft": key})
    assert response.status_code == 422 and b"This name is taken." in response.content
    client.post(STEP_1 + "/name", {"name": "free", "draft": draft_of(response)})
    assert Authentication.objects.filter(name="free").exists()


def test_testing_in_step_1_says_what_line_said_and_saves_nothing(client, line):
    line.post(LINE_URL, status=401)
    page = client.post(STEP_1, {**GOOD, "test": "1"}).content.decode()
    assert "LINE refused the access token (401)." in page and "It holds no event, so nothing is counted." in page
    assert not Authentication.objects.exists()
    entry = AuditEntry.objects.get(action="authentication.test")
    assert entry.details == {"connector": "line_conversion", "ok": False, "status": 401}


def test_the_result_of_the_test_comes_along(client, line):
    line.post(LINE_URL, status=202)
    tested = client.post(STEP_1, {**GOOD, "test": "1"})
    named = client.post(STEP_1, {**GOOD, "access_token": "", "draft": draft_of(tested)}, follow=True)
    assert "Credentials accepted." in named.content.decode()
    client.post(STEP_1 + "/name", {"name": "x", "draft": draft_of(named)})
    one = Authentication.objects.get()
    assert one.test_ok is True and one.tested_at and one.test_says.startswith("Credentials accepted.")


@pytest.mark.parametrize("change", [{"line_tag_id": "other"}, {"access_token": "other"}])
def test_the_result_of_a_test_of_other_values_does_not(client, line, change):
    line.post(LINE_URL, status=202)
    tested = client.post(STEP_1, {**GOOD, "test": "1"})
    named = client.post(STEP_1, {**GOOD, **change, "draft": draft_of(tested)}, follow=True)
    client.post(STEP_1 + "/name", {"name": "x", "draft": draft_of(named)})
    assert Authentication.objects.get().test_ok is None


def test_it_explains_how_to_get_a_token(client):
    page = client.get(STEP_1).content.decode()
    assert all(step in page.replace("&#x27;", "'") for step in CONNECTOR.token_steps)


def test_it_shows_the_addresses_to_allow(client, settings):
    settings.EGRESS_IPS = ["203.0.113.10"]
    page = client.get(STEP_1).content.decode()
    assert "203.0.113.10" in page and "<code>line.test</code>, port 80" in page


def test_without_addresses_it_says_who_can_list_them(client, settings):
    settings.EGRESS_IPS, settings.LINE_CONVERSION_API_URL = [], "https://conversion-api.tr.line.me"
    page = client.get(STEP_1).content.decode()
    assert "EGRESS_IPS" in page and "<code>conversion-api.tr.line.me</code>, port 443" in page


def test_creating_is_audited_with_the_names_of_what_was_set(client):
    key = draft_of(client.post(STEP_1, GOOD, follow=True))
    client.post(STEP_1 + "/name", {"name": "x", "draft": key})
    entry = AuditEntry.objects.get(action="authentication.create")
    assert entry.target_name == "x" and set(GOOD) <= set(entry.details["set"])


def test_a_viewer_cannot_create(as_user, viewer):
    client = as_user(viewer)
    for address in (STEP_1, STEP_1 + "/name"):
        assert client.get(address).status_code == client.post(address, GOOD).status_code == 403
