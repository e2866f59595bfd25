from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts import api_keys, people
from accounts.access import viewer
from accounts.audit import signed_in
from accounts.clients import environment, examples
from accounts.forms import OwnPasswordForm, ProfileForm
from accounts.models import User


@viewer
@require_GET
def settings(request: HttpRequest) -> HttpResponse:
    return page(request)


@viewer
@require_POST
def profile(request: HttpRequest) -> HttpResponse:
    form = ProfileForm(request.POST, instance=fresh(request))
    if not form.is_valid():
        return page(request, profile=form)
    people.change(fresh(request).pk, request=request, **form.cleaned_data)
    messages.success(request, "Your name and e-mail are saved.")
    return redirect("accounts:settings")


@viewer
@require_POST
def password(request: HttpRequest) -> HttpResponse:
    form = OwnPasswordForm(request.user, request.POST)
    if not form.is_valid():
        return page(request, password=form)
    person = fresh(request)
    people.set_password(person, form.cleaned_data["new_password1"], request=request)
    update_session_auth_hash(request, person)
    messages.success(request, "Your password is changed. Other browsers are signed out.")
    return redirect("accounts:settings")


def page(
    request: HttpRequest, *, profile: ProfileForm | None = None, password: OwnPasswordForm | None = None
) -> HttpResponse:
    """The page with both forms; the one given did not pass, and shows why."""
    active, ended = api_keys.split(fresh(request))
    forms = {
        "profile": profile or ProfileForm(instance=request.user),
        "password": password or OwnPasswordForm(request.user),
    }
    server = request.build_absolute_uri("/").rstrip("/")
    client_examples = {"server": server, "environment": environment(server), "examples": examples(server)}
    api = {"active": active, "ended": ended, **client_examples}
    return render(request, "accounts/settings.html", forms | api, status=422 if profile or password else 200)


def fresh(request: HttpRequest) -> User:
    """Not `request.user`, which the shell shows: a form writes what was typed into its instance."""
    return User.objects.get(pk=signed_in(request).pk)
