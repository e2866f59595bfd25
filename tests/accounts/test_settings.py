import pytest

from accounts.models import AuditEntry
from tests.conftest import PASSWORD

NEW = "staple battery horse"
pytestmark = pytest.mark.django_db


def change_password(client, old=PASSWORD, new=NEW, again=NEW):
    return client.post("/settings/password", {"old_password": old, "new_password1": new, "new_password2": again})


def test_everyone_may_set_their_own_name_and_e_mail(as_user, viewer):
    response = as_user(viewer).post("/settings/profile", {"name": "近藤 美香", "email": "mika@example.com"})
    viewer.refresh_from_db()
    assert response.status_code == 302
    assert (viewer.name, viewer.email, viewer.role) == ("近藤 美香", "mika@example.com", "viewer")


def test_nobody_gives_themselves_a_role(as_user, viewer):
    as_user(viewer).post("/settings/profile", {"name": "V", "email": "", "role": "admin", "is_superuser": "on"})
    viewer.refresh_from_db()
    assert viewer.effective_role == "viewer"


def test_a_wrong_e_mail_is_shown_beside_its_field_and_nothing_is_saved(as_user, viewer):
    response = as_user(viewer).post("/settings/profile", {"name": "Other", "email": "not an address"})
    viewer.refresh_from_db()
    assert response.status_code == 422 and viewer.name == ""
    assert b"Enter a valid email address." in response.content


def test_the_trail_names_what_changed_but_not_the_personal_data(as_user, viewer):
    as_user(viewer).post("/settings/profile", {"name": "Mika", "email": "viewer@example.com"})
    entry = AuditEntry.objects.get(action="user.update")
    assert entry.details == {"changed": ["name"]} and entry.user == viewer


def test_it_records_nothing_when_nothing_changed(as_user, viewer):
    as_user(viewer).post("/settings/profile", {"name": "", "email": "viewer@example.com"})
    assert not AuditEntry.objects.filter(action="user.update").exists()


def test_a_new_password_keeps_this_session_and_ends_the_others(as_user, viewer):
    here, elsewhere = as_user(viewer), as_user(viewer)
    assert change_password(here).status_code == 302
    assert here.get("/settings").status_code == 200
    assert elsewhere.get("/settings").status_code == 302
    viewer.refresh_from_db()
    assert viewer.check_password(NEW)


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ({"old": "wrong"}, "Your old password was entered incorrectly"),
        ({"again": "something else entirely"}, "The two password fields didn"),
        ({"new": "short", "again": "short"}, "at least 10 characters"),
        ({"new": "viewer@example.com", "again": "viewer@example.com"}, "too similar"),
    ],
)
def test_it_refuses_a_new_password_with_the_reason(as_user, viewer, typed, why):
    response = change_password(as_user(viewer), **typed)
    viewer.refresh_from_db()
    assert response.status_code == 422 and why in response.content.decode()
    assert viewer.check_password(PASSWORD)


def test_no_password_comes_back_on_the_page(as_user, viewer):
    response = change_password(as_user(viewer), old="secret-typed-here", new="another-typed-here", again="x")
    assert b"typed-here" not in response.content
