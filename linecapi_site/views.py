"""The front door and the pages for what goes wrong."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.views.decorators.http import require_GET

from linecapi_site.context import look


@login_required
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    return redirect("exports:queries")


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "403.html", {"reason": str(exception or "")}, status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Without context processors: what went wrong may be the database."""
    return HttpResponse(render_to_string("500.html", look(request)), status=500)
