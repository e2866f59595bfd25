"""Audience Studio: parent segments, the list and one of them; build now, delete."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRefresh

from accounts import audit
from accounts.access import editor, viewer
from audiences import parent_pages, parents, profiles
from audiences.models import ParentSegment
from exports.errors import NotPossible
from exports.views.queries import me
from warehouse.engines.base import EngineError
from warehouse.models import Table
from warehouse.usage import InUse

PAGE_SIZE = 50


@viewer
@require_GET
def parent_segments(request: HttpRequest) -> HttpResponse:
    search = request.GET.get("q", "").strip()
    page = Paginator(parents.listing(search), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"page": page, "rows": parent_pages.rows(list(page), timezone.now()), "search": search}
    return render(request, "audiences/parents/list.html", context)


@viewer
@require_GET
def parent_segment(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "audiences/parents/parent.html", parent_pages.context(_find(pk), timezone.now()))


@viewer
@require_GET
def builds(request: HttpRequest, pk: int) -> HttpResponse:
    """The latest builds, asked for while one is active; when it has ended, the whole page is shown anew."""
    parent = _find(pk)
    found = parent_pages.builds(parent, timezone.now())
    if not any(not row.job.finished for row in found):
        return HttpResponseClientRefresh()
    return render(request, "audiences/parents/_builds.html", {"parent": parent, "builds": found, "building": True})


@viewer
@require_POST
def profile(request: HttpRequest, pk: int) -> HttpResponse:
    """The columns with their profile, which is computed if nobody has looked at it since the last build."""
    parent, problem = _find(pk), ""
    build = profiles.last_build(parent)
    if build and not profiles.is_of(parent, build):
        try:
            profiles.measure(parent, build, user=me(request))
        except EngineError as error:
            problem = error.message
        except Table.DoesNotExist:
            problem = "The customer table is gone. Build it again."
    context = parent_pages.columns_context(parent, build) | {"problem": problem}
    return render(request, "audiences/parents/_columns.html", context)


@editor
@require_POST
def build(request: HttpRequest, pk: int) -> HttpResponse:
    parent = _find(pk)
    job = parents.build(parent, user=me(request))
    audit.record("parent_segment.build", parent, request=request, job=job.pk)
    messages.success(request, f"Job {job.pk} builds the customer table.")
    return redirect("audiences:parent_segment", pk)


@editor
@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    parent = _find(pk)
    error, uses = "", parents.users(parent)
    if request.method == "POST":
        name, number = parent.name, parent.pk
        try:
            parents.delete(parent, user=me(request), request=request)
        except InUse as reason:
            error, uses = str(reason), list(reason.uses)
        except NotPossible as reason:
            error = str(reason)
        else:
            audit.record("parent_segment.delete", request=request, name=name, audience_id=number)
            messages.success(request, f"“{name}” was deleted. Its jobs are kept.")
            return redirect("audiences:parent_segments")
    context = {"parent": parent, "uses": uses, "error": error}
    return render(request, "audiences/parents/delete.html", context, status=409 if error else 200)


def _find(pk: int) -> ParentSegment:
    known = ParentSegment.objects.select_related("query__schedule", "query__database", "created_by", "updated_by")
    return get_object_or_404(known, pk=pk)
