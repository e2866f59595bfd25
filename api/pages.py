"""The one page of the API that a browser opens: its reference."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.access import viewer
from api.reference import sections

FEW = 3  # found calls that are shown open


@viewer
@require_GET
def docs(request: HttpRequest) -> HttpResponse:
    q = request.GET.get("q", "").strip()
    found = sections(q)
    count = sum(len(calls) for _, calls in found)
    context = {"q": q, "sections": found, "count": count, "opened": bool(q) and count <= FEW}
    return render(request, "api/docs.html", context)
