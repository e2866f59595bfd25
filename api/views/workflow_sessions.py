"""Sessions of workflows: a workflow and the time it runs for."""

from django.db.models import QuerySet

from api import workflow_objects as objects
from api.declared import Answer, Call, Param, endpoint
from api.views.attempts import PAGE_SIZE, TAG
from api.views.workflow_projects import LAST_ID
from workflows.models import Session

SKIPPED = Param("include_skipped", "boolean", help="Those too that their schedules skipped", default=False)
LISTED = objects.listed(objects.SESSION, "sessions")


@endpoint("GET", "/api/sessions", tag=TAG, params=(SKIPPED, LAST_ID, PAGE_SIZE), answer=LISTED)
def session_list(call: Call) -> Answer:
    """List the sessions, the latest first. One that its schedule skipped says why in `skipped`, and has no attempt."""
    return _listed(call, Session.objects.all())


@endpoint(
    "GET",
    "/api/projects/{project}/sessions",
    tag=TAG,
    params=(Param("workflow", help="Only those of this workflow", most=255), SKIPPED, LAST_ID, PAGE_SIZE),
    answer=LISTED,
)
def project_sessions(call: Call, project: str) -> Answer:
    """List the sessions of a project, the latest first."""
    found = Session.objects.filter(workflow__project=objects.project_of(project))
    return _listed(call, found.filter(workflow__name=call["workflow"]) if call["workflow"] else found)


def _listed(call: Call, found: QuerySet[Session]) -> Answer:
    if not call["include_skipped"]:
        found = found.filter(skipped="")
    if call["last_id"] is not None:
        found = found.filter(pk__lt=call["last_id"])
    return {"sessions": objects.sessions(found.order_by("-pk"), call["page_size"])}


@endpoint("GET", "/api/sessions/{session}", tag=TAG, answer=objects.SESSION)
def session_show(call: Call, session: str) -> Answer:
    """Show a session with its last attempt."""
    found = Session.objects.filter(pk=objects.session_of(session).pk)
    return objects.first_of(objects.sessions(found, 1), f"Session {session}")


@endpoint(
    "GET",
    "/api/sessions/{session}/attempts",
    tag=TAG,
    params=(LAST_ID, PAGE_SIZE),
    answer=objects.listed(objects.ATTEMPT, "attempts"),
)
def session_attempts(call: Call, session: str) -> Answer:
    """List the attempts of a session, the latest first."""
    found = objects.attempts().filter(session=objects.session_of(session))
    if call["last_id"] is not None:
        found = found.filter(pk__lt=call["last_id"])
    return {"attempts": objects.listed_attempts(found[: call["page_size"]])}
