"""Keys for the API: their pages, who may do what with them, and `manage.py api_key`."""

from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts import api_keys
from accounts.models import ApiKey, AuditEntry, Role
from tests.conftest import person

pytestmark = pytest.mark.django_db
NEW = "/settings/api-keys/new"
GOOD = {"name": "Batch host", "role": "viewer", "lasts": "30"}


def shown(response):
    """The key on the page that made it."""
    return api_keys.SHAPE.search(response.content.decode()).group()


def test_a_new_key_is_shown_on_the_page_that_made_it(as_user, editor):
    response = as_user(editor).post(NEW, GOOD)
    row = api_keys.find(shown(response))
    assert (response.status_code, row.user, row.name, row.role) == (200, editor, "Batch host", "viewer")
    assert "no-store" in response["Cache-Control"]


def test_the_key_is_nowhere_afterwards(as_user, admin):
    client = as_user(admin)
    key = shown(client.post(NEW, GOOD))
    for page in ("/settings", NEW, "/audit", f"/users/{admin.pk}"):
        assert key not in client.get(page).content.decode()
    assert key not in str([s.get_decoded() for s in Session.objects.all()])
    assert key not in str([*ApiKey.objects.values(), *AuditEntry.objects.values()])


@pytest.mark.parametrize(("lasts", "days"), [("30", 30), ("90", 90), ("365", 365)])
def test_a_key_lasts_as_long_as_chosen(as_user, editor, lasts, days):
    as_user(editor).post(NEW, GOOD | {"lasts": lasts})
    left = ApiKey.objects.get().expires_at - timezone.now()
    assert timedelta(days=days, minutes=-1) < left <= timedelta(days=days)


def test_a_key_may_last_until_it_is_revoked(as_user, editor):
    as_user(editor).post(NEW, GOOD | {"lasts": "never"})
    assert ApiKey.objects.get().expires_at is None


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"name": " "}, "This field is required."),
        ({"name": "a" * 101}, "at most 100 characters (it has 101)"),
        ({"name": "a\0b"}, "Null characters are not allowed."),
        ({"role": "admin"}, "admin is not one of the available choices."),
        ({"role": ""}, "This field is required."),
        ({"lasts": "7"}, "7 is not one of the available choices."),
    ],
)
def test_it_makes_no_key_and_says_why(as_user, editor, wrong, why):
    response = as_user(editor).post(NEW, GOOD | wrong)
    assert (response.status_code, ApiKey.objects.count()) == (422, 0)
    assert why in response.content.decode()


def test_an_empty_post_makes_no_key(as_user, editor):
    assert as_user(editor).post(NEW).status_code == 422


def test_one_chooses_among_the_roles_up_to_ones_own(as_user, viewer, editor):
    offered = {user: as_user(user).get(NEW).context["form"].fields["role"].choices for user in (viewer, editor)}
    assert [[value for value, _ in choices] for choices in offered.values()] == [["viewer"], ["viewer", "editor"]]


def test_making_and_revoking_stand_in_the_trail(as_user, editor):
    client = as_user(editor)
    client.post(NEW, GOOD)
    client.post(f"/settings/api-keys/{ApiKey.objects.get().pk}/revoke")
    entries = AuditEntry.objects.filter(action__startswith="api_key.").order_by("pk")
    assert [(e.user, e.words) for e in entries] == [(editor, "API key: create"), (editor, "API key: revoke")]


def test_the_page_lists_those_in_use_before_those_that_ended(as_user, editor):
    api_keys.create(editor, name="first", expires_at=timezone.now() - timedelta(days=1))
    api_keys.revoke(api_keys.create(editor, name="second")[0])
    row, _ = api_keys.create(editor, name="third", role=Role.ADMIN)
    page = as_user(editor).get("/settings")
    assert [key.name for key in page.context["active"]] == ["third"]
    assert [(key.name, key.state) for key in page.context["ended"]] == [("second", "revoked"), ("first", "expired")]
    assert row.masked in page.content.decode() and row.effective_role == "editor"


def test_a_list_takes_as_many_queries_for_many_keys_as_for_few(as_user, editor, django_assert_num_queries):
    client = as_user(editor)
    with django_assert_num_queries(5):  # session, user, the user afresh, keys, jobs in the navigation
        client.get("/settings")
    for n in range(10):
        api_keys.create(editor, name=f"key {n}")
    with django_assert_num_queries(5):
        client.get("/settings")


