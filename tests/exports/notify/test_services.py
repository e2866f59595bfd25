"""Other services: which URLs are taken, and a real webhook on this machine."""

import logging
import os
import subprocess
import sys
import time

import pytest

from exports.notify import services
from exports.notify.problems import NotSent
from exports.notify.services import UrlRefused

TOKENS = "T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
DISCORD = "4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js"


@pytest.fixture
def logged(caplog, capfd):
    """What reaches the server's log and its output. Of apprise nothing does: only pytest listens to it."""
    assert not logging.getLogger("apprise").propagate
    return lambda: "".join(r.getMessage() for r in caplog.records if r.name != "apprise") + "".join(capfd.readouterr())


@pytest.mark.parametrize(
    ("url", "service"),
    [
        (f"slack://{TOKENS}", "Slack"),
        (f"https://hooks.slack.com/services/{TOKENS}", "Slack"),
        (f"https://discord.com/api/webhooks/{DISCORD}", "Discord"),
        ("https://chat.googleapis.com/v1/spaces/AAAA/messages?key=kkk&token=ttt", "Google Chat"),
        ("workflows://prod-15.westus.logic.azure.com:443/643e69f83c8944438d68/AbCd/", "Microsoft Teams"),
        ("jsons://hooks.shop.example/path?+X-Key=1", "Webhook (JSON)"),
        ("JSON://10.0.0.7:8080", "Webhook (JSON)"),
    ],
)
def test_services_over_http_are_taken(url, service):
    assert services.service_of(url) == service


@pytest.mark.parametrize(
    "schema", ["file", "syslog", "rsyslog", "dbus", "gnome", "macosx", "windows", "blink1", "mailto", "mqtt", "vapid"]
)
def test_what_acts_on_this_server_or_speaks_otherwise_is_refused(schema):
    with pytest.raises(UrlRefused, match=rf"^{schema}:// is not allowed. Allowed are .*Slack"):
        services.service_of(f"{schema}://localhost/a-secret-path")


@pytest.mark.parametrize("url", [f"slack://{TOKENS}", f"discord://{DISCORD}"])
def test_a_template_is_refused_because_it_is_a_file_of_this_server(url):
    with pytest.raises(UrlRefused, match="Templates are not taken"):
        services.service_of(f"{url}?template=/etc/passwd")


@pytest.mark.parametrize(
    "url",
    [
        "json://",
        "https://shop.example/a-secret-path",
        "slack://a-secret-path",
        "tgram://123456789:#a-secret-path/chat",  # apprise's parser stumbles over it
        "text",
        "://",
    ],
)
def test_what_cannot_be_read_is_refused_without_showing_it(url, logged):
    with pytest.raises(UrlRefused) as error:
        services.service_of(url)
    assert "a-secret-path" not in str(error.value) + logged()


def test_limits_in_the_url_do_not_count():
    target = services._opened("json://127.0.0.1/?rto=900&cto=900&redirect=yes")
    assert (target.request_timeout, target.redirects) == ((5.0, 10.0), False)


def test_a_message_arrives(webhook):
    services.send(webhook.url, "daily: job 7 failed", "Cause: 401 – 認証")
    (found,) = webhook.bodies
    assert (found["title"], found["message"]) == ("daily: job 7 failed", "Cause: 401 – 認証")


@pytest.mark.parametrize(
    ("status", "says"),
    [(404, "its URL is wrong"), (429, "too many"), (500, "answered 500"), (302, "answered 302")],
)
def test_an_answer_is_told_by_its_number_and_redirects_are_not_followed(webhook, status, says):
    webhook.answers = [status]
    with pytest.raises(NotSent, match=says):
        services.send(webhook.url, "s", "b")


def test_a_service_that_is_not_there_is_told():
    with pytest.raises(NotSent, match="could not be reached"):
        services.send("json://127.0.0.1:1/", "s", "b")


def test_a_service_that_hangs_is_given_up(webhook, monkeypatch):
    webhook.hangs = True
    monkeypatch.setattr(services, "READ_SECONDS", 0.2)
    before = time.monotonic()
    with pytest.raises(NotSent, match="could not be reached"):
        services.send(webhook.url, "s", "b")
    assert time.monotonic() - before < 8


def test_no_log_has_the_url(webhook, logged):
    webhook.answers = [500]
    with pytest.raises(NotSent) as error:
        services.send(webhook.url, "s", "b")
    assert "a-secret-path" not in logged() + repr(error.value)


def test_apprise_is_imported_only_when_it_is_needed():
    program = "import sys, django; django.setup(); import exports.urls; sys.exit('apprise' in sys.modules)"
    environment = {"DJANGO_SETTINGS_MODULE": "linecapi_site.settings"}
    assert subprocess.run([sys.executable, "-c", program], env=os.environ | environment).returncode == 0
