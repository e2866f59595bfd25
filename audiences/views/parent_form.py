"""Audience Studio: making a parent segment, and changing its definition."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts import audit
from accounts.access import editor
from audiences import parents
from audiences.activations import NotCompiled, overtaken
from audiences.building import CannotBuild
from audiences.models import ParentSegment
from audiences.parent_forms import ParentForm
from audiences.parents import Conflict
from exports import schedule_panel, schedule_words, schedules
from exports.errors import NameTaken, NotPossible
from exports.schedule_forms import ScheduleForm
from exports.views.queries import me
from warehouse.usage import InUse, Use

NAME_TAKEN = "A parent segment with this name exists."


@editor
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    form = ParentForm(request.POST if request.method == "POST" else None)
    if not form.saves or not form.is_valid():
        return _show(request, form)
    try:
        parent, job = parents.create(form.plan(), user=me(request), request=request)
    except NameTaken:
        form.details.add_error("name", NAME_TAKEN)
        return _show(request, form)
    except (CannotBuild, NotPossible) as error:
        return _show(request, form, error=str(error))
    audit.record("parent_segment.create", parent, request=request, job=job.pk)
    messages.success(request, f"Parent segment created. Job {job.pk} builds its customer table.")
    return redirect("audiences:parent_segment", parent.pk)


@editor
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    parent = get_object_or_404(ParentSegment.objects.select_related("query"), pk=pk)
    form = ParentForm(request.POST if request.method == "POST" else None, parent)
    if not form.saves or not form.is_valid():
        return _show(request, form)
    before = form.schedule.kept
    try:
        job = parents.update(parent, form.plan(), base=form.details.cleaned_data["base"], user=me(request))
    except NameTaken:
        form.details.add_error("name", NAME_TAKEN)
        return _show(request, form)
    except Conflict:
        return _show(
            request, form, error="Someone else changed it meanwhile. Load the page again to see what it is now."
        )
    except InUse as reason:
        return _show(request, form, error=str(reason), uses=reason.uses)
    except (CannotBuild, NotCompiled) as error:
        return _show(request, form, error=str(error))
    changes: dict[str, Any] = schedule_words.changes(before, form.schedule.timing())
    audit.record("parent_segment.update", parent, request=request, job=job.pk if job else None, **changes)
    built = f" Job {job.pk} builds its customer table anew." if job else ""
    messages.success(request, f"Parent segment saved.{built}")
    if late := overtaken(parent):
        messages.warning(request, late)
    return redirect("audiences:parent_segment", parent.pk)


@editor
@require_POST
def schedule(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """What the posted schedule means, or what is wrong with it."""
    parent = get_object_or_404(ParentSegment.objects.select_related("query"), pk=pk) if pk else None
    kept = schedules.of(parent.query) if parent and parent.query else None
    panel = schedule_panel.panel(ScheduleForm(request.POST, kept, idle={"time_zone": "UTC"}), kept, timezone.now())
    return render(request, "audiences/parents/_schedule_live.html", {"schedule": panel})


def _show(request: HttpRequest, form: ParentForm, *, error: str = "", uses: tuple[Use, ...] = ()) -> HttpResponse:
    """The form; of a request by htmx, which only shapes it, its definition alone."""
    parent = form.parent
    kept = schedules.of(parent.query) if parent and parent.query else None
    context = {
        "form": form,
        "parent": parent,
        "error": error,
        "uses": uses,
        "wrong": form.wrong if form.saves else [],
        "schedule": schedule_panel.panel(form.schedule, kept, timezone.now(), destination="the customer table"),
    }
    part = request.htmx and not form.saves  # type: ignore[attr-defined]
    template = "audiences/parents/_definition.html" if part else "audiences/parents/form.html"
    return render(request, template, context, status=422 if form.saves else 200)
