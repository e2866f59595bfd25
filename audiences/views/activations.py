"""Activations: all of them, one of them with its runs, and what people do with it."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import audit
from accounts.access import editor, viewer
from audiences import activation_list, activation_log, activation_pages, activations, folders
from audiences.activation_list import SORTS, STATES, ActivationFilter
from audiences.models import Activation
from exports import job_list, schedules
from exports.errors import NotPossible
from exports.models import Job
from exports.timing import ScheduleError
from exports.views.queries import me
from integrations import catalog
from warehouse.models import Table

PAGE_SIZE = 25


@viewer
@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    now, chosen = timezone.now(), ActivationFilter.parse(request.GET)
    found = activation_list.with_all(chosen.apply(now))
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "filter": chosen,
        "page": page,
        "rows": activation_list.rows(page, now),
        "states": STATES.items(),
        "sorts": SORTS.items(),
        "connectors": catalog.CONNECTORS.values(),
        "creators": activation_list.creators(),
    }
    return render(request, "audiences/activations/overview.html", context)


@viewer
@require_GET
def activation(request: HttpRequest, pk: int) -> HttpResponse:
    one, now = _find(pk), timezone.now()
    runs = Job.objects.filter(query=one.query).order_by("-pk").values_list("pk", flat=True)
    page = Paginator(runs, PAGE_SIZE).get_page(request.GET.get("page"))
    jobs = job_list.listed(list(page))
    schedule = getattr(one.query, "schedule", None)
    state = activation_list.state_of(schedule, now)
    context = {
        "activation": one,
        "segment": one.segment,
        "parent": one.segment.parent_segment,
        "path": folders.SEPARATOR.join(folders.path(one.segment.folder)),
        "page": page,
        "rows": job_list.rows(jobs, now),
        "schedule": schedule,
        "state_key": state,
        "state": STATES[state],
        "log": _log_table(one),
        "log_query": _log_query(one),
        **activation_pages.shown(one, schedule, now),
    }
    return render(request, "audiences/activations/activation.html", context)


@editor
@require_POST
def run(request: HttpRequest, pk: int) -> HttpResponse:
    one = _find(pk)
    try:
        job = activations.run_now(one, user=me(request))
    except NotPossible as error:
        messages.error(request, str(error))
        return redirect("audiences:activation", pk)
    audit.record("activation.run", one, request=request, job=job.pk, version=job.query_version)
    messages.success(request, f"Job {job.pk} sends “{one.segment.name}” once, beside the schedule.")
    return redirect("exports:job", job.pk)


@editor
@require_POST
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    one = _find(pk)
    if activations.pause(one, user=me(request)):
        audit.record("activation.pause", one, request=request)
        messages.success(request, "The activation is paused: it does not run by itself until someone resumes it.")
    return redirect("audiences:activation", pk)


@editor
@require_POST
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    one = _find(pk)
    schedule = schedules.of(one.query)
    try:
        resumed = activations.resume(one, user=me(request))
    except ScheduleError as error:
        messages.error(request, f"The activation cannot be resumed: {error}")
        return redirect("audiences:activation", pk)
    if resumed:
        audit.record("activation.resume", one, request=request, was=schedule.disabled_why if schedule else "")
        messages.success(request, "The activation goes on with its next run.")
    return redirect("audiences:activation", pk)


@editor
@require_POST
def duplicate(request: HttpRequest, pk: int) -> HttpResponse:
    one = _find(pk)
    try:
        copy = activations.duplicate(one, user=me(request))
    except (ValueError, NotPossible) as error:  # its rule or its columns are not possible any more
        messages.error(request, f"It cannot be duplicated: {error}")
        return redirect("audiences:activation", pk)
    audit.record("activation.create", copy, request=request, copy_of=one.name)
    messages.success(request, f"“{copy.name}” is a copy of “{one.name}”. It does not run by itself.")
    return redirect("audiences:activation", copy.pk)


@editor
@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    one = _find(pk)
    if request.method == "GET":
        context = {"activation": one, "segment": one.segment, "jobs": one.query.jobs.count()}
        return render(request, "audiences/activations/delete.html", context)
    name, segment = one.name, one.segment
    try:
        activations.delete(one)
    except NotPossible as error:
        messages.error(request, str(error))
        return redirect("audiences:activation", pk)
    audit.record("activation.delete", request=request, name=name, activation=pk, segment=segment.name)
    messages.success(request, f"“{name}” was deleted. Its jobs are kept.")
    return redirect("audiences:activations")


def _find(pk: int) -> Activation:
    related = ("query__database", "query__source", "query__schedule", "query__export_target__authentication__base")
    people = ("created_by", "updated_by", "segment__parent_segment__query", "segment__folder")
    return get_object_or_404(Activation.objects.select_related(*related, *people), pk=pk)


def _log_table(one: Activation) -> Any:
    """The activation log of its parent segment; None while it holds nothing."""
    name = one.segment.parent_segment.database_name
    return Table.objects.filter(database__name=name, name=activation_log.TABLE).select_related("database").first()


def _log_query(one: Activation) -> str:
    """Where the editor stands with a query of its rows in the log."""
    database = one.segment.parent_segment.database_name
    sql = f"SELECT *\nFROM {activation_log.TABLE}\nWHERE activation_id = {one.pk}\nORDER BY time DESC"
    return f"{reverse('exports:query_new')}?{urlencode({'database': database, 'sql': sql})}"
