"""Databases: the list, one of them with its tables, and what changes them."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from accounts.access import editor, viewer
from accounts.models import Role
from warehouse import catalogue, tables
from warehouse.forms import DatabaseForm
from warehouse.models import Database

PAGE = 50


@viewer
@require_GET
def databases(request: HttpRequest) -> HttpResponse:
    search = request.GET.get("q", "").strip()
    page = Paginator(catalogue.databases(search), PAGE).get_page(request.GET.get("page"))
    return render(request, "warehouse/databases.html", {"page": page, "search": search, "can_edit": may_edit(request)})


@editor
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    form = DatabaseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        database = tables.create_database(form.cleaned_data["name"], request.user, request=request)
        messages.success(request, f"Database {database} created.")
        return redirect("warehouse:database", database.name)
    return render(request, "warehouse/database_new.html", {"form": form}, status=422 if form.errors else 200)


@viewer
@require_GET
def database(request: HttpRequest, name: str) -> HttpResponse:
    found = get_object_or_404(Database.objects.select_related("created_by"), name=name)
    search = request.GET.get("q", "").strip()
    page = Paginator(catalogue.tables(found, search), PAGE).get_page(request.GET.get("page"))
    context = {"database": found, "page": page, "search": search, "can_edit": may_edit(request)}
    return render(request, "warehouse/database.html", context)


@viewer
@require_GET
def schema(request: HttpRequest, name: str) -> HttpResponse:
    """{table: [columns]} of a database, for completion in the editor."""
    return JsonResponse(catalogue.schema(get_object_or_404(Database, name=name)))


def may_edit(request: HttpRequest) -> bool:
    return bool(request.user.may(Role.EDITOR))  # type: ignore[union-attr]
