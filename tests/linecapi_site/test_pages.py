"""Every page is closed to strangers, and carries the strict policy."""

import pytest

from linecapi_site.views import server_error


@pytest.mark.django_db
def test_it_sends_strangers_to_the_sign_in_page(client):
    response = client.get("/queries")
    assert response.status_code == 302
    assert response["Location"] == "/sign-in?next=/queries"


def test_it_forbids_inline_script_and_style(as_user, viewer):
    policy = as_user(viewer).get("/queries")["Content-Security-Policy"]
    assert "script-src 'self'" in policy and "style-src 'self'" in policy and "unsafe" not in policy


def test_an_unknown_page_says_so_without_a_traceback(as_user, viewer):
    response = as_user(viewer).get("/no-such-page")
    assert response.status_code == 404
    assert b"This page does not exist" in response.content


@pytest.mark.django_db
def test_a_stranger_sees_no_navigation_on_an_unknown_page(client):
    content = client.get("/no-such-page").content
    assert b"This page does not exist" in content and b'id="nav"' not in content


def test_a_page_that_the_role_does_not_open_says_which_role_does(as_user, viewer):
    response = as_user(viewer).get("/users")
    assert response.status_code == 403 and b"This needs the role admin." in response.content


def test_an_error_page_asks_no_database(rf):  # no `db` fixture: a query would fail
    response = server_error(rf.get("/", headers={"cookie": "theme=dark"}))
    assert response.status_code == 500
    assert b"Something went wrong here" in response.content and b'data-theme="dark"' in response.content


@pytest.mark.django_db
@pytest.mark.parametrize(("cookie", "attribute"), [("dark", b' data-theme="dark"'), ('"><script>', b"")])
def test_the_theme_comes_from_the_cookie(client, cookie, attribute):
    client.cookies["theme"] = cookie
    assert client.get("/sign-in").content.startswith(b'<!doctype html>\n<html lang="en"' + attribute + b">")


@pytest.mark.django_db
def test_the_sign_in_page_needs_no_query(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        client.get("/sign-in")
