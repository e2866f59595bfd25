"""require>: the session of another workflow."""

import uuid
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from exports.errors import NotPossible
from workflows import sessions
from workflows.dig.nearest import suggestion
from workflows.dig.reading import SUFFIX
from workflows.models import Attempt, AttemptState, Project, Task, TaskState, Workflow
from workflows.operators import values
from workflows.operators.base import Done, Later, Outcome, Step, TaskFailed, operator
from workflows.script.zones import zone_of

LOOK_AGAIN = timedelta(minutes=5)  # whether those that wait for each other wait in a ring
LONGEST_NAME = 255
MOST_IN_A_ROW = 50  # sessions of which each waits for the next
RERUN_ON = ("none", "failed", "all")


@operator("require")
def require(step: Step) -> Outcome:
    """Wait for the session's attempt, after it was started if there is none or `rerun_on` wants another one.

    Under which name it is started is remembered before, so that a step taken anew finds what it started.
    """
    if "attempt" in step.memory:
        return _wait(step, Attempt.objects.filter(pk=step.memory["attempt"]).first())
    workflow, time = _workflow(step), _session_time(step)
    if (workflow.pk, time) == (step.attempt.session.workflow_id, step.attempt.session.session_time):
        raise TaskFailed(f"{workflow} cannot require its own session.")
    known = Attempt.objects.filter(session__workflow=workflow, session__session_time=time)
    if "start_as" not in step.memory:
        name = _retry_name(step)
        found = known.filter(retry_attempt_name=name).first() if name else known.order_by("number").last()
        if found and not _again(step, found):
            return _wait(step, found)
        _may_start(step, workflow, time)
        return Later({"start_as": f"require-{uuid.uuid4()}" if found else name}, at=step.now)
    return _wait(step, _started(step, workflow, time, step.memory["start_as"]))


def _retry_name(step: Step) -> str:
    given = values.words(step.params.get("retry_attempt_name"), "retry_attempt_name").strip()
    if len(given) > LONGEST_NAME or not given.isprintable():
        raise values.must_be("retry_attempt_name", f"a line of at most {LONGEST_NAME} characters", given)
    return given


def _again(step: Step, found: Attempt) -> bool:
    rerun = values.text(step.params.get("rerun_on") or "none", "rerun_on").strip()
    if rerun not in RERUN_ON:
        raise TaskFailed(f"“rerun_on” must be none, failed or all, not {values.shown(rerun)}.")
    return found.finished and (rerun == "all" or (rerun == "failed" and found.state != AttemptState.SUCCESS))


def _started(step: Step, workflow: Workflow, time: datetime, name: str) -> Attempt:
    params = values.mapping(step.params.get("params") or {}, "params")
    step.lease.check()
    try:
        attempt = sessions.start(workflow, time, user=step.attempt.created_by, params=params, retry_name=name)
    except sessions.AttemptExists as error:
        return error.attempt
    except NotPossible as error:
        raise TaskFailed(f"{workflow} could not be started. {error}") from error
    step.log(f"Started {attempt.session}: attempt {attempt.pk}.")
    return attempt


def _wait(step: Step, attempt: Attempt | None) -> Outcome:
    """Until the attempt has ended. Raises TaskFailed if it failed."""
    if attempt is None:
        raise TaskFailed("The session that this task waited for was deleted.")
    if not attempt.finished:
        if step.attempt.pk in _awaited([attempt.pk]):
            raise TaskFailed(f"{attempt.session.workflow} waits for this workflow itself, so that neither would end.")
        if "attempt" not in step.memory:
            step.log(f"Waiting for {attempt.session}: attempt {attempt.pk}.")
        return Later({"attempt": attempt.pk}, at=step.now + LOOK_AGAIN, attempt=attempt.pk)
    told = f"{attempt.session} ended: {attempt.get_state_display()} (attempt {attempt.pk})."
    if attempt.state == AttemptState.SUCCESS or values.boolean(
        step.params.get("ignore_failure") or False, "ignore_failure"
    ):
        step.log(told)
        return Done()
    raise TaskFailed(told, "Correct what made it fail and run it again, or add ignore_failure: true.")


def _awaited(attempts: Iterable[int]) -> set[int]:
    """These attempts, and all that they wait for, one after the other."""
    seen: set[int] = set()
    found = set(attempts)
    while found:
        seen |= found
        waiting = Task.objects.filter(attempt__in=found, state=TaskState.WAITING, awaited__isnull=False)
        found = set(waiting.values_list("awaited", flat=True)) - seen
    return seen


def _may_start(step: Step, workflow: Workflow, time: datetime) -> None:
    """Raises TaskFailed for what would never end: a workflow that starts itself, or a long row of them."""
    if workflow.pk == step.attempt.session.workflow_id:
        raise TaskFailed(f"{workflow} cannot start itself by require>, and at {time:%Y-%m-%d %H:%M:%S} it did not run.")
    row, last = 0, {step.attempt.pk}
    while last and row <= MOST_IN_A_ROW:
        waiting = Task.objects.filter(awaited__in=last, state=TaskState.WAITING)
        row, last = row + 1, set(waiting.values_list("attempt", flat=True))
    if row > MOST_IN_A_ROW:
        raise TaskFailed(f"More than {MOST_IN_A_ROW} sessions wait for each other, each started by the one before.")


def _workflow(step: Step) -> Workflow:
    """Raises TaskFailed if there is none."""
    name = values.text(step.command, "require>")
    project = _project(step)
    found = Workflow.objects.filter(project=project, name=name, present=True).first()
    if found is None:
        others = Workflow.objects.filter(project=project, present=True).values_list("name", flat=True)
        near = suggestion(name.removesuffix(SUFFIX), others)
        raise TaskFailed(f"The project {project} has no workflow {name}.{near}")
    return found


def _project(step: Step) -> Project:
    own = step.attempt.session.workflow.project
    if name := step.params.get("project_name"):
        found = Project.objects.filter(name=values.text(name, "project_name")).first()
        if found is None:
            raise TaskFailed(f"There is no project {values.shown(name)}.")
        return found
    if number := step.params.get("project_id"):
        found = Project.objects.filter(pk=values.number(number, "project_id", 1)).first()
        if found is None:
            raise TaskFailed(f"There is no project with the number {number}.")
        return found
    return own


def _session_time(step: Step) -> datetime:
    """Such as 2026-03-01T00:00:00+09:00; without a zone in that of the attempt."""
    given = step.params.get("session_time")
    if given is None:
        return step.attempt.session.session_time
    written = values.text(given, "session_time").strip()
    try:
        time = datetime.fromisoformat(written).replace(microsecond=0)
        local = time if time.tzinfo else time.replace(tzinfo=zone_of(step.attempt.timezone))
        if not 1970 <= local.year < 9000:  # with others nobody can reckon
            raise ValueError
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        raise values.must_be("session_time", "a time such as 2026-03-01T00:00:00+09:00", given) from None
