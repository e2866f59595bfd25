"""A real Chromium against a live server. Every console error, page error, breach of the content policy and request
elsewhere fails the test that caused it.

    def test_it_does(page_as, editor):
        page = page_as(editor, width=390, theme="dark")     # signed in; page_as(None) is a stranger
        page.goto("/queries")                               # addresses are relative to the live server
        assert_accessible(page)                             # from tests.browser.axe

A test that makes an error on purpose takes the fixture `troubles` and empties it: `troubles.clear()`.
"""

import signal
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import expect

expect.set_options(timeout=10_000)  # milliseconds, as for what a page does
LONGEST = 180  # seconds of a test
HEIGHTS = {1440: 900, 390: 844}
CHROMIUM = "/usr/bin/chromium"
QUIET = [
    "--no-sandbox",  # the tests may run as root, in a container
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
]
REPORT_BREACHES = """addEventListener("securitypolicyviolation",
  e => console.error(`content policy: ${e.violatedDirective} refused ${e.blockedURI} ${e.sample}`))"""


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": QUIET}


@pytest.fixture(scope="session")
def contexts(browser):
    """Browser contexts by width: made once, so that fonts, style and scripts stay in their cache."""
    made = {}
    yield made
    for context in made.values():
        context.close()


@pytest.fixture(autouse=True)
def ending():
    """A browser that never answers fails its test, and holds up no other."""

    def stop(number, frame):
        raise TimeoutError("the browser has not answered for too long")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(LONGEST)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def troubles():
    """What went wrong in the browser during this test, as text."""
    return []


@pytest.fixture
def page_as(live_server, browser, contexts, troubles):
    """`page_as(user, width=1440, theme="light")` → a page of that width, signed in as that user."""
    pages = []

    def open_page(user, width=1440, theme="light"):
        if width not in contexts:
            size = {"width": width, "height": HEIGHTS.get(width, 900)}
            contexts[width] = browser.new_context(viewport=size, base_url=live_server.url)
            contexts[width].add_init_script(REPORT_BREACHES)
        context = contexts[width]
        context.clear_cookies()
        context.add_cookies([{"name": k, "value": v, "url": live_server.url} for k, v in cookies(user, theme)])
        page = context.new_page()
        page.set_default_timeout(10_000)
        pages.append(page)
        watch(page, live_server.url, troubles)
        return page

    yield open_page
    for page in pages:
        page.close()
    assert not troubles, "\n".join(troubles)


def cookies(user, theme):
    yield "theme", theme
    if user:
        client = Client()
        client.force_login(user)
        yield settings.SESSION_COOKIE_NAME, client.cookies[settings.SESSION_COOKIE_NAME].value


# htmx calls it an error when a newer request takes the place of one; a failure has a line of its own.
GIVEN_UP = ("htmx:sendAbort", "htmx:afterRequest")


def watch(page, home, troubles):
    def heard(message):
        # Chromium writes the status of an error page itself into the console: 403, 404 and 422 are pages too.
        own_status = message.text.startswith("Failed to load resource") and message.location["url"] == page.url
        if message.type == "error" and not own_status and not message.text.startswith(GIVEN_UP):
            troubles.append(f"{page.url}: console: {message.text} ({message.location['url']})")

    def sent(request):
        if not request.url.startswith((home, "data:", "blob:")):
            troubles.append(f"{page.url}: request to {request.url}")

    page.on("console", heard)
    page.on("pageerror", lambda error: troubles.append(f"{page.url}: page error: {error}"))
    page.on("request", sent)
