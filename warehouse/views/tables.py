"""One table: its columns, first rows and loads."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts import audit
from accounts.access import editor, viewer
from warehouse import cells
from warehouse.catalogue import with_sums
from warehouse.forms import type_words
from warehouse.masking import is_personal
from warehouse.models import Table
from warehouse.preview import ROWS, Unreadable, first_rows
from warehouse.views.databases import may_edit

LOADS = 10


@viewer
@require_GET
def table(request: HttpRequest, database: str, name: str) -> HttpResponse:
    return _show(request, _table(database, name))


@editor
@require_POST
@never_cache
def reveal(request: HttpRequest, database: str, name: str) -> HttpResponse:
    """The same page with values as they are: who looks at personal data is on record."""
    found = _table(database, name)
    audit.record("table.reveal", found, request=request)
    return _show(request, found, reveal=True)


def _table(database: str, name: str) -> Table:
    known = with_sums(Table.objects.filter(database__name=database)).select_related("database")
    return get_object_or_404(known, name=name)


def _show(request: HttpRequest, table: Table, *, reveal: bool = False) -> HttpResponse:
    names = [name for name, _ in table.columns]
    problem, rows = "", []
    try:
        rows = cells.rows(names, first_rows(table), reveal=reveal)
    except Unreadable as error:
        problem = str(error)
    context = {
        "table": table,
        "database": table.database,
        "columns": [(name, kind, type_words(kind), is_personal(name)) for name, kind in table.columns],
        "names": names,
        "starter": f"SELECT *\nFROM {table.name}",
        "rows": rows,
        "most": ROWS,
        "problem": problem,
        "revealed": reveal,
        "loads": Paginator(table.loads.select_related("loaded_by"), LOADS).get_page(request.GET.get("page")),
        "can_edit": may_edit(request),
    }
    return render(request, "warehouse/table.html", context)
