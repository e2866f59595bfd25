"""Backfill a workflow: the sessions of its schedule's past that would run are shown first, and a post runs them."""

from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts import audit
from accounts.access import editor
from exports.errors import NotPossible
from exports.views.queries import me
from workflows import attempt_words as words
from workflows import schedules
from workflows.models import WorkflowSchedule
from workflows.run_forms import BackfillForm
from workflows.script.schedule import ScheduleError
from workflows.views.workflow import find_schedule, told

REFUSED = (NotPossible, ScheduleError, WorkflowSchedule.DoesNotExist)


@editor
@require_http_methods(["GET", "POST"])
def backfill(request: HttpRequest, pk: int) -> HttpResponse:
    schedule = find_schedule(pk)
    given = request.POST if request.method == "POST" else request.GET
    form = BackfillForm(given if "first" in given else None, schedule=schedule)
    form_is_good = form.is_bound and form.is_valid()
    if form_is_good and request.method == "POST":
        return _run(request, schedule, form)
    plan = _plan(request, schedule, form) if form_is_good else []
    workflow = schedule.workflow
    context = {"workflow": workflow, "project": workflow.project, "form": form, "plan": plan}
    return render(request, "workflows/attempts/backfill.html", context, status=422 if form.errors else 200)


def _plan(request: HttpRequest, schedule: WorkflowSchedule, form: BackfillForm) -> list[str]:
    """The session times that would run; [] with the reason in the form."""
    data, where = form.cleaned_data, words.zone_of(schedule.workflow)
    try:
        times = schedules.backfill(
            schedule, data["first"], data["count"], user=me(request), name=data["name"], dry_run=True
        )
    except REFUSED as error:
        form.add_error("first", told(error))
        return []
    if not times:
        form.add_error("name", "Each of these sessions has run. Give a name that they do not have to run them again.")
    return [words.session_time(at, where) for at in times if isinstance(at, datetime)]


def _run(request: HttpRequest, schedule: WorkflowSchedule, form: BackfillForm) -> HttpResponse:
    data, workflow = form.cleaned_data, schedule.workflow
    try:
        made = schedules.backfill(schedule, data["first"], data["count"], user=me(request), name=data["name"])
    except REFUSED as error:
        messages.error(request, told(error))
        return redirect("workflows:workflow", workflow.pk)
    details = {"first": data["first"].isoformat(), "retry_name": data["name"], "sessions": len(made)}
    audit.record("workflow.backfill", workflow, request=request, **details)
    messages.success(request, f"{len(made)} session{'' if len(made) == 1 else 's'} started.")
    return redirect("workflows:workflow", workflow.pk)
