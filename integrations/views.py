from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.access import viewer


@viewer
@require_GET
def catalog(request: HttpRequest) -> HttpResponse:
    return render(request, "integrations/catalog.html")


@viewer
@require_GET
def authentications(request: HttpRequest) -> HttpResponse:
    return render(request, "integrations/authentications.html")
