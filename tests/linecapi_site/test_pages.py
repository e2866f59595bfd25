"""Every page is closed to strangers, and carries the strict policy."""

import pytest


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
