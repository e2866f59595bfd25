"""A workflow's page, and what people do with it: run, pause, resume, backfill."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import audit
from accounts.access import editor, viewer
from exports.errors import NotPossible
from exports.views.parts import is_partial, vary
from exports.views.queries import may_edit, me
from workflows import schedules, sessions, workflow_pages
from workflows.models import Workflow, WorkflowSchedule
from workflows.run_forms import RunForm
from workflows.script.schedule import ScheduleError

PAGE_SIZE = 25


@viewer
@require_GET
def workflow(request: HttpRequest, pk: int) -> HttpResponse:
    found, now = _find(pk), timezone.now()
    page = Paginator(workflow_pages.sessions(found), PAGE_SIZE).get_page(request.GET.get("page"))
    rows = workflow_pages.rows(found, list(page), now)
    context = {
        "workflow": found,
        "project": found.project,
        "page": page,
        "rows": rows,
        "active": any(row.latest and not row.latest.attempt.finished for row in rows),
        "here": request.get_full_path(),
    }
    if is_partial(request):
        return vary(render(request, "workflows/attempts/_sessions.html", context))
    lines = workflow_pages.file(found, masked=not may_edit(request))
    context |= {"scheduled": workflow_pages.scheduled(found, now), "lines": lines}
    return vary(render(request, "workflows/attempts/workflow.html", context))


@editor
@require_http_methods(["GET", "POST"])
def run(request: HttpRequest, pk: int) -> HttpResponse:
    found = _find(pk)
    if not found.present:
        messages.error(request, f"The project has no {found.file} any more: the workflow does not run.")
        return redirect("workflows:workflow", pk)
    form = RunForm(request.POST if request.method == "POST" else None, workflow=found)
    if request.method == "POST" and form.is_valid():
        try:
            made = sessions.start(
                found,
                form.session_time(timezone.now()),
                user=me(request),
                params=form.cleaned_data["params"],
                retry_name=form.cleaned_data["retry_name"],
            )
        except NotPossible as error:
            form.add_error(None, str(error))
        except sessions.AttemptExists as error:
            form.ask_retry_name(_exists(error.attempt.pk, form.cleaned_data["retry_name"]))
        else:
            audit.record("attempt.start", made, request=request, workflow=str(found))
            return redirect("workflows:attempt", made.pk)
    context = {"workflow": found, "project": found.project, "form": form}
    return render(request, "workflows/attempts/run.html", context, status=422 if form.errors else 200)


def _exists(attempt: int, name: str) -> str:
    if name:
        return f"Attempt {attempt} of this session has this name. Choose another one."
    return f"This session has run: attempt {attempt}. Give the new attempt a name of its own to run it once more."


@editor
@require_POST
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    schedule = find_schedule(pk)
    if schedules.pause(schedule, user=me(request)):
        audit.record("workflow.pause", schedule.workflow, request=request)
        messages.success(request, "The schedule is paused: no session starts by itself until someone resumes it.")
    return redirect("workflows:workflow", pk)


@editor
@require_POST
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    schedule = find_schedule(pk)
    try:
        schedules.resume(schedule, user=me(request))
    except (ScheduleError, WorkflowSchedule.DoesNotExist) as error:
        messages.error(request, f"The schedule cannot be resumed: {told(error)}")
        return redirect("workflows:workflow", pk)
    if schedule.paused_at:
        audit.record("workflow.resume", schedule.workflow, request=request)
        messages.success(request, "The schedule goes on with its next session.")
    return redirect("workflows:workflow", pk)


def told(error: Exception) -> str:
    """Why something cannot be done to a schedule."""
    gone = isinstance(error, WorkflowSchedule.DoesNotExist)
    return "A push has taken it away in this moment." if gone else str(error)


def _find(pk: int) -> Workflow:
    return get_object_or_404(Workflow.objects.select_related("project"), pk=pk)


def find_schedule(workflow: int) -> WorkflowSchedule:
    """Of a workflow that runs by itself."""
    return get_object_or_404(WorkflowSchedule.objects.select_related("workflow__project"), workflow=workflow)
