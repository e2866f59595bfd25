from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.access import viewer


@viewer
@require_GET
def queries(request: HttpRequest) -> HttpResponse:
    return render(request, "exports/queries.html")
