"""Messages reach their readers once, are tried again for about a day, and keep no worker for long."""

from datetime import timedelta

import pytest
from django.core import mail as outgoing
from django.utils import timezone
from django_q.models import OrmQ

from exports import dispatch
from exports.models import JobLog
from exports.notify import mail, outbox
from exports.notify.models import Delivery, DeliveryState, Message
from exports.notify.problems import NotSent
from tests.exports.notify.conftest import a_service, an_email_channel, end

pytestmark = pytest.mark.django_db


@pytest.fixture
def delivery(schedule, default):
    """A failure, to be told to ops@shop.example."""
    end(schedule)
    return Delivery.objects.get()


@pytest.fixture
def unreachable(monkeypatch):
    def refuse(*args, **kwargs):
        raise NotSent("The mail server of EMAIL_URL cannot be reached.")

    monkeypatch.setattr(mail, "send", refuse)


def try_now(delivery):
    """Try it as if its time had come."""
    Delivery.objects.filter(pk=delivery.pk).update(next_try_at=timezone.now())
    outbox.deliver([delivery.pk])
    delivery.refresh_from_db()


def test_it_is_sent_once(delivery):
    for _ in range(2):
        outbox.deliver([delivery.pk])
    delivery.refresh_from_db()
    assert (delivery.state, len(outgoing.outbox)) == (DeliveryState.SENT, 1)
    assert outgoing.outbox[0].to == ["ops@shop.example"]


def test_while_one_worker_has_it_no_other_sends_it(delivery):
    assert outbox._take(delivery.pk, timezone.now())
    outbox.deliver([delivery.pk])
    assert not outgoing.outbox


def test_what_a_killed_worker_had_is_tried_again(delivery):
    outbox._take(delivery.pk, timezone.now())
    later = timezone.now() + outbox.TAKEN
    assert outbox._take(delivery.pk, later).tries == 2


def test_a_worker_that_was_thought_dead_writes_nothing_over_a_later_try(delivery):
    slow = outbox._take(delivery.pk, timezone.now())
    outbox._take(delivery.pk, timezone.now() + outbox.TAKEN)
    outbox._not_sent(slow, "It took too long.")
    delivery.refresh_from_db()
    assert (delivery.problem, delivery.state) == ("", DeliveryState.WAITING)


def test_a_failure_waits_longer_each_time_and_is_given_up_after_about_a_day(delivery, unreachable):
    waited = timedelta()
    for _ in outbox.WAITS:
        try_now(delivery)
        assert delivery.state == DeliveryState.WAITING
        waited += delivery.next_try_at - timezone.now()
    try_now(delivery)
    assert delivery.state == DeliveryState.GIVEN_UP
    assert timedelta(hours=20) < waited < timedelta(hours=26)


def test_a_worker_that_dies_at_the_last_try_leaves_nothing_stuck(delivery):
    Delivery.objects.update(tries=len(outbox.WAITS) + 1)
    try_now(delivery)
    assert (delivery.state, delivery.problem) == (DeliveryState.GIVEN_UP, outbox.GONE)


def test_a_failure_stands_in_the_job_s_log_without_the_address(delivery, unreachable):
    try_now(delivery)
    text = delivery.message.job.log.get(level=JobLog.Level.WARN).text
    assert text.startswith("E-mail to o•••@shop.example could not be sent: The mail server of EMAIL_URL cannot be")
    assert text.endswith("Try 2 of 8 follows in 1 min 00 s.")


def test_what_was_sent_after_all_stands_in_the_log(delivery):
    Delivery.objects.update(tries=2)
    try_now(delivery)
    assert delivery.message.job.log.get().text == "E-mail to o•••@shop.example was sent at try 3."


def test_an_unknown_error_shows_its_kind_alone(delivery, monkeypatch, caplog):
    def fails(*args, **kwargs):
        raise ValueError("a-secret-path")

    monkeypatch.setattr(mail, "send", fails)
    try_now(delivery)
    assert delivery.problem == "A fault in the console kept it from being sent (ValueError)."
    assert "a-secret-path" not in caplog.text


def test_the_url_that_no_key_opens_is_a_failure_in_words(schedule, default):
    hook = a_service("json://127.0.0.1/x")
    hook.encrypted = "nothing"
    hook.save()
    default.channels.set([hook])
    end(schedule)
    delivery = Delivery.objects.get()
    try_now(delivery)
    assert "Enter the URL of the channel again" in delivery.problem


# --- hints ---------------------------------------------------------------------------------------------------------


def hints():
    return [task for task in OrmQ.objects.all() if task.task["func"] == "exports.notify.outbox.deliver"]


def test_the_dispatcher_hands_what_is_due_to_one_worker(delivery):
    for _ in range(3):
        dispatch.tick()
    assert [hint.task["args"] for hint in hints()] == [([delivery.pk],)]


def test_nothing_is_handed_out_before_its_time(delivery, unreachable):
    outbox.deliver([delivery.pk])
    dispatch.tick()
    assert not hints()


def test_a_batch_that_got_lost_is_handed_out_again(delivery):
    dispatch.tick()
    Delivery.objects.update(hinted_at=timezone.now() - outbox.REHINT)
    dispatch.tick()
    assert len(hints()) == 2


def test_a_long_batch_gives_its_worker_back_and_the_rest_is_handed_out_again(schedule, default, monkeypatch):
    default.channels.add(an_email_channel("more", [f"p{n}@shop.example" for n in range(4)]))
    end(schedule)
    outbox.hint(timezone.now())
    monkeypatch.setattr(outbox, "BATCH_SECONDS", 0)
    assert outbox.deliver(Delivery.objects.values_list("pk", flat=True)) == "0 sent, 5 left"
    assert not Delivery.objects.exclude(hinted_at=None).exists()


# --- old ones ------------------------------------------------------------------------------------------------------


def test_old_messages_go_but_for_those_on_their_way(schedule, default):
    end(schedule), end(schedule, "success")
    old, waiting = Delivery.objects.order_by("pk")
    outbox.try_one(old.pk)
    Message.objects.update(created_at=timezone.now() - outbox.KEPT - timedelta(minutes=1))
    dispatch.tidy()
    assert list(Message.objects.all()) == [waiting.message]


def test_what_was_sent_lately_stays(delivery):
    outbox.try_one(delivery.pk)
    outbox.sweep()
    assert Message.objects.exists()
