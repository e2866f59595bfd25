from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.access import viewer


@viewer
@require_GET
def databases(request: HttpRequest) -> HttpResponse:
    return render(request, "warehouse/databases.html")
