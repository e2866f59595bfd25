"""Control Panel > Notifications: channels, tests of them, the default, and what was sent."""

import html

import pytest
from django.urls import reverse

from accounts.models import AuditEntry
from exports.models import ErrorKind
from exports.notify import channels, outbox
from exports.notify.models import Channel, Delivery, Rule
from tests.exports.notify.conftest import a_service, an_email_channel, end

pytestmark = pytest.mark.django_db
PAGE = "/notifications"
SECRET = "a-secret-path"


@pytest.fixture
def client(as_user, admin):
    return as_user(admin)


def text_of(client, url=PAGE):
    return html.unescape(client.get(url).content.decode())


def test_only_admins_see_it(as_user, editor):
    client = as_user(editor)
    assert client.get(PAGE).status_code == 403
    assert client.post(reverse("exports:channel_new", args=["email"])).status_code == 403
    assert PAGE not in client.get("/queries").content.decode()


def test_an_admin_adds_an_email_channel(client):
    posted = {"name": "ops", "addresses": "ops@shop.example, kana@shop.example\nOPS@shop.example"}
    client.post(reverse("exports:channel_new", args=["email"]), posted)
    assert Channel.objects.get().addresses == ["OPS@shop.example", "kana@shop.example"]
    assert AuditEntry.objects.filter(action="channel.create", target_name="ops").exists()


def test_wrong_addresses_are_named(client):
    posted = {"name": "ops", "addresses": "ops@shop.example kana@ken"}
    response = client.post(reverse("exports:channel_new", args=["email"]), posted)
    assert response.status_code == 422
    assert "Not an e-mail address: kana@ken. Write them like" in html.unescape(response.content.decode())


def test_more_than_twenty_addresses_are_refused(client):
    posted = {"name": "ops", "addresses": " ".join(f"p{n}@shop.example" for n in range(21))}
    response = client.post(reverse("exports:channel_new", args=["email"]), posted)
    assert "21 addresses; up to 20 are allowed." in response.content.decode()


def test_a_service_is_kept_encrypted_and_shown_nowhere(client):
    url = f"json://user:word@hooks.shop.example/{SECRET}"
    client.post(reverse("exports:channel_new", args=["service"]), {"name": "hook", "url": url})
    one = Channel.objects.get()
    assert (one.service, one.open_url()) == ("Webhook (JSON)", url)
    pages = text_of(client) + text_of(client, reverse("exports:channel", args=[one.pk])) + text_of(client, "/audit")
    assert SECRET not in pages + one.encrypted + repr(one) + str(AuditEntry.objects.values_list("details"))


def test_a_refused_url_is_not_shown_again(client):
    posted = {"name": "hook", "url": f"syslog://{SECRET}"}
    response = client.post(reverse("exports:channel_new", args=["service"]), posted)
    assert response.status_code == 422
    page = html.unescape(response.content.decode())
    assert "syslog:// is not allowed" in page
    assert SECRET not in page


def test_a_url_left_empty_stays_and_a_new_one_needs_a_new_test(client):
    one = a_service(f"json://127.0.0.1/{SECRET}")
    Channel.objects.update(test_ok=True)
    at = reverse("exports:channel", args=[one.pk])
    client.post(at, {"name": "renamed", "url": ""})
    one.refresh_from_db()
    assert (one.name, one.test_ok, SECRET in one.open_url()) == ("renamed", True, True)
    client.post(at, {"name": "renamed", "url": "json://127.0.0.1/other"})
    one.refresh_from_db()
    assert (one.test_ok, SECRET in one.open_url()) == (None, False)


def test_a_name_is_given_once(client):
    an_email_channel()
    response = client.post(
        reverse("exports:channel_new", args=["email"]), {"name": "ops", "addresses": "a@shop.example"}
    )
    assert response.status_code == 422


def test_a_channel_is_deleted_with_what_waits_for_it(client, schedule, default, ops):
    end(schedule)
    client.post(reverse("exports:channel_delete", args=[ops.pk]))
    assert not Channel.objects.exists()
    assert not Delivery.objects.exists()


