"""Editing and testing an authentication: what is kept, what is replaced, and that no secret gets out."""

import json
import re

import pytest
import responses
from django.utils import timezone
from django.views.debug import ExceptionReporter

from accounts.models import AuditEntry
from integrations import authentications
from integrations.models import Authentication
from tests.integrations.conftest import LINE_URL, TAG, TOKEN
from tests.integrations.test_pages_authentications import ENTERED, another, page_of


@pytest.fixture
def client(as_user, editor):
    return as_user(editor)


def test_a_blank_token_keeps_the_old_one(client, saved):
    page = client.get(page_of(saved, "/edit")).content.decode()
    assert f"Set on {saved.secrets_set_at:%Y-%m-%d}; leave blank to keep" in page
    client.post(page_of(saved, "/edit"), {**ENTERED, "name": " renamed ", "max_retry": "3"})
    saved.refresh_from_db()
    assert saved.name == "renamed" and saved.settings["max_retry"] == 3
    assert saved.open_secrets() == {"access_token": TOKEN}


def test_a_new_token_replaces_the_old_one_and_its_date(client, saved):
    before = saved.secrets_set_at
    client.post(page_of(saved, "/edit"), {**ENTERED, "access_token": "newer"})
    saved.refresh_from_db()
    assert saved.open_secrets() == {"access_token": "newer"} and saved.secrets_set_at > before


def test_a_setting_can_be_cleared(client, saved):
    client.post(page_of(saved, "/edit"), {**ENTERED, "line_channel_id": ""})
    saved.refresh_from_db()
    assert "line_channel_id" not in saved.settings


def test_a_setting_that_the_form_does_not_ask_for_stays(client, saved):
    Authentication.objects.update(settings={**saved.settings, "max_records": 5000})
    client.post(page_of(saved, "/edit"), {**ENTERED, "max_retry": "3"})
    saved.refresh_from_db()
    assert saved.settings["max_records"] == 5000


def test_a_name_that_another_has_is_refused(client, saved):
    another("other")
    response = client.post(page_of(saved, "/edit"), {**ENTERED, "name": "other"})
    assert response.status_code == 422 and b"This name is taken." in response.content


def test_editing_is_audited_by_the_names_of_what_changed(client, saved):
    client.post(page_of(saved, "/edit"), {**ENTERED, "max_retry": "3", "access_token": "newer", "name": "n"})
    entry = AuditEntry.objects.get(action="authentication.update")
    assert entry.details == {"changed": ["name", "access_token", "max_retry"]}


def test_saving_without_a_change_is_no_change(client, saved):
    client.post(page_of(saved, "/edit"), ENTERED)
    assert not AuditEntry.objects.filter(action="authentication.update").exists()


def test_a_changed_authentication_counts_as_not_tested(client, saved):
    Authentication.objects.update(test_ok=True, tested_at=timezone.now(), test_says="fine")
    client.post(page_of(saved, "/edit"), {**ENTERED, "line_tag_id": "other"})
    saved.refresh_from_db()
    assert (saved.test_ok, saved.tested_at, saved.test_says) == (None, None, "")


def test_a_token_that_no_key_opens_can_be_replaced_but_not_kept_in_use(client, saved, line):
    Authentication.objects.update(encrypted="unreadable")
    page = client.post(page_of(saved, "/test"), follow=True).content.decode()
    assert "None of the keys in CREDENTIAL_KEYS opens this secret." in page
    client.post(page_of(saved, "/edit"), {**ENTERED, "access_token": "newer"})
    saved.refresh_from_db()
    assert saved.open_secrets() == {"access_token": "newer"}


def test_a_blank_token_cannot_keep_what_no_key_opens(client, saved, line):
    Authentication.objects.update(encrypted="unreadable")
    page = client.post(page_of(saved, "/edit"), {**ENTERED, "test": "1", "max_retry": "3"}).content.decode()
    assert "None of the keys in CREDENTIAL_KEYS opens this secret." in page and len(line.calls) == 0


def test_a_name_that_another_takes_at_the_same_moment_is_said_too(client, saved, monkeypatch):
    def take_and_save(one, **values):
        another("contested")
        return update(one, **values)

    update = authentications.update
    monkeypatch.setattr(authentications, "update", take_and_save)
    response = client.post(page_of(saved, "/edit"), {**ENTERED, "name": "contested"})
    assert response.status_code == 422 and b"This name is taken." in response.content


