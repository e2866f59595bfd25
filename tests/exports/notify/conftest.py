"""What tests of notifications share: channels, a rule, and servers to send to."""

import pytest

from exports import events
from exports.models import Job, JobState
from exports.notify.models import Channel, Kind, Rule
from tests.exports.factories import a_job
from tests.exports.notify.servers import MailServer, WebHook, running
from tests.exports.schedules import a_schedule, at


@pytest.fixture(autouse=True)
def mail_is_set_up(settings):
    settings.EMAIL_MISSING = []
    settings.DEFAULT_FROM_EMAIL = "Console <console@shop.example>"
    settings.SITE_URL = "https://console.shop.example"


@pytest.fixture
def mail_server(settings):
    with running(MailServer()) as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        yield server


@pytest.fixture
def webhook():
    with running(WebHook()) as server:
        yield server


@pytest.fixture
def schedule(db):
    return a_schedule(slot=at(10))


@pytest.fixture
def ops(db):
    return an_email_channel()


@pytest.fixture
def default(ops):
    """The default for all queries: everything, by e-mail to ops."""
    rule = Rule.objects.create()
    rule.channels.add(ops)
    return rule


def an_email_channel(name="ops", addresses=("ops@shop.example",)):
    return Channel.objects.create(name=name, kind=Kind.EMAIL, addresses=list(addresses))


def a_service(url, name="hook"):
    channel = Channel(name=name, kind=Kind.SERVICE, service="Webhook (JSON)")
    channel.set_url(url)
    channel.save()
    return channel


def end(schedule, state=JobState.ERROR, kind="", *, by_hand=False, **values):
    """A job of the schedule's query ends so."""
    made = {"schedule": None if by_hand else schedule, "query": schedule.query, "exports": False} | values
    job = a_job(JobState.RUNNING, **made)
    more = {"error_kind": kind, "error": "LINE refused the access token (401)."} if state == JobState.ERROR else {}
    assert events.end(Job.objects.filter(pk=job.pk), job.pk, state, **more)
    return Job.objects.get(pk=job.pk)
