"""What the engine is given to run: TD's SQL in DuckDB's words."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from accounts.access import editor
from exports import engine
from exports.forms import RunForm
from exports.texts import Text
from exports.views.queries import me, workbench
from warehouse.engines.base import EngineError


@editor
@require_POST
def translation(request: HttpRequest) -> HttpResponse:
    """The text in the editor as it would run; nothing is run."""
    form = RunForm(request.POST)
    if not form.is_valid():
        return _show(request, form, status=422, problems=form.problems)
    try:
        found = _translated(form.text(), request)
    except EngineError as error:
        return _show(request, form, status=422, error=error, line=getattr(error, "line", None))
    return _show(request, form, translated=found)


def _translated(text: Text, request: HttpRequest) -> str:
    using = engine.engine(text.engine, text.source)
    tables = engine.readable(me(request))
    return using.check(text.readable_part().sql, tables=tables, database=text.database.name).text


def _show(request: HttpRequest, form: RunForm, *, status: int = 200, **context: object) -> HttpResponse:
    template = "exports/_query_results.html" if request.htmx else "exports/query.html"  # type: ignore[attr-defined]
    return workbench(request, form, None, status=status, template=template, **context)
