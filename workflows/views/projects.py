"""Data Workbench > Workflows: the list of projects, one of them, and its end."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from accounts.access import editor, viewer
from exports.errors import NotPossible
from exports.views.queries import may_edit, me
from workflows import cleartext, contents, editing, project_list, projects, reference
from workflows.models import Attempt, AttemptState, Project, Session

PAGE_SIZE = 25
WORKFLOWS = 50  # of a project, on a page
LATEST = 5  # revisions on the project's page
FILES = 100  # there


@viewer
@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    search = request.GET.get("q", "").strip()[:255]
    page = Paginator(project_list.listing(search), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "branches": project_list.branches(list(page), search, timezone.now()),
        "search": search,
    }
    return render(request, "workflows/projects/list.html", context)


@viewer
@require_GET
def project(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Project.objects.select_related("created_by"), pk=pk)
    page = Paginator(project_list.of_project(found), WORKFLOWS).get_page(request.GET.get("page"))
    latest = projects.latest(found)
    files = contents.files(latest.pk)
    context = {
        "project": found,
        "page": page,
        "rows": project_list.rows(list(page), timezone.now()),
        "latest": latest,
        "files": [(path, len(files[path])) for path in sorted(files, key=editing.in_tree)[:FILES]],
        "more_files": max(0, len(files) - FILES),
        "revisions": found.revisions.select_related("pushed_by").defer("archive")[:LATEST],
        "revision_count": found.revisions.count(),
        "clear": cleartext.found(files) if may_edit(request) else [],
        "secrets": found.secrets.select_related("updated_by").defer("encrypted"),
    }
    return render(request, "workflows/projects/project.html", context)


@editor
@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Project, pk=pk)
    error = ""
    if request.method == "POST":
        name = found.name
        try:
            projects.delete(found, user=me(request), request=request)
        except NotPossible as reason:
            error = str(reason)
        else:
            messages.success(request, f"“{name}” was deleted. The jobs that it made are kept.")
            return redirect("workflows:projects")
    attempts = Attempt.objects.filter(workflow__project=found)
    context = {
        "project": found,
        "error": error,
        "workflows": found.workflows.filter(present=True).count(),
        "revisions": found.revisions.count(),
        "secrets": found.secrets.count(),
        "sessions": Session.objects.filter(workflow__project=found).count(),
        "attempts": attempts.count(),
        "running": attempts.filter(state=AttemptState.RUNNING).count(),
    }
    return render(request, "workflows/projects/delete.html", context, status=409 if error else 200)


@viewer
@require_GET
def operators(request: HttpRequest) -> HttpResponse:
    """The reference: a page, or the panel beside the editor."""
    part = request.htmx  # type: ignore[attr-defined]
    template = "workflows/projects/_reference_panel.html" if part else "workflows/projects/reference.html"
    context = {
        "groups": reference.groups(),
        "directives": reference.DIRECTIVES,
        "schedules": reference.SCHEDULES,
        "variables": reference.VARIABLES,
    }
    return render(request, template, context)


@viewer
@require_GET
def words(request: HttpRequest) -> HttpResponse:
    """What the editor completes in .dig files."""
    return JsonResponse(reference.vocabulary())
