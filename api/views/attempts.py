"""Attempts of workflows: started, listed and killed as digdag's clients do."""

from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef
from django.http import JsonResponse

from accounts import audit
from accounts.models import Role
from api import task_objects
from api import workflow_objects as objects
from api.declared import LARGEST, Answer, Call, Param, endpoint
from api.errors import ApiError, body_of, invalid
from api.moments import moment
from api.task_objects import TASK
from api.views.workflow_projects import LAST_ID, project_named
from exports.errors import NotPossible
from workflows import sessions
from workflows.models import Attempt, AttemptState, Revision, Workflow
from workflows.storing import TooLarge, storable

TAG = "Attempts"
MOST_ASKED = 100  # attempts of a session
PAGE_SIZE = Param("page_size", "integer", help="How many", default=100, minimum=1, maximum=1000)
TAKEN = "The session of {} has an attempt, {}. Retry that one, or give retryAttemptName a new name."
RESUMED = "what is resumed keeps {}; leave resume out to run everything anew"


@endpoint(
    "GET",
    "/api/attempts",
    tag=TAG,
    params=(
        Param("project", help="Only those of this project, by its name", most=255),
        Param("workflow", help="Of it, only those of this workflow", most=255),
        Param("include_retried", "boolean", help="All attempts of a session, not only the last one", default=False),
        Param("status", help="Only those that stand so", choices=tuple(AttemptState.values)),
        LAST_ID,
        PAGE_SIZE,
    ),
    answer=objects.listed(objects.ATTEMPT, "attempts"),
)
def attempt_list(call: Call) -> Answer:
    """List the attempts, the latest first."""
    found = objects.attempts()
    if call["project"]:
        found = found.filter(session__workflow__project=project_named(call["project"]))
    if call["workflow"]:
        found = found.filter(session__workflow__name=call["workflow"])
    if call["status"]:
        found = found.filter(state=call["status"])
    if not call["include_retried"]:
        later = Attempt.objects.filter(session=OuterRef("session"), number__gt=OuterRef("number"))
        found = found.exclude(Exists(later))
    if call["last_id"] is not None:
        found = found.filter(pk__lt=call["last_id"])
    return {"attempts": objects.listed_attempts(found[: call["page_size"]])}


@endpoint("GET", "/api/attempts/{attempt}", tag=TAG, answer=objects.ATTEMPT)
def attempt_show(call: Call, attempt: str) -> Answer:
    """Show an attempt."""
    return objects.attempt(objects.attempt_of(attempt))


@endpoint("GET", "/api/attempts/{attempt}/retries", tag=TAG, answer=objects.listed(objects.ATTEMPT, "attempts"))
def attempt_retries(call: Call, attempt: str) -> Answer:
    """List the other attempts of its session, the first one first."""
    found = objects.attempt_of(attempt)
    others = objects.attempts().filter(session=found.session).exclude(pk=found.pk).order_by("number")
    return {"attempts": objects.listed_attempts(others)}


@endpoint("GET", "/api/attempts/{attempt}/tasks", tag=TAG, answer=objects.listed(TASK, "tasks"))
def attempt_tasks(call: Call, attempt: str) -> Answer:
    """List the tasks of an attempt in the order in which they came to be. Texts among their values are masked."""
    return {"tasks": task_objects.tasks(objects.attempt_of(attempt))}


@endpoint(
    "PUT",
    "/api/attempts",
    role=Role.EDITOR,
    tag=TAG,
    params=(
        Param("workflowId", help="Of a workflow in one revision", required=True, most=18),
        Param("sessionTime", help="ISO 8601", required=True, most=64),
        Param("retryAttemptName", help="Of a further attempt of a session that has one", most=255),
        Param("params", "object", help="Parameters that the workflow sees"),
        Param("resume", "object", help='{"mode": "failed", "attemptId": …} or {"mode": "from", …, "from": "+task"}'),
    ),
    answer=objects.ATTEMPT,
)
def attempt_start(call: Call) -> Answer:
    """Run a workflow for a time; with `resume`, only what failed in an attempt of that session, or from a task on.

    A session that has an attempt of the same name, or without a name, is 409 with that attempt.
    """
    workflow, revision = objects.workflow_of(call["workflowId"])
    params = call["params"] if call["params"] is not None else {}
    if not isinstance(params, dict):
        raise invalid("params", "must be a JSON object")
    params = _params(params)
    time = moment("sessionTime", call["sessionTime"]).replace(microsecond=0)  # digdag knows whole seconds
    name = call["retryAttemptName"] or ""
    params = _meant(params, workflow, time)
    try:
        if call["resume"] is not None:
            started = _resume(call, workflow, revision, params, name)
        else:
            started = sessions.start(workflow, time, user=call.user, params=params, retry_name=name, revision=revision)
            audit.record("attempt.start", started, request=call.request, workflow=str(workflow))
    except sessions.AttemptExists as error:
        return _in_the_way(error.attempt)
    except NotPossible as error:
        raise ApiError(409, str(error)) from error
    return objects.attempt(objects.attempts().get(pk=started.pk))


