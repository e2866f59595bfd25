from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.access import admin, viewer

sign_in = LoginView.as_view(template_name="accounts/sign_in.html")
sign_out = LogoutView.as_view()


@viewer
@require_GET
def settings(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/settings.html")


@admin
@require_GET
def users(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/users.html")


@admin
@require_GET
def audit_trail(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/audit.html")


def locked_out(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
    return render(request, "accounts/locked_out.html", status=429)
