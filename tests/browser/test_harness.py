"""The harness itself: the live server serves what production serves, and troubles are noticed."""

import pytest
from django.conf import settings


@pytest.mark.parametrize(
    "path",
    [
        "console/console.css",
        "console/js/console.js",
        "console/js/idiomorph-ext.min.js",
        "console/fonts/inter-latin-wght-normal.woff2",
        "django_htmx/htmx-2.min.js",
    ],
)
def test_the_live_server_serves_static_files_from_where_they_are_kept(page_as, path):
    page = page_as(None)
    assert page.request.get(f"/{settings.STATIC_URL.strip('/')}/{path}").ok


def test_the_live_server_sends_the_content_policy_of_production(page_as):
    header = page_as(None).goto("/sign-in").headers["content-security-policy"]
    sent = {part.split()[0]: part.split()[1:] for part in header.split("; ")}
    assert sent == {
        name: list(map(str, where)) for name, where in settings.CONTENT_SECURITY_POLICY["DIRECTIVES"].items()
    }


@pytest.mark.parametrize(
    ("mischief", "noticed"),
    [
        ("console.error('said so')", "said so"),
        ("setTimeout(() => { throw new Error('thrown') })", "thrown"),
        ("document.body.setAttribute('style', 'color: red')", "content policy"),
        (
            "document.body.append(Object.assign(document.createElement('script'), {text: 'window.x = 1'}))",
            "content policy",
        ),
        ("fetch('http://elsewhere.test/').catch(() => 0)", "content policy"),
        ("document.body.append(Object.assign(new Image(), {src: '/no-such-picture.png'}))", "404"),
    ],
)
def test_it_notices(page_as, troubles, mischief, noticed):
    page = page_as(None)
    page.goto("/sign-in")
    page.evaluate(f"() => {{ {mischief} }}")
    page.wait_for_timeout(200)
    assert any(noticed in trouble for trouble in troubles), troubles
    troubles.clear()