def test_revoking_asks_first_and_then_the_key_is_refused(as_user, editor):
    client, (row, key) = as_user(editor), api_keys.create(editor, name="tests")
    assert b"Revoke tests" in client.get(f"/settings/api-keys/{row.pk}/revoke").content and api_keys.find(key)
    assert client.post(f"/settings/api-keys/{row.pk}/revoke")["Location"] == "/settings"
    assert api_keys.find(key) is None
    assert client.post(f"/settings/api-keys/{row.pk}/revoke").status_code == 404


def test_the_keys_of_others_are_not_found(as_user, editor, viewer):
    row, key = api_keys.create(viewer, name="tests")
    for ask in (as_user(editor).get, as_user(editor).post):
        assert ask(f"/settings/api-keys/{row.pk}/revoke").status_code == 404
    assert api_keys.find(key)


def test_an_admin_sees_and_revokes_the_keys_of_others(as_user, admin, viewer):
    client, (row, key) = as_user(admin), api_keys.create(viewer, name="tests")
    assert row.masked in client.get(f"/users/{viewer.pk}").content.decode()
    assert client.post(f"/settings/api-keys/{row.pk}/revoke")["Location"] == f"/users/{viewer.pk}"
    assert api_keys.find(key) is None


@pytest.mark.parametrize("path", [NEW, "/settings/api-keys/1/revoke"])
def test_a_stranger_is_led_to_the_sign_in_page(client, path):
    assert client.post(path, GOOD)["Location"].startswith("/sign-in")


def test_a_post_without_the_token_is_refused(editor):
    client = Client(enforce_csrf_checks=True)
    client.force_login(editor)
    assert client.post(NEW, GOOD).status_code == 403


def test_the_keys_of_a_deactivated_user_are_off(as_user, admin, viewer):
    _, key = api_keys.create(viewer, name="tests")
    as_user(admin).post(f"/users/{viewer.pk}/deactivate")
    assert api_keys.find(key) is None
    assert b"User deactivated" in as_user(admin).get(f"/users/{viewer.pk}").content


def test_the_page_tells_how_clients_are_pointed_here(as_user, viewer):
    text = as_user(viewer).get("/settings", headers={"Host": "localhost:8000"}).content.decode()
    for part in ("export TD_API_SERVER=http://localhost:8000\n", "force_tdclient=True", "use_ssl: false"):
        assert part in text


class TestCommand:
    def run(self, *args):
        out = StringIO()
        call_command("api_key", *args, stdout=out)
        return out.getvalue().strip()

    def test_it_prints_a_key_that_works(self, editor):
        row = api_keys.find(self.run("editor", "--name", "cron", "--role", "viewer", "--days", "7"))
        assert (row.user, row.name, row.role) == (editor, "cron", "viewer")
        assert row.expires_at - row.created_at > timedelta(days=6, hours=23)

    def test_without_a_role_it_may_do_what_its_person_may(self, editor):
        row = api_keys.find(self.run("editor"))
        assert (row.effective_role, row.expires_at) == (Role.EDITOR, None)

    @pytest.mark.parametrize("days", ["0", "-1", "3651"])
    def test_days_have_limits(self, editor, days):
        with pytest.raises(CommandError, match="--days must be 1 to 3,650"):
            self.run("editor", f"--days={days}")
        assert not ApiKey.objects.exists()

    def test_it_knows_only_roles_that_there_are(self, editor):
        with pytest.raises(CommandError, match="invalid choice: 'owner'"):
            self.run("editor", "--role=owner")

    def test_it_lists_without_showing_a_key(self, editor):
        row, key = api_keys.create(editor, name="tests")
        assert self.run("editor", "--list") == f"{row.pk}\t{row.masked}\tadmin\tactive\ttests"
        assert key not in self.run("editor", "--list")

    def test_it_revokes_one_and_says_if_it_was_revoked_before(self, editor):
        row, key = api_keys.create(editor, name="tests")
        assert self.run("editor", f"--revoke={row.pk}") == f"{row.masked} is revoked."
        assert api_keys.find(key) is None
        assert self.run("editor", f"--revoke={row.pk}") == f"{row.masked} was revoked before."

    def test_it_revokes_nothing_of_another_person(self, editor):
        row, key = api_keys.create(person("kenji", Role.EDITOR), name="tests")
        with pytest.raises(CommandError, match=f"editor has no key {row.pk}"):
            self.run("editor", f"--revoke={row.pk}")
        assert api_keys.find(key)

    def test_it_does_nothing_for_nobody(self, db):
        with pytest.raises(CommandError, match="There is no user nobody"):
            self.run("nobody")
