import pytest

from accounts.models import AuditEntry, Role, User
from tests.conftest import PASSWORD, person

pytestmark = pytest.mark.django_db
LAST = "This is the last active admin."
KENJI = {"username": "kenji", "name": "Kenji Arai", "email": "k@example.com", "role": "editor", "password": PASSWORD}


@pytest.fixture
def client(as_user, admin):
    return as_user(admin)


def edit(client, user, **changes):
    return client.post(f"/users/{user.pk}", {"name": user.name, "email": user.email, "role": user.role} | changes)


@pytest.mark.parametrize("path", ["/users", "/users/new", "/users/1", "/audit", "/audit.csv"])
def test_only_admins_get_in(as_user, editor, path):
    assert as_user(editor).get(path).status_code == 403


@pytest.mark.parametrize("deed", ["", "/password", "/deactivate", "/reactivate"])
def test_only_admins_change_users(as_user, editor, viewer, deed):
    assert as_user(editor).post(f"/users/{viewer.pk}{deed}", {"role": "admin"}).status_code == 403


def test_it_lists_everyone_with_as_many_queries_for_many_as_for_few(client, django_assert_num_queries):
    with django_assert_num_queries(4):  # session, user, jobs in the navigation, people
        client.get("/users")
    for n in range(20):
        person(f"person{n}", Role.VIEWER)
    with django_assert_num_queries(4):
        assert b"person19" in client.get("/users").content


def test_it_creates_a_user_who_can_sign_in(client, admin):
    assert client.post("/users/new", KENJI)["Location"] == "/users"
    kenji = User.objects.get(username="kenji")
    assert kenji.check_password(PASSWORD) and (kenji.role, kenji.name) == ("editor", "Kenji Arai")
    entry = AuditEntry.objects.get(action="user.create")
    assert (entry.user, entry.target_name, entry.details) == (admin, "kenji", {"role": "editor"})


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"username": "ADMIN"}, "A user with that username already exists."),
        ({"username": "console"}, "for the console itself"),
        ({"username": "ken ji"}, "Enter a valid username."),
        ({"password": "short"}, "at least 10 characters"),
        ({"password": "Kenji Arai"}, "too similar to the name"),
        ({"password": ""}, "This field is required."),
        ({"role": "owner"}, "owner is not one of the available choices."),
    ],
)
def test_it_refuses_to_create_with_the_reason(client, wrong, why):
    response = client.post("/users/new", KENJI | wrong)
    assert response.status_code == 422 and why in response.content.decode()
    assert User.objects.count() == 1


def test_it_changes_a_role_and_records_from_what_to_what(client, viewer):
    assert edit(client, viewer, role="editor").status_code == 302
    viewer.refresh_from_db()
    assert viewer.role == "editor"
    assert AuditEntry.objects.get(action="user.update").details == {"role": {"from": "Viewer", "to": "Editor"}}


def test_the_last_active_admin_cannot_be_demoted(client, admin):
    retired = person("retired", Role.ADMIN)
    User.objects.filter(pk=retired.pk).update(is_active=False)
    response = edit(client, admin, role="editor", name="New name")
    admin.refresh_from_db()
    assert response.status_code == 422 and LAST in response.content.decode()
    assert (admin.role, admin.name) == ("admin", "")


def test_the_last_active_admin_cannot_be_deactivated(client, admin):
    response = client.post(f"/users/{admin.pk}/deactivate", follow=True)
    admin.refresh_from_db()
    assert admin.is_active and LAST in response.content.decode()
    assert not AuditEntry.objects.filter(action="user.deactivate").exists()


def test_one_of_two_admins_can_be_demoted_and_deactivated(client, admin):
    other = person("other", Role.ADMIN)
    edit(client, other, role="viewer")
    client.post(f"/users/{other.pk}/deactivate")
    other.refresh_from_db()
    assert (other.role, other.is_active) == ("viewer", False)


def test_a_demoted_superuser_is_no_admin_any_more(client):
    root = User.objects.create_superuser("root", "", PASSWORD)
    assert root.effective_role == Role.ADMIN
    edit(client, root, role="viewer")
    root.refresh_from_db()
    assert not root.may("editor")


def test_deactivating_ends_the_session_at_once(client, as_user, viewer):
    theirs = as_user(viewer)
    client.post(f"/users/{viewer.pk}/deactivate")
    assert theirs.get("/settings").status_code == 302
    assert AuditEntry.objects.filter(action="user.deactivate", target_name="viewer").exists()


def test_a_reactivated_user_can_sign_in_again(client, as_user, viewer):
    client.post(f"/users/{viewer.pk}/deactivate")
    client.post(f"/users/{viewer.pk}/reactivate")
    assert as_user(viewer).get("/settings").status_code == 200
    assert AuditEntry.objects.filter(action="user.reactivate").count() == 1


def test_a_password_set_by_an_admin_ends_that_persons_sessions(client, as_user, viewer):
    theirs = as_user(viewer)
    client.post(f"/users/{viewer.pk}/password", {"password": "staple battery horse"})
    viewer.refresh_from_db()
    assert viewer.check_password("staple battery horse") and theirs.get("/settings").status_code == 302
    assert AuditEntry.objects.get(action="user.set_password").details == {}


def test_an_admin_who_sets_their_own_password_stays_signed_in(client, admin):
    client.post(f"/users/{admin.pk}/password", {"password": "staple battery horse"})
    assert client.get("/users").status_code == 200


def test_a_weak_password_is_refused_on_the_page_of_the_user(client, viewer):
    response = client.post(f"/users/{viewer.pk}/password", {"password": "viewer@example"})
    assert response.status_code == 422 and b"too similar" in response.content


@pytest.mark.parametrize("path", ["", "/password", "/deactivate", "/reactivate"])
def test_an_unknown_user_is_not_found(client, path):
    assert client.post(f"/users/999{path}", KENJI).status_code == 404