@endpoint("POST", "/api/attempts/{attempt}/kill", role=Role.EDITOR, tag=TAG, answer=objects.ATTEMPT)
def attempt_kill(call: Call, attempt: str) -> Answer:
    """Stop an attempt: no more tasks of it start, and its jobs are killed. One that has ended is 409."""
    found = objects.attempt_of(attempt)
    if not sessions.kill(found, user=call.user):
        raise ApiError(409, f"Attempt {attempt} has ended already, or is being killed.")
    audit.record("attempt.kill", found, request=call.request)
    return objects.attempt(objects.attempt_of(attempt))


def _resume(call: Call, workflow: Workflow, revision: Revision, params: object, name: str) -> Attempt:
    """Of an attempt of this workflow: in its revision or the latest, with its parameters."""
    resume = call["resume"]
    if not isinstance(resume, dict) or resume.get("mode") not in ("failed", "from"):
        raise invalid("resume", "must be an object whose mode is failed or from")
    number = Param("resume", "integer", required=True, minimum=1, maximum=LARGEST).clean(resume.get("attemptId"))
    found = objects.attempts().filter(pk=number, session__workflow=workflow).first()
    if found is None:
        raise invalid("resume", f"{workflow} has no attempt {number}")
    if params != found.params:
        raise invalid("params", RESUMED.format("its parameters"))
    if revision.pk not in (found.revision_id, workflow.revision_id):
        raise invalid("workflowId", RESUMED.format("its revision or takes the latest one"))
    task, latest = "", revision.pk != found.revision_id
    if resume["mode"] == "from":
        task = _task(found, Param("resume.from", required=True, most=10_000).clean(resume.get("from")))
    made = sessions.resume(found, user=call.user, from_task=task, latest=latest, retry_name=name)
    audit.record("attempt.resume", made, request=call.request, of=found.pk, from_task=task, latest=latest)
    return made


def _params(given: dict[str, Any]) -> dict[str, Any]:
    try:
        return dict(storable(given))
    except TooLarge as error:
        raise invalid("params", f"cannot be kept: {error}") from error


def _meant(params: dict[str, Any], workflow: Workflow, time: datetime) -> dict[str, Any]:
    """A client that runs an attempt again sends back its parameters, which it was shown masked: those of the session's
    attempt that has such are meant."""
    masks, others = objects.Masks(), Attempt.objects.filter(session__workflow=workflow, session__session_time=time)
    for other in others.exclude(params={}).order_by("-number")[:MOST_ASKED] if params else ():
        if masks.params(other, workflow.project_id) == params:
            return dict(other.params)
    return params


def _task(found: Attempt, pattern: str) -> str:
    """The full name of the one task whose name is, or ends with, this."""
    names = set(found.tasks.values_list("full_name", flat=True))
    if pattern in names:
        return pattern
    ending = sorted(name for name in names if name.endswith(pattern if pattern[:1] in "+^" else f"+{pattern}"))
    if len(ending) != 1:
        says = f"is the end of several names: {', '.join(ending[:5])}" if ending else "is no task of this attempt"
        raise invalid("resume.from", f"{pattern} {says}")
    return ending[0]


def _in_the_way(found: Attempt) -> JsonResponse:
    """digdag reads the attempt in the body of this 409."""
    shown = objects.attempt(objects.attempts().get(pk=found.pk))
    error = ApiError(409, TAKEN.format(shown["sessionTime"], shown["id"]))
    return JsonResponse(body_of(error) | shown, status=409, json_dumps_params={"ensure_ascii": False})
