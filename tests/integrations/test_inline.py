"""Credentials that come with a result: encrypted, one row for the same ones, listed nowhere, gone when not needed."""

from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.utils import timezone

from accounts.models import AuditEntry
from exports.models import ExportTarget
from exports.retention import tidy
from integrations import authentications, inline, usage
from integrations.authentications import InUse
from integrations.catalog import connector
from integrations.forms import NameForm
from integrations.models import Authentication
from integrations.sources import destinations, sendable
from tests.exports.factories import a_job, a_query
from tests.integrations.conftest import TOKEN

pytestmark = pytest.mark.django_db
LINE = connector("line_conversion")
OWN = {"line_tag_id": "tag_1", "access_token": "abc1234"}
OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@pytest.fixture
def give(editor):
    """`give(base, **values)` → the row of what was given."""

    def keep(base=None, **values):
        return inline.keep(LINE, values or OWN, base=base, user=editor)

    return keep


def used(one):
    ExportTarget.objects.create(query=a_query(), authentication=one)
    return one


def long_ago(one, **ago):
    Authentication.objects.filter(pk=one.pk).update(updated_at=timezone.now() - timedelta(**ago or {"days": 2}))
    return one


def there(one):
    return Authentication.objects.filter(pk=one.pk).exists()


# --- what is kept -------------------------------------------------------------------------------------------------


def test_a_secret_is_only_in_the_encrypted_column(give):
    one = give()
    row = Authentication.objects.filter(pk=one.pk).values().get()
    assert "abc1234" not in str(row)
    assert one.open_secrets() == {"access_token": "abc1234"}


def test_the_same_given_again_is_the_same_row(give):
    assert give() == give(access_token="abc1234", line_tag_id="tag_1")
    assert AuditEntry.objects.filter(action="authentication.create").count() == 1


@pytest.mark.parametrize("changed", [{"line_tag_id": "tag_2"}, {"access_token": "abc12345"}, {"max_retry": 8}])
def test_anything_else_is_another_row(give, changed):
    assert give() != give(**OWN | changed)


def test_the_same_beside_an_authentication_is_another_row(give, saved):
    assert give() != give(saved, **OWN)
    assert give(saved, **OWN) == give(saved, **OWN)


def test_the_fingerprint_tells_nothing_without_the_key(give, settings):
    one = give()
    settings.SECRET_KEY = "another"
    assert inline.fingerprint(LINE, OWN, None) != one.fingerprint


def test_its_name_says_what_it_is(give, saved):
    assert give().name.startswith("LINE Tag ID tag_1, given with a result (")
    assert give(saved, max_retry=3).name.startswith("line_capi_prod with other settings, given with a result (")


def test_the_audit_trail_names_what_was_given_and_no_value(give, editor):
    give()
    entry = AuditEntry.objects.get(action="authentication.create")
    assert entry.user == editor
    assert entry.details == {"connector": "line_conversion", "inline": True, "set": ["access_token", "line_tag_id"]}


def test_rotation_reaches_it(give, settings, capsys):
    settings.CREDENTIAL_KEYS = [OLD]
    one = give()
    settings.CREDENTIAL_KEYS = [NEW, OLD]
    call_command("rotate_credentials")
    settings.CREDENTIAL_KEYS = [NEW]
    one.refresh_from_db()
    assert one.open_secrets() == {"access_token": "abc1234"}
    assert give() == one


def test_it_completes_its_base_as_that_is_now(give, saved):
    one = give(saved, line_tag_id="tag_1", max_retry=3)
    saved.set_secrets({"access_token": "newer"}, at=timezone.now())
    saved.settings["connection_timeout"] = 20
    saved.save()
    found = Authentication.objects.get(pk=one.pk).all_settings()
    assert (found["access_token"], found["line_tag_id"], found["max_retry"]) == ("newer", "tag_1", 3)
    assert (found["connection_timeout"], found["initial_retry_wait"]) == (20, 15)


# --- nobody can choose it -----------------------------------------------------------------------------------------


def test_nobody_can_choose_it_but_what_has_it_can_send(give, saved):
    one = give()
    assert list(destinations()) == [saved]
    assert set(sendable()) == {saved, one}


def test_the_list_and_the_catalog_do_not_know_it(give, as_user, viewer):
    give()
    assert "tag_1" not in as_user(viewer).get("/integrations/authentications").content.decode()
    assert as_user(viewer).get("/integrations/catalog").context["authentications"] == 0


@pytest.mark.parametrize("page", ["edit", "delete"])
def test_it_is_neither_changed_nor_deleted_by_hand(give, as_user, editor, page):
    path = f"/integrations/authentications/{give().pk}/{page}"
    assert as_user(editor).get(path).status_code == as_user(editor).post(path).status_code == 404


def test_its_page_says_what_it_is_and_shows_no_secret(give, as_user, editor, saved):
    page = as_user(editor).get(f"/integrations/authentications/{give(saved, line_tag_id='tag_1').pk}")
    text = page.content.decode()
    assert "Given with a result" in text
    assert "tag_1" in text
    assert "Keep as an authentication" in text
    assert TOKEN not in text


