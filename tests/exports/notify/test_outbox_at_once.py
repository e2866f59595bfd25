"""Several processes send from the same outbox, and one is killed: everybody is told, and once."""

import os
import signal

import pytest
from django.utils import timezone

from exports.notify import outbox
from exports.notify.models import Delivery, DeliveryState
from tests.exports.notify.conftest import a_service, end
from tests.exports.test_firing_at_once import process, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def deliveries(schedule, default, webhook):
    """Three failures, to be told to the webhook."""
    default.channels.set([a_service(webhook.url)])
    for kind in ("configuration", "transient", "data"):
        end(schedule, kind=kind)
        schedule.refresh_from_db()
    end(schedule, "success")
    return list(Delivery.objects.values_list("pk", flat=True))


def test_four_processes_send_each_once(deliveries, webhook):
    started = [process(outbox.deliver, deliveries) for _ in range(4)]
    for one in started:
        one.join(60)
    assert len(webhook.bodies) == len(deliveries)
    assert set(Delivery.objects.values_list("state", "tries")) == {(DeliveryState.SENT, 1)}


def test_what_a_process_was_sending_when_it_was_killed_is_sent_by_another(deliveries, webhook):
    webhook.hangs = True
    first = process(outbox.deliver, deliveries[:1])
    wait_until(lambda: webhook.asked)
    os.kill(first.pid, signal.SIGKILL)
    first.join(60)
    webhook.hangs = False
    outbox.deliver(deliveries[:1])  # too early: the worker might only be slow
    assert not webhook.bodies
    Delivery.objects.update(next_try_at=timezone.now())  # as if that time had passed
    outbox.deliver(deliveries[:1])
    delivery = Delivery.objects.get(pk=deliveries[0])
    assert (delivery.state, delivery.tries, len(webhook.bodies)) == (DeliveryState.SENT, 2, 1)
