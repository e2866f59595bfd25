"""The front door, the System page, and the pages for what goes wrong."""

import socket

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.views.decorators.http import require_GET

from accounts.access import admin
from linecapi_site.context import look
from linecapi_site.system import sections


@login_required
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    return redirect("exports:queries")


@admin
@require_GET
def system(request: HttpRequest) -> HttpResponse:
    return render(request, "system.html", {"host": socket.gethostname(), "sections": sections()})


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "403.html", {"reason": str(exception or "")}, status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Without context processors: what went wrong may be the database."""
    return HttpResponse(render_to_string("500.html", look(request)), status=500)
