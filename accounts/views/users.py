from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import api_keys, people
from accounts.access import admin
from accounts.forms import NewPersonForm, PasswordForm, PersonForm
from accounts.models import User


@admin
@require_GET
def users(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/users.html", {"people": User.objects.order_by("-is_active", "username")})


@admin
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    form = NewPersonForm(request.POST or None)
    if form.is_valid():
        person = people.create(request=request, **form.cleaned_data)
        messages.success(request, f"{person.display_name} can sign in now, as {person.username}.")
        return redirect("accounts:users")
    return render(request, "accounts/user_new.html", {"form": form}, status=422 if form.is_bound else 200)


@admin
@require_http_methods(["GET", "POST"])
def user(request: HttpRequest, pk: int) -> HttpResponse:
    person = get_object_or_404(User, pk=pk)
    form = PersonForm(request.POST or None, instance=person)
    if form.is_valid():
        try:
            people.change(pk, request=request, **form.cleaned_data)
        except people.LastAdmin as error:
            form.add_error("role", str(error))
        else:
            messages.success(request, f"{person.display_name} is saved.")
            return redirect("accounts:users")
    return page(request, pk, form=form)


@admin
@require_POST
def password(request: HttpRequest, pk: int) -> HttpResponse:
    person = get_object_or_404(User, pk=pk)
    form = PasswordForm(request.POST, person=person)
    if not form.is_valid():
        return page(request, pk, password=form)
    people.set_password(person, form.cleaned_data["password"], request=request)
    if person == request.user:
        update_session_auth_hash(request, person)
    messages.success(request, f"{person.display_name} has a new password, and is signed out everywhere else.")
    return redirect("accounts:user", pk)


@admin
@require_POST
def deactivate(request: HttpRequest, pk: int) -> HttpResponse:
    get_object_or_404(User, pk=pk)
    try:
        person = people.deactivate(pk, request=request)
    except people.LastAdmin as error:
        messages.error(request, str(error))
        return redirect("accounts:user", pk)
    messages.success(request, f"{person.display_name} is deactivated and signed out.")
    return redirect("accounts:users")


@admin
@require_POST
def reactivate(request: HttpRequest, pk: int) -> HttpResponse:
    get_object_or_404(User, pk=pk)
    person = people.reactivate(pk, request=request)
    messages.success(request, f"{person.display_name} can sign in again.")
    return redirect("accounts:user", pk)


def page(
    request: HttpRequest, pk: int, *, form: PersonForm | None = None, password: PasswordForm | None = None
) -> HttpResponse:
    """One user with every form about them; 422 if the one given did not pass."""
    person = get_object_or_404(User, pk=pk)  # as saved: a form that did not pass has written into its own instance
    active, ended = api_keys.split(person)
    context = {
        "person": person,
        "active": active,
        "ended": ended,
        "form": form or PersonForm(instance=person),
        "password": password or PasswordForm(person=person),
    }
    failed = (form and form.is_bound) or password
    return render(request, "accounts/user.html", context, status=422 if failed else 200)
