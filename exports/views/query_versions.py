"""The history of a query: what each save changed, and going back to one."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts import audit
from accounts.access import editor, viewer
from exports import differences, owners
from exports import queries as saved
from exports.errors import NotPossible
from exports.models import Query, QueryVersion
from exports.queries import Conflict
from exports.views.queries import PAGE_SIZE, may_edit, me


@viewer
@require_GET
def versions(request: HttpRequest, pk: int) -> HttpResponse:
    query = get_object_or_404(Query.objects.saved(), pk=pk)
    found = query.versions.select_related("saved_by").defer("sql")
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "exports/query_versions.html", {"query": query, "page": page})


@viewer
@require_GET
def version(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """One version and its difference to the one before."""
    query = get_object_or_404(Query, pk=pk)
    if elsewhere := owners.page(query):
        return redirect(elsewhere)
    this = get_object_or_404(QueryVersion.objects.select_related("saved_by"), query=query, number=number)
    before = query.versions.filter(number__lt=number).first()
    context = {
        "query": query,
        "version": this,
        "before": before,
        "after": query.versions.filter(number__gt=number).last(),
        "hunks": differences.lines(before.sql if before else "", this.sql),
        "changes": differences.changes(before, this),
        "can_restore": may_edit(request) and number != query.version,
    }
    return render(request, "exports/query_version.html", context)


@editor
@require_POST
def restore(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    query = get_object_or_404(Query.objects.saved(), pk=pk)
    old = get_object_or_404(QueryVersion, query=query, number=number)
    try:
        warning = saved.restore(query, old, user=me(request))
    except (NotPossible, Conflict) as error:
        messages.error(request, str(error))
        return redirect("exports:query_version", pk, number)
    audit.record("query.restore", query, request=request, restored=number, version=query.version)
    messages.success(request, f"Version {number} was restored as version {query.version}.")
    if warning:
        messages.warning(request, warning)
    return redirect("exports:query", pk)
