"""Loading a file in two steps: choose it, then look at what is in it and load it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import editor
from warehouse import tables, uploads
from warehouse.engines.base import Column
from warehouse.forms import ColumnsForm, FileForm, UploadForm
from warehouse.loading import NotLoaded, sniff
from warehouse.models import Database
from warehouse.sheet import Sheet, known_columns
from warehouse.uploads import Pending


@editor
@require_http_methods(["GET", "POST"])
def upload(request: HttpRequest, database: str) -> HttpResponse:
    """Step 1: which file, into which table, and how."""
    found = get_object_or_404(Database, name=database)
    if request.method == "GET":
        return _ask(request, found, UploadForm(initial=request.GET.dict()))
    form = UploadForm(request.POST, request.FILES, too_large=uploads.too_large(request))
    if form.is_valid():
        chosen = {name: form.cleaned_data[name] for name in ("table", "mode", "format")}
        pending = _keep(request, form, database=database, **chosen)
        if pending:
            return redirect("warehouse:columns", database, pending.key)
    return _ask(request, found, form)


@editor
@require_http_methods(["GET", "POST"])
def columns(request: HttpRequest, database: str, key: UUID) -> HttpResponse:
    """Step 2: what is in the file, as what each column is read, and *Load*."""
    found = get_object_or_404(Database, name=database)
    pending = uploads.get(request, database, key)
    if request.method == "GET":
        return _look(request, found, pending)
    form = ColumnsForm(request.POST, pending=pending, known=known_columns(pending, found))
    if not form.is_valid():
        return _look(request, found, pending, form=form)
    return _load(request, found, pending, form)


@editor
@require_POST
def file(request: HttpRequest, database: str, key: UUID) -> HttpResponse:
    """Another file in the place of an upload; everything that was chosen stays."""
    found = get_object_or_404(Database, name=database)
    old = uploads.get(request, database, key)
    form = FileForm(request.POST, request.FILES, too_large=uploads.too_large(request))
    if form.is_valid():
        kept = {"types": old.types, "names": old.names, "time_column": old.time_column}
        chosen = {"table": old.table, "mode": old.mode, "format": form.cleaned_data["format"]}
        pending = _keep(request, form, database=database, **chosen, **kept)
        if pending:
            uploads.forget(request, old)
            return redirect("warehouse:columns", database, pending.key)
    return _look(request, found, old, file_form=form)


@editor
@require_POST
def cancel(request: HttpRequest, database: str, key: UUID) -> HttpResponse:
    """Forget an upload."""
    uploads.forget(request, uploads.get(request, database, key))
    return redirect("warehouse:database", database)


def _keep(request: HttpRequest, form: FileForm, **choices: Any) -> Pending | None:
    """Keep the form's file if it can be read; otherwise the form says what is wrong with it."""
    pending = uploads.keep(request, form.cleaned_data["file"], **choices)
    try:
        columns = sniff(pending.source).columns
    except NotLoaded as error:
        uploads.forget(request, pending)
        form.add_error("file", error.message)
        return None
    pending.columns = [(column.name, column.type) for column in columns]
    uploads.save(request, pending)
    return pending


def _load(request: HttpRequest, database: Database, pending: Pending, form: ColumnsForm) -> HttpResponse:
    pending.types, pending.names = form.types, form.renames
    pending.time_column = form.cleaned_data.get("time_column", "")
    uploads.save(request, pending)
    try:
        table = tables.load(
            database=database,
            table=pending.table,
            sources=[pending.source],
            columns=[Column(form.named(name), kind) for name, kind in form.types.items()],
            renames=form.renames,
            time_column=form.named(pending.time_column),
            mode=pending.mode,
            user=request.user,
            request=request,
        )
    except NotLoaded as error:
        return _look(request, database, pending, form=form, error=error)
    uploads.forget(request, pending)
    rows = table.loads.all()[0].rows
    messages.success(request, f"{rows:,} row{'' if rows == 1 else 's'} loaded into {table}.")
    return redirect("warehouse:table", database.name, table.name)


def _ask(request: HttpRequest, database: Database, form: UploadForm) -> HttpResponse:
    context = {"database": database, "form": form, "tables": database.tables.values_list("name", flat=True)[:500]}
    return render(request, "warehouse/upload.html", context, status=422 if form.errors else 200)


def _look(
    request: HttpRequest,
    database: Database,
    pending: Pending,
    *,
    form: ColumnsForm | None = None,
    file_form: FileForm | None = None,
    error: NotLoaded | None = None,
) -> HttpResponse:
    form = form or ColumnsForm(pending=pending, known=known_columns(pending, database))
    sheet = None
    try:
        sheet = Sheet.of(pending, database)
    except NotLoaded as unreadable:
        error = error or unreadable
    context = {
        "database": database,
        "pending": pending,
        "sheet": sheet,
        "lines": sheet.lines(form, error) if sheet else [],
        "form": form,
        "clock": form["time_column"] if "time_column" in form.fields else "",
        "file_form": file_form or FileForm(),
        "error": error,
    }
    failed = error or form.errors or (file_form and file_form.errors)
    return render(request, "warehouse/columns.html", context, status=422 if failed else 200)
