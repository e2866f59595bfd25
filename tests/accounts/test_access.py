import pytest

from accounts.models import Role, User


@pytest.mark.parametrize("held", Role)
@pytest.mark.parametrize("asked", Role)
def test_a_role_includes_those_before_it(held, asked):
    assert User(role=held).may(asked) == (Role.values.index(held) >= Role.values.index(asked))


def test_someone_deactivated_may_do_nothing():
    assert not User(role=Role.ADMIN, is_active=False).may(Role.VIEWER)


@pytest.mark.parametrize(("name", "initials"), [("Mika Kondo", "MK"), ("Mika van der Berg", "MB"), ("", "MI")])
def test_initials_come_from_the_name_or_else_the_username(name, initials):
    assert User(username="mika", name=name).initials == initials


@pytest.mark.parametrize("role", Role)
def test_every_role_is_explained(role):
    assert role.explanation.endswith(".")


@pytest.mark.database
@pytest.mark.parametrize(
    "address", ["/schedules?q=a%00b", "/jobs?q=%00", "/queries?q=%00", "/databases?q=%00", "/databases/a%00b"]
)
def test_an_address_with_a_nul_is_no_page_on_any_database(as_user, viewer, address):
    assert as_user(viewer).get(address).status_code == 404
