"""Notifications."""

from django.urls import reverse
from django.utils import timezone

from accounts.models import Role
from exports.notify.models import Channel, Delivery, Rule
from tests.browser.samples.page import Page
from tests.exports.factories import a_query
from tests.exports.notify.conftest import a_service, an_email_channel, end
from tests.exports.schedules import a_schedule as scheduled
from tests.exports.schedules import at


def the_notifications():
    """Channels in each state of their test, and messages in each state."""
    schedule, ops = scheduled(slot=at(10)), an_email_channel(addresses=[f"person.{n}@shop.example" for n in range(6)])
    hook = a_service("json://127.0.0.1/x", "A webhook with quite a long name that needs more than one line")
    says = "The service answered 404: its URL is wrong or not valid any more. Enter a new one."
    Channel.objects.filter(pk=hook.pk).update(tested_at=timezone.now(), test_ok=False, test_says=says)
    rule = Rule.objects.create()
    rule.channels.set([ops, hook])
    end(schedule, kind="configuration")
    first, second, third, *_ = Delivery.objects.all()
    Delivery.objects.filter(pk=first.pk).update(state="sent", tries=1)
    Delivery.objects.filter(pk=second.pk).update(tries=2, problem="The mail server of EMAIL_URL cannot be reached.")
    Delivery.objects.filter(pk=third.pk).update(state="given_up", tries=8, problem=says)
    return reverse("exports:notifications")


def a_channel(kind):
    one = a_service("json://127.0.0.1/x") if kind == "service" else an_email_channel()
    Rule.objects.create(query=a_query()).channels.add(one)
    return reverse("exports:channel", args=[one.pk])


def notifications_of_a_query(own):
    query = a_query("daily")
    an_email_channel(), a_service("json://127.0.0.1/x")
    if own:
        Rule.objects.create(query=query, addresses=["kana@shop.example"])
    return reverse("exports:query_notifications", args=[query.pk])


PAGES = [
    Page("no notifications", "/notifications", Role.ADMIN),
    Page("notifications", the_notifications, Role.ADMIN),
    Page("new service for notifications", "/notifications/channels/new/service", Role.ADMIN),
    Page("e-mail channel", lambda: a_channel("email"), Role.ADMIN),
    Page("service channel", lambda: a_channel("service"), Role.ADMIN),
    Page("notifications of a query, by default", lambda: notifications_of_a_query(own=False), Role.EDITOR),
    Page("notifications of a query, its own", lambda: notifications_of_a_query(own=True), Role.EDITOR),
]
