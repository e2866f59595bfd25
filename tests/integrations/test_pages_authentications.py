"""Authentications: list, page, edit, test, delete; and who may do which."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEntry
from exports.models import ExportTarget, Job, JobState, Query
from integrations.models import Authentication
from integrations.usage import count_uses, uses_of
from tests.integrations.conftest import TAG, TOKEN
from warehouse.models import Database

LIST = "/integrations/authentications"
ENTERED = {"name": "line_capi_prod", "line_tag_id": TAG, "line_channel_id": "2001447192", "access_token": ""}


@pytest.fixture
def client(as_user, editor):
    return as_user(editor)


def page_of(one, page=""):
    return f"{LIST}/{one.pk}{page}"


def another(name, **values):
    return Authentication.objects.create(name=name, connector_key="line_conversion", **values)


def used_by_a_query(one, name="daily"):
    database, _ = Database.objects.get_or_create(name="shop_jp")
    query = Query.objects.create(name=name, database=database, sql="select 1")
    return ExportTarget.objects.create(query=query, authentication=one)


def used_by_a_job(one, state):
    return Job.objects.create(
        name="run", database_name="d", sql="", authentication=one, state=state, next_attempt_at=timezone.now()
    )


# --- list and page ------------------------------------------------------------------------------------------------


def test_the_list_says_what_uses_an_authentication_and_how_its_last_test_went(client, saved):
    used_by_a_query(saved)
    used_by_a_query(saved, "hourly")
    used_by_a_job(saved, JobState.QUEUED)
    used_by_a_job(saved, JobState.SUCCESS)
    page = client.get(LIST).content.decode()
    assert "2 queries, 1 active job" in page and "Not tested" in page
    assert "LINE Tag ID 8f2c…3b0e" in page and "editor" in page


def test_an_empty_list_leads_to_the_catalog(client):
    page = client.get(LIST).content.decode()
    assert "No authentications yet" in page and "Open the catalog" in page


def test_the_list_takes_as_many_queries_for_many_rows_as_for_one(client, saved):
    used_by_a_query(saved)
    with CaptureQueriesContext(connection) as one_row:
        client.get(LIST)
    for n in range(40):
        other = Authentication.objects.create(
            name=f"a{n}", connector_key="line_conversion", created_by=saved.created_by
        )
        used_by_a_query(other, f"query {n}")
    with CaptureQueriesContext(connection) as many_rows:
        page = client.get(LIST).content.decode()
    assert len(many_rows) == len(one_row) and page.count("1 query") == 41


def test_a_long_list_has_pages(client, editor):
    Authentication.objects.bulk_create(
        Authentication(name=f"a{n:02}", connector_key="line_conversion") for n in range(51)
    )
    first, second = client.get(LIST).content.decode(), client.get(LIST, {"page": 2}).content.decode()
    assert "1 to 50 of 51" in first and "a50" not in first and "a50" in second


def test_its_page_shows_settings_and_users_but_no_secret(client, saved):
    target = used_by_a_query(saved)
    page = client.get(page_of(saved)).content.decode()
    assert f'<dd class="mono">{TAG}</dd>' in page and "<dt>Access Token</dt><dd>Set</dd>" in page
    assert f'href="/queries/{target.query.pk}"' in page and TOKEN not in page


def test_an_unknown_authentication_has_no_page(client, db):
    for page in ("", "/edit", "/delete"):
        assert client.get(f"{LIST}/999{page}").status_code == 404


# --- delete -------------------------------------------------------------------------------------------------------


def test_it_is_deleted_after_a_confirmation_and_audited(client, saved):
    assert b"Nothing uses it now" in client.get(page_of(saved, "/delete")).content
    assert client.post(page_of(saved, "/delete")).status_code == 302
    assert not Authentication.objects.exists()
    assert AuditEntry.objects.get(action="authentication.delete").target_name == saved.name


def test_it_is_not_deleted_while_a_query_uses_it_and_the_query_is_named(client, saved):
    target = used_by_a_query(saved)
    response = client.post(page_of(saved, "/delete"))
    page = response.content.decode()
    assert response.status_code == 409 and Authentication.objects.exists()
    assert f'<a href="/queries/{target.query.pk}">daily</a>' in page
    assert not AuditEntry.objects.filter(action="authentication.delete").exists()


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.RETRY_WAIT])
def test_an_active_job_is_a_use(client, saved, state):
    job = used_by_a_job(saved, state)
    page = client.post(page_of(saved, "/delete")).content.decode()
    assert f'<a href="/jobs/{job.pk}">' in page and Authentication.objects.exists()


def test_a_finished_job_is_none(client, saved):
    job = used_by_a_job(saved, JobState.SUCCESS)
    client.post(page_of(saved, "/delete"))
    job.refresh_from_db()
    assert job.authentication is None and not Authentication.objects.exists()


def test_what_uses_one_authentication_does_not_use_another(saved):
    used_by_a_query(saved)
    other = another("other")
    assert uses_of(other) == [] and count_uses([other.pk]) == {}


# --- who may do what ----------------------------------------------------------------------------------------------


def test_a_viewer_may_look_and_sees_no_button(as_user, viewer, saved):
    client = as_user(viewer)
    for address in (LIST, page_of(saved)):
        page = client.get(address).content.decode()
        main = page[page.index("<main") :]
        assert saved.name in main and "<button" not in main and "/edit" not in main and "/delete" not in main


def test_a_viewer_may_change_nothing(as_user, viewer, saved):
    client = as_user(viewer)
    for page in ("/edit", "/delete", "/test", "/test-event"):
        assert client.post(page_of(saved, page), ENTERED).status_code == 403
    assert client.get(page_of(saved, "/edit")).status_code == client.get(page_of(saved, "/delete")).status_code == 403


def test_an_admin_may_do_what_an_editor_may(as_user, admin, saved):
    client = as_user(admin)
    assert client.get(page_of(saved, "/edit")).status_code == 200
    assert client.post(page_of(saved, "/delete")).status_code == 302


@pytest.mark.parametrize("page", ["", "/edit", "/delete"])
def test_a_stranger_is_sent_to_sign_in(saved, page):
    assert Client().get(page_of(saved, page))["Location"].startswith("/sign-in")


@pytest.mark.parametrize("page", ["/test", "/test-event"])
def test_what_sends_is_not_done_by_a_link(client, saved, page):
    assert client.get(page_of(saved, page)).status_code == 405


@pytest.mark.parametrize("page", ["/edit", "/delete", "/test", "/test-event"])
def test_a_forged_post_is_refused(saved, editor, page):
    client = Client(enforce_csrf_checks=True)
    client.force_login(editor)
    assert client.post(page_of(saved, page), ENTERED).status_code == 403
