from urllib.parse import quote

import pytest
import time_machine
from django.test import Client

from accounts.models import AuditEntry
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
WRONG = "The username or the password is wrong."


def attempt(client, username="viewer", password="wrong", **kwargs):
    return client.post("/sign-in", {"username": username, "password": password}, **kwargs)


def told(response):
    return response.context["form"].non_field_errors()


def test_it_signs_in_and_goes_where_one_wanted_to_go(client, viewer):
    response = client.post(f"/sign-in?next={quote('/settings')}", {"username": "viewer", "password": PASSWORD})
    assert response.status_code == 302 and response["Location"] == "/settings"
    assert client.get("/settings").status_code == 200


def test_it_does_not_send_people_to_other_sites(client, viewer):
    response = client.post("/sign-in?next=https://evil.example/", {"username": "viewer", "password": PASSWORD})
    assert response["Location"] == "/"


def test_it_gives_a_new_session_at_sign_in(client, viewer):
    client.session["before"] = True
    old = client.session.session_key
    attempt(client, password=PASSWORD)
    assert client.session.session_key != old


def test_it_does_not_tell_which_of_name_and_password_was_wrong(client, viewer):
    known, unknown = attempt(client), attempt(client, username="nobody")
    assert known.status_code == unknown.status_code == 422
    assert told(known) == told(unknown) == [WRONG]


def test_it_does_not_tell_that_a_user_is_deactivated(client, viewer):
    viewer.is_active = False
    viewer.save()
    assert told(attempt(client, password=PASSWORD)) == [WRONG]


def test_it_takes_a_name_with_a_zero_byte_without_falling_over(client):
    assert attempt(client, username="vie\0wer").status_code == 422


def test_someone_who_is_signed_in_does_not_see_the_form(as_user, viewer):
    assert as_user(viewer).get("/sign-in").status_code == 302


def test_signing_out_takes_a_post_and_ends_the_session(as_user, viewer):
    client = as_user(viewer)
    assert client.get("/sign-out").status_code == 405
    assert client.post("/sign-out")["Location"] == "/sign-in"
    assert client.get("/settings").status_code == 302


def test_htmx_is_told_to_leave_for_the_sign_in_page_and_to_come_back(client):
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/audit?action=x"}
    response = client.get("/audit?after=3", headers=headers)
    assert response["HX-Redirect"] == "/sign-in?next=/audit%3Faction%3Dx"


def test_it_refuses_a_post_without_the_token(viewer):
    response = attempt(Client(enforce_csrf_checks=True), password=PASSWORD)
    assert response.status_code == 403 and b"This page was out of date" in response.content


class TestThrottling:
    def lock(self, client):
        return [attempt(client) for _ in range(8)][-1]

    def test_the_eighth_wrong_password_throttles_and_says_for_how_long(self, client, viewer):
        response = self.lock(client)
        assert response.status_code == 429 and response["Retry-After"] == "900"
        assert b"Too many attempts." in response.content and b"Try again in 15 minutes." in response.content

    def test_the_right_password_does_not_help_while_throttled(self, client, viewer):
        self.lock(client)
        assert attempt(client, password=PASSWORD).status_code == 429
        assert client.get("/settings").status_code == 302

    def test_it_is_over_after_a_quarter_of_an_hour(self, client, viewer):
        with time_machine.travel("2026-03-01T10:00:00Z", tick=False):
            self.lock(client)
        with time_machine.travel("2026-03-01T10:14:00Z", tick=False):
            assert attempt(client, password=PASSWORD).status_code == 429
        with time_machine.travel("2026-03-01T10:30:00Z", tick=False):
            assert attempt(client, password=PASSWORD).status_code == 302

    def test_it_does_not_stop_other_people_or_other_addresses(self, client, viewer, editor):
        self.lock(client)
        assert attempt(client, username="editor", password=PASSWORD).status_code == 302
        assert attempt(Client(), password=PASSWORD, REMOTE_ADDR="10.0.0.7").status_code == 302

    def test_it_is_recorded_once_and_what_follows_is_not(self, client, viewer):
        self.lock(client)
        attempt(client), attempt(client)
        recorded = list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
        assert recorded == ["sign_in.failed"] * 8 + ["sign_in.throttled"]


class TestTrail:
    def test_signing_in_and_out_are_recorded_with_the_address(self, client, viewer):
        attempt(client, password=PASSWORD, REMOTE_ADDR="10.0.0.7")
        client.post("/sign-out")
        out, into = AuditEntry.objects.all()
        assert (into.action, into.user, into.ip_address) == ("sign_in", viewer, "10.0.0.7")
        assert (out.action, out.user) == ("sign_out", viewer)

    def test_a_failed_sign_in_tells_who_was_meant_and_that_nobody_was_signed_in(self, client, viewer):
        attempt(client)
        entry = AuditEntry.objects.get()
        assert (entry.action, entry.user, entry.user_name) == ("sign_in.failed", None, "")
        assert (entry.target_kind, entry.target_name) == ("user", "viewer")

    def test_an_unknown_name_is_not_kept_for_it_may_be_a_password(self, client):
        attempt(client, username="hunter2hunter2")
        entry = AuditEntry.objects.get()
        assert entry.target_name == "an unknown username" and "hunter2" not in str(vars(entry))
