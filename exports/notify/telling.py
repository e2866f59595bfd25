"""What the end of a job, or of a schedule, tells to whom: written into the outbox within the caller's transaction.

Nothing is sent here. What goes wrong here is logged and keeps no job from ending.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from exports.models import Job, JobState, Mode
from exports.notify import rules, streaks, wording
from exports.notify.models import Delivery, Event, Message, Rule
from exports.notify.wording import Text
from exports.schedule_models import Schedule

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Told:
    """`failures`: errors in a row of that kind, the job's own included."""

    event: Event
    failures: int = 0


def job_ended(job: Job, *, disabled: bool = False) -> None:
    """The job has ended; `disabled`: and so its schedule was disabled."""
    _keep_going(lambda: _job_ended(job, disabled), f"Job {job.pk}")


def schedule_unreadable(schedule: Schedule, why: str) -> None:
    """The schedule was disabled though none of its jobs failed."""
    _keep_going(lambda: _schedule_unreadable(schedule, why), f"Schedule {schedule.pk}")


def _keep_going(write: Callable[[], None], what: str) -> None:
    try:
        with transaction.atomic():
            write()
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("%s: its notifications cannot be written", what)


def _job_ended(job: Job, disabled: bool) -> None:
    """Of jobs that a person started only those are told whose query says so, and only if they send."""
    if job.query is None or job.mode != Mode.SEND:
        return
    rule = rules.of(job.query.pk)
    if not (job.schedule_id or rule.by_hand):
        return
    now = timezone.now()
    for told in _events(job, rule, disabled, now):
        if rule.wants(told.event):
            text = wording.of_job(told.event, job, failures=told.failures)
            message = Message(event=told.event, job=job, query_id=job.query_id, ended_at=job.finished_at or now)
            _post(message, text, rule)


def _events(job: Job, rule: Rule, disabled: bool, now: datetime) -> Iterator[Told]:
    if job.state == JobState.ERROR:
        failures, tell = streaks.failed(job, now, of_schedule=_failures_of_schedule(job))
        if disabled:
            yield Told(Event.DISABLED, failures)
        elif tell:
            yield Told(Event.FAILURE, failures)
    elif job.state == JobState.SUCCESS:
        again = streaks.succeeded(job)
        yield Told(Event.RECOVERY if again and rule.wants(Event.RECOVERY) else Event.SUCCESS)
        if wording.rejected_percent(job) <= rule.rejects_percent:
            streaks.few_rejects(job)
        elif streaks.many_rejects(job, now):
            yield Told(Event.REJECTS)


def _failures_of_schedule(job: Job) -> int | None:
    if job.schedule_id is None:
        return None
    return Schedule.objects.filter(pk=job.schedule_id).values_list("failures", flat=True).first()


def _schedule_unreadable(schedule: Schedule, why: str) -> None:
    rule = rules.of(schedule.query_id)
    if rule.wants(Event.DISABLED):
        message = Message(event=Event.DISABLED, query_id=schedule.query_id, ended_at=timezone.now())
        _post(message, wording.of_schedule(schedule, why), rule)


def _post(message: Message, text: Text, rule: Rule) -> None:
    """Put it into the outbox, once for each recipient; a message for nobody is not kept."""
    to = rules.recipients(rule)
    if not to:
        return
    message.subject, message.body = text.subject, text.body
    message.save()
    now = timezone.now()
    Delivery.objects.bulk_create(
        Delivery(message=message, channel=one.channel, address=one.address, next_try_at=now) for one in to
    )
