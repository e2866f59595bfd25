"""Sessions, and their attempts: how they start, go on, and are ended by people."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from exports.errors import NotPossible
from workflows import advancing, contents, ending, hints, planning
from workflows.dig.problems import DigError
from workflows.models import Attempt, AttemptState, Revision, Session, Workflow, WorkflowSchedule
from workflows.planning import TooMany
from workflows.script.schedule import ScheduleError, parse
from workflows.storing import TooLarge, storable

LONGEST_TOLD = 200  # characters of a name that is none


class AttemptExists(Exception):
    """The session has an attempt of this retry name already: `attempt`."""

    def __init__(self, attempt: Attempt) -> None:
        super().__init__(f"The session has an attempt already: {attempt.pk}.")
        self.attempt = attempt


def start(
    workflow: Workflow,
    session_time: datetime,
    *,
    user: User | None,
    params: Mapping[str, Any] | None = None,
    retry_name: str = "",
    revision: Revision | None = None,
    by_schedule: bool = False,
) -> Attempt:
    """Run a workflow for a time, as its revision has it: the latest, if none is given.

    `retry_name`: makes a further attempt of a session possible, once for each name. Raises AttemptExists, and
    NotPossible if the revision has no such workflow, or the parameters cannot be kept.
    """
    given = _params(params or {})
    with _whole():
        revision = revision or workflow.revision
        zone = _zone(workflow, revision)
        session = _session(workflow, session_time)
        attempt = Attempt(
            session=session,
            revision=revision,
            timezone=zone,
            params=given,
            retry_attempt_name=retry_name,
            by_schedule=by_schedule,
            created_by=user,
            **_times(workflow, session_time),
        )
        return _begin(attempt)


def resume(
    attempt: Attempt, *, user: User | None, from_task: str = "", latest: bool = False, retry_name: str = ""
) -> Attempt:
    """Run what has not ended well in an attempt, and all that comes after it; or all from a task on, by its full name.

    `latest`: as the workflow is now, not as it was. Raises NotPossible.
    """
    if from_task and ("\0" in from_task or not attempt.tasks.filter(full_name=from_task).exists()):
        raise NotPossible(f"Attempt {attempt.pk} has no task {from_task[:LONGEST_TOLD]}.")
    if not from_task and attempt.state == AttemptState.SUCCESS:
        raise NotPossible("All tasks ended well. Choose the task to run from, or run all of them again.")
    return _again(attempt, user, latest, retry_name, resumed_from=attempt, resume_from=from_task)


def retry(attempt: Attempt, *, user: User | None, latest: bool = False, retry_name: str = "") -> Attempt:
    """Run all tasks of an attempt again. `latest`: as the workflow is now, not as it was. Raises NotPossible."""
    return _again(attempt, user, latest, retry_name)


def kill(attempt: Attempt, *, user: User | None) -> bool:
    """End an attempt: what waits at once, with the jobs that it made; what runs hears of it. False: it has ended."""
    by = f" by {user.username}" if user else ""
    try:
        return ending.end_early(attempt, f"Kill requested{by}.")
    except Attempt.DoesNotExist:  # it was deleted in this moment
        return False


# --- one attempt more


@contextmanager
def _whole() -> Iterator[None]:
    """All of it, or NotPossible: keys are looked at when it ends, and what they name may be gone by then."""
    try:
        with transaction.atomic():
            yield
    except (IntegrityError, ObjectDoesNotExist) as error:
        raise NotPossible("It was deleted in this moment, or another attempt of the session began.") from error


def _params(given: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return dict(storable(given))
    except TooLarge as error:
        raise NotPossible(f"These parameters cannot be kept. {error}") from error


def _zone(workflow: Workflow, revision: Revision) -> str:
    try:
        return contents.workflow(revision.pk, workflow.file).timezone
    except (DigError, Revision.DoesNotExist) as error:
        raise NotPossible(f"Revision {revision.name} of the project has no workflow {workflow.name}.") from error


def _session(workflow: Workflow, session_time: datetime) -> Session:
    """Locked. That its schedule did not run it does not matter any more."""
    session, _ = Session.objects.get_or_create(workflow=workflow, session_time=session_time)
    locked = Session.objects.select_for_update().filter(pk=session.pk).first()
    if locked is None:
        raise NotPossible("The session was deleted in this moment.")
    session = locked
    if session.skipped:
        session.skipped = ""
        session.save(update_fields=["skipped"])
    return session


def _times(workflow: Workflow, session_time: datetime) -> dict[str, datetime | None]:
    """The sessions of the schedule around this one, and the last before it that ran."""
    found = WorkflowSchedule.objects.filter(workflow=workflow).first()
    if found is None:
        return {}
    try:
        schedule = parse(found.definition, found.timezone)
        following, last = schedule.next_after(session_time), schedule.last_before(session_time)
    except (ScheduleError, ValueError, OverflowError):
        return {}
    before = Session.objects.filter(workflow=workflow, session_time__lt=session_time, attempts__by_schedule=True)
    ran = before.order_by("-session_time").values_list("session_time", flat=True).first()
    return {
        "last_session_time": last.session_time,
        "next_session_time": following.session_time if following else None,
        "last_executed_session_time": ran,
    }


def _again(
    attempt: Attempt,
    user: User | None,
    latest: bool,
    retry_name: str,
    *,
    resumed_from: Attempt | None = None,
    resume_from: str = "",
) -> Attempt:
    with _whole():
        workflow = attempt.session.workflow
        revision = workflow.revision if latest else attempt.revision
        zone = _zone(workflow, revision)
        session = _session(workflow, attempt.session.session_time)
        if running := session.attempts.filter(state=AttemptState.RUNNING).first():
            raise NotPossible(f"Attempt {running.pk} of this session still runs. Wait for its end, or kill it.")
        again = Attempt(
            session=session,
            revision=revision,
            timezone=zone,
            params=attempt.params,
            retry_attempt_name=retry_name or _free_name(session),
            resumed_from=resumed_from,
            by_schedule=attempt.by_schedule,
            last_session_time=attempt.last_session_time,
            next_session_time=attempt.next_session_time,
            last_executed_session_time=attempt.last_executed_session_time,
            created_by=user,
        )
        try:
            return _begin(again, resume_from)
        except AttemptExists as error:
            raise NotPossible(f"Attempt {error.attempt.pk} of this session has the name {retry_name}.") from error


def _free_name(session: Session) -> str:
    """The first of `retry-2`, `retry-3` … that no attempt has."""
    taken = set(session.attempts.values_list("retry_attempt_name", flat=True))
    return next(name for number in range(2, len(taken) + 3) if (name := f"retry-{number}") not in taken)


def _begin(attempt: Attempt, resume_from: str = "") -> Attempt:
    """With its tasks; of two that begin the same one at once, the second waits for the lock of the session."""
    session, now = attempt.session, timezone.now()
    same = session.attempts.filter(retry_attempt_name=attempt.retry_attempt_name).first()
    if same:
        raise AttemptExists(same)
    last = session.attempts.order_by("number").last()
    attempt.number = last.number + 1 if last else 1
    attempt.save()
    root = planning.root(attempt, session.workflow.file, resume_from=resume_from)
    try:
        planning.below(attempt, root, planning.definition_of(attempt, root))
        advancing.advance(attempt, now)
    except TooMany as error:
        ending.break_off(attempt, now, str(error))
    hints.hint_ready(attempt.pk, now)
    return attempt
