"""Every page passes axe at two widths and in both themes, and fits the narrow one.

To add a page, append to PAGES: a name, its address, and the role that opens it (None: a stranger). Where the page
needs rows, give a function instead of the address: it is called when the database is ready, makes them, and returns
the address.
"""

from dataclasses import dataclass

import pytest
from django.urls import reverse

from accounts.audit import record
from accounts.models import Role
from tests.browser.axe import assert_accessible
from tests.conftest import person


@dataclass(frozen=True)
class Page:
    name: str
    address: object  # str, or () -> str
    role: Role | None


def a_user():
    return reverse("accounts:user", args=[person("kenji", Role.VIEWER).pk])


def a_deactivated_user():
    kenji = person("kenji", Role.EDITOR)
    kenji.is_active = False
    kenji.save()
    return reverse("accounts:user", args=[kenji.pk])


def a_trail():
    kenji = person("kenji", Role.VIEWER)
    for n in range(60):
        record("user.update", kenji, role={"from": "Viewer", "to": "Editor"}, changed=["name"], number=n)
    return reverse("accounts:audit")


PAGES = [
    Page("sign in", "/sign-in", None),
    Page("my settings", "/settings", Role.VIEWER),
    Page("users", "/users", Role.ADMIN),
    Page("new user", "/users/new", Role.ADMIN),
    Page("user", a_user, Role.ADMIN),
    Page("deactivated user", a_deactivated_user, Role.ADMIN),
    Page("audit trail", a_trail, Role.ADMIN),
    Page("audit trail, nothing found", "/audit?target=nothing-has-this-name", Role.ADMIN),
    Page("forbidden", "/users", Role.VIEWER),
    Page("not found", "/no-such-page", Role.VIEWER),
    Page("not found, stranger", "/no-such-page", None),
]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("shown", PAGES, ids=lambda page: page.name)
def test_it_is_accessible_and_fits(page_as, shown, width, theme):
    page = page_as(person("reader", shown.role) if shown.role else None, width, theme)
    page.goto(shown.address() if callable(shown.address) else shown.address)
    assert page.locator("html").get_attribute("data-theme") == theme
    assert_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page is wider than the window"
