"""The outbox: messages are sent by workers, with a few tries and growing waits between them.

A delivery is taken by a conditional UPDATE that moves its next try past the longest time that sending takes. So no two
workers send it at once, and one that a killed worker had is tried again. If the worker was killed between the sending
and the writing down of it, its reader gets the message a second time: at most one repeat for each worker that dies so.
E-mails carry the same Message-ID each time, by which many mail servers drop the repeat.
"""

import logging
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django_q.tasks import async_task

from exports.exporter.masking import mask_email
from exports.job_words import duration
from exports.models import JobLog
from exports.notify import mail, services
from exports.notify.models import Delivery, DeliveryState, Message
from exports.notify.problems import NotSent
from exports.notify.waiting import TooLong, in_time
from integrations.secrets import SecretUnreadable

logger = logging.getLogger(__name__)
WAITS = [timedelta(minutes=m) for m in (1, 5, 15, 60, 180, 360, 720)]  # after each try but the last: about a day
SECONDS = 20  # of one try
TAKEN = timedelta(minutes=2)  # nobody else tries before; longer than a try
BATCH = 20
BATCH_SECONDS = 15.0  # then the worker is free for other things
REHINT = timedelta(seconds=60)  # a batch that was not heard of since then is handed out again
KEPT = timedelta(days=30)
GONE = "The worker that sent it was gone before it said how that went."


def hint(now: datetime) -> None:
    """Hand the deliveries that are due to one worker, if none has some: mail must not keep the workers from jobs."""
    due = Delivery.objects.filter(state=DeliveryState.WAITING, next_try_at__lte=now)
    some = list(due.order_by("tries", "next_try_at", "pk").values_list("pk", flat=True)[:BATCH])
    if not some or Delivery.objects.filter(state=DeliveryState.WAITING, hinted_at__gt=now - REHINT).exists():
        return
    with transaction.atomic():
        unheard = Q(hinted_at=None) | Q(hinted_at__lte=now - REHINT)
        if due.filter(unheard, pk__in=some).update(hinted_at=now):
            async_task("exports.notify.outbox.deliver", some, task_name=f"notify-{some[0]}", ack_failure=True)


def deliver(pks: Iterable[int]) -> str:
    """django-q2's task: try these deliveries, one after the other. → what came of it, for the task's record."""
    end, done, rest = time.monotonic() + BATCH_SECONDS, 0, list(pks)
    while rest and time.monotonic() < end:
        done += try_one(rest.pop(0))
    Delivery.objects.filter(pk__in=rest).update(hinted_at=None)
    return f"{done} sent, {len(rest)} left"


def try_one(pk: int) -> bool:
    """Try this delivery, if it is due. → whether it was sent."""
    delivery = _take(pk, timezone.now())
    if delivery is None:
        return False
    if delivery.tries > len(WAITS) + 1:  # only a worker that died at the last try leaves it so
        _not_sent(delivery, GONE)
        return False
    try:
        in_time(lambda: _send(delivery), SECONDS)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        _not_sent(delivery, in_words(error))
        return False
    _sent(delivery)
    return True


def in_words(error: Exception) -> str:
    """Why it was not sent; of an error of ours only its kind: its text may hold a secret."""
    if isinstance(error, NotSent):
        return str(error)
    if isinstance(error, TooLong):
        return f"There was no answer within {SECONDS} s."
    if isinstance(error, SecretUnreadable):
        return f"{error} Enter the URL of the channel again, or restore the key."
    logger.error("A notification was not sent because of a fault in the console: %s", type(error).__name__)
    return f"A fault in the console kept it from being sent ({type(error).__name__})."


def _take(pk: int, now: datetime) -> Delivery | None:
    due = Delivery.objects.filter(pk=pk, state=DeliveryState.WAITING, next_try_at__lte=now)
    if not due.update(next_try_at=now + TAKEN, tries=F("tries") + 1):
        return None
    return Delivery.objects.select_related("message", "channel").get(pk=pk)


def _send(delivery: Delivery) -> None:
    """Raises NotSent, SecretUnreadable. Asks no database: it may run in another thread."""
    message = delivery.message
    if delivery.address:
        key = f"notification-{delivery.pk}-{int(message.created_at.timestamp())}"
        mail.send(delivery.address, message.subject, message.body, key=key)
    elif delivery.channel:
        services.send(delivery.channel.open_url(), message.subject, message.body)


def _mine(delivery: Delivery) -> QuerySet[Delivery]:
    """Nobody has taken it since."""
    return Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.WAITING, tries=delivery.tries)


def _sent(delivery: Delivery) -> None:
    ended = {"state": DeliveryState.SENT, "ended_at": timezone.now(), "problem": "", "hinted_at": None}
    with transaction.atomic():
        if _mine(delivery).update(**ended) and delivery.tries > 1:
            _log(delivery, f"{target(delivery)} was sent at try {delivery.tries}.", JobLog.Level.INFO)


def _not_sent(delivery: Delivery, problem: str) -> None:
    last = delivery.tries > len(WAITS)
    values: dict[str, Any] = {"problem": problem[:300], "hinted_at": None}
    if last:
        values |= {"state": DeliveryState.GIVEN_UP, "ended_at": timezone.now()}
    else:
        values["next_try_at"] = timezone.now() + WAITS[delivery.tries - 1]
    with transaction.atomic():
        if _mine(delivery).update(**values):
            text = f"{target(delivery)} could not be sent: {problem}"
            text += f" It is given up after {len(WAITS) + 1} tries." if last else _again(delivery)
            _log(delivery, text, JobLog.Level.WARN)


def _again(delivery: Delivery) -> str:
    wait = duration(WAITS[delivery.tries - 1].total_seconds())
    return f" Try {delivery.tries + 1} of {len(WAITS) + 1} follows in {wait}."


def target(delivery: Delivery) -> str:
    """Like "E-mail to k•••@example.jp"; a job's log holds no personal data."""
    if delivery.address:
        return f"E-mail to {mask_email(delivery.address)}"
    channel = delivery.channel
    return f"Notification through “{channel.name}” ({channel.what})" if channel else "Notification"


def _log(delivery: Delivery, text: str, level: str) -> None:
    if delivery.message.job_id:
        JobLog.objects.create(job_id=delivery.message.job_id, level=level, text=text)


def sweep() -> None:
    """Messages of long ago go, but for those that are still on their way."""
    old = Message.objects.filter(created_at__lt=timezone.now() - KEPT)
    old.exclude(deliveries__state=DeliveryState.WAITING).delete()
