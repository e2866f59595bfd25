"""Data Workbench > Queries: the list and the editor."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect, trigger_client_event

from accounts import audit
from accounts.access import editor, viewer
from accounts.models import Role, User
from exports import job_words, owners, save_trail, schedule_panel, schedules
from exports import queries as saved
from exports.errors import NameTaken, NotPossible
from exports.forms import QueryForm, RunForm
from exports.models import Job, Query
from exports.queries import Conflict
from exports.targets import Target
from warehouse.models import Database

PAGE_SIZE = 50
ANSWER = "exports/_query_answer.html"


@viewer
@require_GET
def queries(request: HttpRequest) -> HttpResponse:
    search = request.GET.get("q", "").strip()
    page = Paginator(saved.listing(search), PAGE_SIZE).get_page(request.GET.get("page"))
    now = timezone.now()
    jobs = Job.objects.in_bulk([query.last_job_id for query in page if query.last_job_id])
    last = [(query, jobs.get(query.last_job_id)) for query in page]
    rows = [(query, job, job and job_words.status(job, now).key) for query, job in last]
    context = {"page": page, "rows": rows, "search": search, "can_edit": may_edit(request)}
    return render(request, "exports/queries.html", context)


@editor
@require_GET
def new(request: HttpRequest) -> HttpResponse:
    """An empty editor; `database` (a name) and `sql` may be given in the URL, and are not run by themselves."""
    database = Database.objects.filter(name=request.GET.get("database", "")).first()
    form = QueryForm(initial={"database": database and database.pk, "sql": request.GET.get("sql", "")})
    return workbench(request, form, None)


@viewer
@require_GET
def query(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Query.objects.select_related("database", "updated_by"), pk=pk)
    if elsewhere := owners.page(found):
        return redirect(elsewhere)
    return workbench(request, QueryForm(query=found), found)


@editor
@require_POST
def create(request: HttpRequest) -> HttpResponse:
    form = QueryForm(request.POST)
    if not form.is_valid():
        return refused(request, form, None)
    try:
        query = saved.create(form.draft(), user=me(request))
    except NameTaken:
        form.add_error("name", "A query with this name exists.")
        return refused(request, form, None)
    save_trail.created(query, form.schedule.timing(), request=request)
    messages.success(request, "Query saved.")
    return go(request, reverse("exports:query", args=[query.pk]))


@editor
@require_POST
def save(request: HttpRequest, pk: int) -> HttpResponse:
    query = get_object_or_404(Query.objects.saved(), pk=pk)
    form = QueryForm(request.POST, query=query)
    if not form.is_valid():
        return refused(request, form, query)
    before = form.schedule.kept
    # "Save anyway" names the version that its reader has seen and wants to save over.
    over = request.POST.get("over", "")
    base = int(over) if over.isdecimal() else form.cleaned_data["version"]
    try:
        changed = saved.update(query, form.draft(), base=base, user=me(request))
    except NameTaken:
        form.add_error("name", "A query with this name exists.")
        return refused(request, form, query)
    except Conflict as conflict:
        return refused(request, form, conflict.query, conflict=conflict.query)
    if changed:
        save_trail.updated(query, before, form.schedule.timing(), request=request)
    return _saved(request, query, f"Saved as version {query.version}." if changed else "There was nothing to save.")


def _saved(request: HttpRequest, query: Query, says: str) -> HttpResponse:
    if not request.htmx:  # type: ignore[attr-defined]
        messages.success(request, says)
        return redirect("exports:query", query.pk)
    response = workbench(request, QueryForm(query=query), query, template=ANSWER, says=says)
    return trigger_client_event(response, "query-saved", after="settle")


@editor
@require_POST
def run(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    query = get_object_or_404(Query.objects.saved(), pk=pk) if pk else None
    form = RunForm(request.POST, query=query)
    if not form.is_valid():
        return refused(request, form, query)
    job = saved.run(form.draft(), query=query, user=me(request), mode=form.cleaned_data["mode"])
    details = {"job": job.pk, "version": job.query_version, "mode": job.mode}
    audit.record("query.run", query, request=request, name=job.name, **details)
    if query and job.query_version is None:
        messages.info(request, f"This job runs the text from the editor, which is not saved in “{query.name}”.")
    return go(request, reverse("exports:job", args=[job.pk]))


@editor
@require_POST
def run_label(request: HttpRequest) -> HttpResponse:
    """What the Run button says for the export target in the posted form, and whether there are other ways to run."""
    form = RunForm(request.POST)
    form.is_valid()
    context = {"target": form.cleaned_data.get("target"), "table": form.table, "oob": True}
    return render(request, "exports/_query_run_label.html", context)


@editor
@require_POST
def duplicate(request: HttpRequest, pk: int) -> HttpResponse:
    query = get_object_or_404(Query.objects.saved(), pk=pk)
    copy = saved.duplicate(query, user=me(request))
    audit.record("query.create", copy, request=request, copy_of=query.name)
    messages.success(request, f"“{copy.name}” is a copy of “{query.name}”.")
    return redirect("exports:query", copy.pk)


@editor
@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    query = get_object_or_404(Query.objects.saved(), pk=pk)
    if request.method == "GET":
        return render(request, "exports/query_delete.html", {"query": query, "jobs": query.jobs.count()})
    name, number = query.name, query.pk
    try:
        saved.delete(query)
    except NotPossible as error:
        messages.error(request, str(error))
        return redirect("exports:query", number)
    audit.record("query.delete", request=request, name=name, query=number)
    messages.success(request, f"“{name}” was deleted. Its jobs are kept.")
    return redirect("exports:queries")


def me(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def may_edit(request: HttpRequest) -> bool:
    return me(request).may(Role.EDITOR)


def go(request: HttpRequest, url: str) -> HttpResponse:
    """On to another page, also after a request by htmx."""
    return HttpResponseClientRedirect(url) if request.htmx else redirect(url)  # type: ignore[attr-defined]


def refused(request: HttpRequest, form: Any, query: Query | None, **context: Any) -> HttpResponse:
    """The same again with what is wrong: the head of the editor and the schedule, or without JavaScript the whole
    page."""
    template = ANSWER if request.htmx else "exports/query.html"  # type: ignore[attr-defined]
    return workbench(request, form, query, status=422, template=template, **context)


def workbench(
    request: HttpRequest,
    form: Any,
    query: Query | None,
    *,
    status: int = 200,
    template: str = "exports/query.html",
    **context: Any,
) -> HttpResponse:
    """The query page, or the part of it that `template` draws, for what `form` holds."""
    for field in (*form.fields.values(), *form.schedule.fields.values()):
        field.disabled = not may_edit(request)
    target = _target(form, query)
    destination = target.authentication.name if target else f"table {form.table.name}" if form.table else ""
    schedule = schedules.of(query) if query else None
    context |= {
        "form": form,
        "query": query,
        "target": target,
        "table": form.table,
        "schedule": schedule_panel.panel(form.schedule, schedule, timezone.now(), destination=destination),
        "can_edit": may_edit(request),
        "databases": Database.objects.exists(),
    }
    return render(request, template, context, status=status)


def _target(form: Any, query: Query | None) -> Target | None:
    if form.is_bound:
        found: Target | None = getattr(form, "cleaned_data", {}).get("target")
        return found
    return saved.stored(query).target if query else None