# --- send a test ---------------------------------------------------------------------------------------------------


def test_a_test_mail_is_sent_and_its_result_shown(client, ops, mail_server):
    response = client.post(reverse("exports:channel_test", args=[ops.pk]), headers={"hx-request": "true"})
    assert "Sent. The mail server took it." in response.content.decode()
    assert mail_server.mails[0]["Subject"] == "Linecapi Console: test of “ops”"


def test_a_test_through_a_webhook_that_refuses_says_so_without_the_secret(client, webhook):
    webhook.answers = [404]
    one = a_service(webhook.url)
    response = client.post(reverse("exports:channel_test", args=[one.pk]), follow=True)
    page = html.unescape(response.content.decode())
    assert "hook: The service answered 404: its URL is wrong" in page
    assert SECRET not in page


def test_a_test_that_hangs_ends(client, webhook, monkeypatch):
    webhook.hangs = True
    monkeypatch.setattr(outbox, "SECONDS", 0.2)
    one = a_service(webhook.url)
    client.post(reverse("exports:channel_test", args=[one.pk]))
    one.refresh_from_db()
    assert (one.test_ok, one.test_says) == (False, "There was no answer within 0.2 s.")


def test_one_of_several_addresses_that_is_refused_is_named_masked(admin, mail_server, rf):
    mail_server.refuses = {"RCPT": "550 no"}
    one = an_email_channel(addresses=["ops@shop.example", "kana@shop.example"])
    request = rf.post("/")
    request.user = admin
    assert not channels.test(one, request=request, user=admin)
    assert one.test_says == "o•••@shop.example: The mail server refused this address (550). Check it."


# --- without e-mail ------------------------------------------------------------------------------------------------


def test_without_e_mail_the_page_says_what_to_set_and_no_such_channel_is_added(client, settings):
    settings.EMAIL_MISSING = ["EMAIL_URL", "DEFAULT_FROM_EMAIL"]
    page = text_of(client)
    assert "E-mail is not set up: set EMAIL_URL and DEFAULT_FROM_EMAIL in the environment" in page
    assert reverse("exports:channel_new", args=["email"]) not in page
    client.post(reverse("exports:channel_new", args=["email"]), {"name": "x", "addresses": "a@shop.example"})
    assert not Channel.objects.exists()


def test_without_the_address_of_the_console_the_page_says_so(client, settings):
    settings.SITE_URL = ""
    assert "set SITE_URL in the environment" in text_of(client)


# --- the default and what was sent ---------------------------------------------------------------------------------


def test_the_default_is_saved_once(client, ops):
    for percent in ("5", "7"):
        posted = {"channels": [ops.pk], "on_failure": "on", "rejects_percent": percent}
        client.post(reverse("exports:notifications_defaults"), posted)
    rule = Rule.objects.get()
    assert (rule.query, list(rule.channels.all()), rule.rejects_percent) == (None, [ops], 7)
    assert (rule.on_failure, rule.on_recovery) == (True, False)


def test_a_threshold_of_everything_is_refused(client):
    response = client.post(reverse("exports:notifications_defaults"), {"rejects_percent": "100"})
    assert response.status_code == 422


def test_saving_while_e_mail_is_away_keeps_the_e_mail_channels(client, default, ops, settings):
    settings.EMAIL_MISSING = ["EMAIL_URL"]
    client.post(reverse("exports:notifications_defaults"), {"on_failure": "on", "rejects_percent": "5"})
    assert list(default.channels.all()) == [ops]


def test_what_could_not_be_sent_is_listed_with_its_reason(client, schedule, default, settings):
    job = end(schedule, kind=ErrorKind.DATA)
    settings.EMAIL_MISSING = ["EMAIL_URL"]
    outbox.deliver([Delivery.objects.get().pk])
    page = text_of(client)
    assert f"daily_purchases: job {job.pk} failed" in page
    assert "E-mail is not set up: set EMAIL_URL" in page
    assert "1 try; the next at" in page