# --- what uses it uses its base -----------------------------------------------------------------------------------


def test_a_base_is_used_by_what_uses_the_rows_that_complete_it(give, saved):
    used(give(saved, max_retry=3))
    used(give(saved, max_retry=4))
    used(saved)
    assert usage.count_uses([saved.pk]) == {saved.pk: ["3 queries"]}
    assert len(usage.uses_of(saved)) == 3


def test_a_base_that_is_used_so_cannot_be_deleted(give, saved, rf, editor):
    used(give(saved, max_retry=3))
    with pytest.raises(InUse):
        authentications.delete(saved, request=as_request(rf, editor))
    assert there(saved)


def test_a_base_that_nothing_uses_goes_with_what_completes_it(give, saved, rf, editor):
    one = give(saved, max_retry=3)
    job = a_job(authentication=one)
    authentications.delete(saved, request=as_request(rf, editor))
    job.refresh_from_db()
    assert (there(saved), there(one), job.authentication) == (False, False, None)


def as_request(rf, user):
    request = rf.post("/")
    request.user = user
    return request


# --- kept as an authentication ------------------------------------------------------------------------------------


def keep_as(client, one, name):
    return client.post(f"/integrations/authentications/{one.pk}/keep", {"name": name})


def test_it_can_be_kept_as_an_authentication(give, as_user, editor):
    one = used(give())
    assert keep_as(as_user(editor), one, "line_from_api").status_code == 302
    one.refresh_from_db()
    assert (one.name, one.inline, one.fingerprint, one.base) == ("line_from_api", False, None, None)
    assert one in destinations()
    assert one.open_secrets() == {"access_token": "abc1234"}
    assert AuditEntry.objects.get(action="authentication.keep").target_name == "line_from_api"


def test_kept_it_has_what_its_base_had_as_its_own(give, saved, as_user, editor):
    one = give(saved, line_tag_id="tag_1")
    keep_as(as_user(editor), one, "both_in_one")
    one.refresh_from_db()
    assert (one.base, one.open_secrets()) == (None, {"access_token": TOKEN})
    assert (one.settings["line_tag_id"], one.settings["line_channel_id"]) == ("tag_1", "2001447192")


def test_given_again_it_is_a_new_row_then(give, as_user, editor):
    one = give()
    keep_as(as_user(editor), one, "kept")
    assert give() != one


@pytest.mark.parametrize(("name", "says"), [("line_capi_prod", "taken"), ("", "required")])
def test_it_needs_a_name_of_its_own(give, saved, as_user, editor, name, says):
    one = give()
    answer = keep_as(as_user(editor), one, name)
    assert answer.status_code == 422
    assert says in answer.content.decode()
    one.refresh_from_db()
    assert one.inline


def test_one_that_no_key_opens_is_told(give, as_user, editor, settings):
    settings.CREDENTIAL_KEYS = [OLD]
    one = give()
    settings.CREDENTIAL_KEYS = [NEW]
    answer = keep_as(as_user(editor), one, "lost")
    assert answer.status_code == 422
    assert "None of the keys" in answer.content.decode()


def test_one_that_someone_else_has_kept_meanwhile_is_told(give, rf, editor):
    one = give()
    Authentication.objects.filter(pk=one.pk).update(name="theirs", inline=False, fingerprint=None)
    form = NameForm({"name": "mine"})
    assert form.is_valid()
    assert not inline.kept_as(one, form, request=as_request(rf, editor))
    assert "Someone else" in form.errors["name"][0]


def test_only_editors_keep_it(give, as_user, viewer):
    one = give()
    assert keep_as(as_user(viewer), one, "mine").status_code == 403


# --- the upkeep of the day ----------------------------------------------------------------------------------------


def test_one_that_nothing_needs_is_deleted_after_a_day(give, saved):
    one, young = long_ago(give()), give(line_tag_id="young", access_token="x")
    long_ago(saved)
    assert tidy(timezone.now()).inline == 1
    assert (there(one), there(young), there(saved)) == (False, True, True)


def test_one_that_a_query_or_a_job_has_stays(give):
    by_query, by_job = used(give()), give(line_tag_id="of_a_job", access_token="x")
    a_job(authentication=by_job)
    for one in (by_query, by_job):
        long_ago(one)
    assert tidy(timezone.now()).inline == 0


def test_given_again_it_is_young_again(give):
    one = long_ago(give())
    give()
    assert tidy(timezone.now()).inline == 0
    assert there(one)


def test_one_that_the_upkeep_takes_at_this_moment_is_made_anew(give, monkeypatch):
    one = long_ago(give())
    as_it_is = Authentication.objects.get_or_create

    def taken_meanwhile(**given):
        found = as_it_is(**given)
        Authentication.objects.filter(pk=one.pk).delete()
        return found

    monkeypatch.setattr(type(Authentication.objects), "get_or_create", lambda self, **given: taken_meanwhile(**given))
    again = give()
    assert again != one
    assert there(again)
