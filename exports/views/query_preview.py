"""The first rows of a query, from the editor: nothing is kept and nothing is sent."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from accounts import audit
from accounts.access import viewer
from exports import grid
from exports import preview as previews
from exports import queries as saved
from exports.forms import DraftForm, QueryForm, RunForm
from exports.masking import personal_columns
from exports.models import Query
from exports.preview import Preview
from exports.queries import Draft
from exports.views.queries import may_edit, me, workbench
from warehouse.engines.base import Cancelled, EngineError


@viewer
@require_POST
def preview(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Run the text in the editor. Who may not edit sees the saved text's rows, whatever was posted: SQL could turn
    personal data into something that no longer looks like it."""
    query = get_object_or_404(Query.objects.saved(), pk=pk) if pk else None
    if not may_edit(request):
        if query is None:
            raise PermissionDenied("This needs the role editor.")
        return _answer(request, QueryForm(query=query), query, saved.stored(query))
    form = RunForm(request.POST, query=query)
    if not form.is_valid():
        return _show(request, form, query, status=422, problems=form.problems)
    return _answer(request, form, query, form.draft())


def _answer(request: HttpRequest, form: DraftForm, query: Query | None, draft: Draft) -> HttpResponse:
    reveal = "reveal" in request.POST
    if reveal and not may_edit(request):
        raise PermissionDenied("This needs the role editor.")
    try:
        found = _find(request, draft, again="masked" not in request.POST and not reveal)
    except Cancelled:
        return _show(request, form, query, cancelled=True)
    except EngineError as error:
        return _show(request, form, query, status=422, error=error, line=getattr(error, "line", None))
    if reveal:
        name = query.name if query else draft.name or saved.UNTITLED
        audit.record("query.reveal", query, request=request, name=name, database=draft.text.database.name)
    return _show(request, form, query, found=found, revealed=reveal, **_sample(found, draft, reveal=reveal))


def _find(request: HttpRequest, draft: Draft, *, again: bool) -> Preview:
    kept = None if again else previews.cached(draft.text, user=me(request))
    return kept or previews.preview(draft.text, user=me(request), ticket=request.POST.get("ticket", "")[:64])


@viewer
@require_POST
def cancel(request: HttpRequest) -> HttpResponse:
    """Stop the preview that this person's browser started under `ticket`."""
    if ticket := request.POST.get("ticket", "")[:64]:
        previews.cancel(user=me(request), ticket=ticket)
    return HttpResponse(status=204)


def _sample(found: Preview, draft: Draft, *, reveal: bool) -> dict[str, Any]:
    """What the grid draws: `columns` [(name, type, whether it is personal)], `rows` [[Cell]]."""
    personal = personal_columns(found.table.column_names, draft.target.mapping if draft.target else None)
    columns = [(name, kind, name in personal) for name, kind in found.columns]
    return {"columns": columns, "rows": grid.rows(found.table, personal=personal, reveal=reveal)}


def _show(
    request: HttpRequest, form: DraftForm, query: Query | None, *, status: int = 200, **context: Any
) -> HttpResponse:
    template = "exports/_query_results.html" if request.htmx else "exports/query.html"  # type: ignore[attr-defined]
    return workbench(request, form, query, status=status, template=template, **context)