# --- test ---------------------------------------------------------------------------------------------------------


def test_testing_keeps_the_result_and_is_audited(client, saved, line):
    line.post(LINE_URL, status=401)
    page = client.post(page_of(saved, "/test"), follow=True).content.decode()
    saved.refresh_from_db()
    assert "LINE refused the access token (401)." in page and saved.test_ok is False and saved.tested_at
    assert AuditEntry.objects.get(action="authentication.test").details["status"] == 401


def test_testing_in_the_list_answers_with_the_row(client, saved, line):
    line.post(LINE_URL, status=202)
    row = client.post(page_of(saved, "/test"), headers={"HX-Request": "true"}).content.decode()
    assert row.count("<tr") == 1 and "<html" not in row and "Working" in row


def test_testing_unchanged_values_while_editing_keeps_the_result(client, saved, line):
    line.post(LINE_URL, status=202)
    page = client.post(page_of(saved, "/edit"), {**ENTERED, "test": "1"}).content.decode()
    saved.refresh_from_db()
    assert "Credentials accepted." in page and saved.test_ok is True


def test_testing_a_new_token_saves_neither_it_nor_the_result_until_save(client, saved, line):
    line.post(LINE_URL, status=202)
    response = client.post(page_of(saved, "/edit"), {**ENTERED, "access_token": "newer", "test": "1"})
    assert line.calls[0].request.headers["X-Line-TagAccessToken"] == "newer"
    saved.refresh_from_db()
    assert saved.test_ok is None and saved.open_secrets() == {"access_token": TOKEN}
    draft = re.search(r'name="draft" value="([^"]*)"', response.content.decode())[1]
    client.post(page_of(saved, "/edit"), {**ENTERED, "draft": draft})
    saved.refresh_from_db()
    assert saved.test_ok is True and saved.open_secrets() == {"access_token": "newer"}


def test_a_tested_token_of_one_authentication_does_not_reach_another(client, saved, line):
    line.post(LINE_URL, status=202)
    response = client.post(page_of(saved, "/edit"), {**ENTERED, "access_token": "newer", "test": "1"})
    draft = re.search(r'name="draft" value="([^"]*)"', response.content.decode())[1]
    other = Authentication(name="other", connector_key="line_conversion", settings={"line_tag_id": TAG})
    other.set_secrets({"access_token": "its own"}, at=timezone.now())
    other.save()
    client.post(page_of(other, "/edit"), {**ENTERED, "name": "other", "draft": draft})
    other.refresh_from_db()
    assert other.open_secrets() == {"access_token": "its own"}


def test_a_test_event_is_sent_once_and_its_key_is_shown_and_audited(client, saved, line):
    line.post(LINE_URL, status=202)
    page = client.post(page_of(saved, "/test-event"), follow=True).content.decode()
    [event] = json.loads(line.calls[0].request.body)
    key = event["event"]["deduplication_key"]
    assert event["event"]["test_flag"] is True and key in page and "received" in page
    assert AuditEntry.objects.get(action="authentication.test_event").details["deduplication_key"] == key


def test_a_refused_test_event_is_not_called_a_success(client, saved, line):
    line.post(LINE_URL, status=400)
    page = client.post(page_of(saved, "/test-event"), follow=True).content.decode()
    assert 'class="alert err"' in page and "LINE refused the request" in page


def test_its_page_says_where_to_look_for_the_test_event(client, saved):
    page = client.get(page_of(saved)).content.decode()
    assert "LINE Business Manager" in page and "does not count it" in page


# --- when something breaks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("debug", [False, True])
def test_the_report_of_an_error_holds_no_token(client, saved, line, settings, debug):
    settings.DEBUG = debug
    line.post(LINE_URL, body=RuntimeError("boom"))
    client.raise_request_exception = False
    posted = {**ENTERED, "access_token": "another-secret", "test": "1"}
    response = client.post(page_of(saved, "/edit"), posted)
    report = ExceptionReporter(response.wsgi_request, *response.exc_info)
    for text in (report.get_traceback_html(), report.get_traceback_text(), response.content.decode()):
        assert "another-secret" not in text and TOKEN not in text


def test_a_log_of_requests_holds_no_token(client, saved, caplog):
    caplog.set_level("DEBUG")
    with responses.RequestsMock() as line:
        line.post(LINE_URL, status=500)
        client.post(page_of(saved, "/test"))
    assert TOKEN not in caplog.text
