"""Users and their keys by the API."""

from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.utils import timezone

from accounts import api_keys
from accounts.models import ApiKey, AuditEntry, Role, User
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db


def test_a_password_makes_a_key(api, editor):
    answer = api(None).post("/v3/user/authenticate", user="editor", password=PASSWORD)
    assert api_keys.find(answer.json()["apikey"]).user == editor
    entry = AuditEntry.objects.get(action="api_key.create")
    assert (entry.user, answer.json()["apikey"] in str(entry.details) + entry.target_name) == (editor, False)


def test_a_wrong_password_is_401_and_in_the_end_429(api, editor):
    codes = [api(None).post("/v3/user/authenticate", user="editor", password="no").status_code for _ in range(9)]
    assert (codes[:7], codes[-1]) == ([401] * 7, 429)
    last = api(None).post("/v3/user/authenticate", user="editor", password=PASSWORD)
    assert (last.status_code, last["Retry-After"], last.json()["status_code"]) == (429, "900", 429)


def test_people_are_listed_with_their_addresses_for_admins_only(api, admin, viewer):
    both = [{"name": "admin", "email": "admin@example.com"}, {"name": "viewer", "email": "viewer@example.com"}]
    assert api(admin).get("/v3/user/list").json()["users"] == both
    assert api(viewer).get("/v3/user/list").json()["users"] == [{**both[0], "email": ""}, both[1]]


def test_a_key_tells_what_it_may_do(api, admin):
    found = api(admin, Role.VIEWER).get("/v3/user/apikey/validate").json()
    assert found == {"key_type": "master", "account_id": 1, "administrator": False, "user_id": admin.pk}


def test_keys_are_listed_by_their_beginning(api, editor):
    calls = api(editor)
    (listed,) = calls.get("/v3/user/apikey/list/editor").json()["apikeys"]
    assert (listed, len(listed)) == (f"{calls.key[:8]}…", 9)


def test_the_keys_of_others_are_for_admins(api, editor, viewer, admin):
    assert api(editor).get("/v3/user/apikey/list/viewer").status_code == 403
    assert api(admin).get("/v3/user/apikey/list/viewer").json() == {"apikeys": []}
    assert api(admin).get("/v3/user/apikey/list/nobody").status_code == 404


def test_a_new_key_may_do_no_more_than_the_one_that_asks_for_it(api, admin):
    key = api(admin, Role.VIEWER).post("/v3/user/apikey/add/admin").json()["apikey"]
    assert api_keys.find(key).effective_role == Role.VIEWER


def test_a_new_key_ends_with_the_one_that_asks_for_it(api, editor):
    calls, ends = api(editor), timezone.now() + timedelta(days=1)
    ApiKey.objects.update(expires_at=ends)
    key = calls.post("/v3/user/apikey/add/editor").json()["apikey"]
    assert api_keys.find(key).expires_at == ends


@pytest.mark.parametrize("whole", [True, False])
def test_a_key_is_removed_by_itself_or_by_its_beginning(api, editor, whole):
    calls = api(editor)
    row, key = api_keys.create(editor, name="old")
    answer = calls.post("/v3/user/apikey/remove/editor", apikey=key if whole else row.masked)
    assert (answer.status_code, api_keys.find(key)) == (200, None)
    assert api_keys.find(calls.key)


def test_a_key_that_is_not_there_cannot_be_removed(api, editor):
    assert api(editor).post("/v3/user/apikey/remove/editor", apikey="1/nothing").status_code == 404


def test_an_admin_adds_and_removes_a_person(api, admin):
    calls = api(admin)
    given = {"email": "kim@example.com", "password": "a long enough pass phrase"}
    assert calls.post("/v3/user/add/kim", **given).json() == {"name": "kim", "email": "kim@example.com"}
    assert User.objects.get(username="kim").role == Role.VIEWER
    assert calls.post("/v3/user/add/KIM", **given).status_code == 409
    assert calls.post("/v3/user/remove/kim").status_code == 200
    assert not User.objects.get(username="kim").is_active


def test_a_person_that_cannot_be_added_is_told_why(api, admin):
    answer = api(admin).post("/v3/user/add/kim", email="no", password="short")
    assert (answer.status_code, set(answer.json()["details"])) == (422, {"email", "password"})


def test_the_last_admin_stays(api, admin):
    assert api(admin).post("/v3/user/remove/admin").status_code == 409


def test_passwords_are_changed(api, admin, editor):
    new = "another long pass phrase"
    assert api(editor).post("/v3/user/password/change", old_password="no", password=new).status_code == 422
    assert api(editor).post("/v3/user/password/change", old_password=PASSWORD, password=new).status_code == 200
    assert User.objects.get(pk=editor.pk).check_password(new)
    assert api(admin).post("/v3/user/password/change/editor", password="short").status_code == 422
    assert api(admin).post("/v3/user/password/change/editor", password=PASSWORD).status_code == 200


def test_wrong_old_passwords_are_throttled_too(api, editor):
    calls = api(editor)
    given = {"old_password": "guessed", "password": PASSWORD}
    last = [calls.post("/v3/user/password/change", **given) for _ in range(9)][-1]
    assert (last.status_code, last["Retry-After"], last.json()["severity"]) == (429, "900", "error")
    assert "guessed" not in str(list(AccessAttempt.objects.values()))


def test_what_was_typed_as_username_is_kept_nowhere(api):
    api(None).post("/v3/user/authenticate", user="my-secret-password", password="x")
    assert "my-secret-password" not in str(list(AccessAttempt.objects.values("get_data", "post_data")))
    assert "my-secret-password" not in str(list(AuditEntry.objects.values()))


def test_the_account_tells_how_much_is_stored(api, viewer):
    assert api(viewer).get("/v3/account/show").json()["account"]["storage_size"] == 0


def test_a_key_is_kept_as_a_digest_alone(editor):
    row, key = api_keys.create(editor, name="tests")
    stored = ApiKey.objects.values().get()
    assert key not in str(stored) and key[8:] not in repr(row)
