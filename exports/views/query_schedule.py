"""The Schedule panel of the query page: what its fields mean, before anything is saved."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from accounts.access import editor
from exports.forms import RunForm
from exports.models import Query
from exports.views.queries import workbench


@editor
@require_POST
def check(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """What the posted schedule means, or what is wrong with it. A change that cannot be used yet is no failure."""
    query = get_object_or_404(Query.objects.saved(), pk=pk) if pk else None
    form = RunForm(request.POST, query=query)
    form.is_valid()
    return workbench(request, form, query, template="exports/schedule/_live.html")
