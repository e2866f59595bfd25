"""Changing an authentication. Its secrets are replaced or kept, and never shown."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.formats import date_format
from django.views.decorators.http import require_http_methods

from accounts.access import editor
from integrations import authentications, testing
from integrations.authentications import NameTaken, secret_settings
from integrations.forms import NAME_TAKEN, NameForm
from integrations.models import Authentication
from integrations.secrets import SecretUnreadable
from integrations.testing import Verdict
from integrations.views.common import authentication_to_manage, firewall, hides_secrets, problems
from integrations.views.entry import Entry


@editor
@hides_secrets
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    one = authentication_to_manage(request, pk)
    entry = Entry(request, one.connector, purpose=f"edit {pk}", saved=one.settings, held=_held(one))
    data = request.POST if request.method == "POST" else None
    name_form = NameForm(data, instance=get_object_or_404(Authentication, pk=pk))  # of its own: validation changes it
    if data is None:
        return _page(request, one, entry, name_form)
    valid = all([name_form.is_valid(), entry.form.is_valid()])
    if valid and "test" in request.POST:
        return _page(request, one, entry, name_form, verdict=_test(request, one, entry))
    if not valid or not _save(request, one, entry, name_form):
        entry.keep_secrets()
        return _page(request, one, entry, name_form, status=422, problems=problems(name_form, entry.form))
    entry.drop()
    messages.success(request, f"{one.name} is saved.")
    return redirect("integrations:authentication", pk=pk)


def _held(one: Authentication) -> dict[str, str]:
    """The secrets that are saved, each with the day it was set."""
    if not one.encrypted:
        return {}
    day = f" on {date_format(one.secrets_set_at, 'Y-m-d')}" if one.secrets_set_at else ""
    return {s.name: f"Set{day}; leave blank to keep" for s in secret_settings(one.connector)}


def _page(
    request: HttpRequest, one: Authentication, entry: Entry, name_form: NameForm, *, status: int = 200, **more: Any
) -> HttpResponse:
    context = {
        "authentication": one,
        "connector": one.connector,
        "entry": entry,
        "name_form": name_form,
        "firewall": firewall(one.connector, one.settings),
        **more,
    }
    return render(request, "integrations/edit.html", context, status=status)


def _save(request: HttpRequest, one: Authentication, entry: Entry, name_form: NameForm) -> bool:
    """Whether it was saved; otherwise the form says why not."""
    wanted, values = name_form.cleaned_data["name"], entry.values()
    try:
        authentications.update(one, name=wanted, values=values, tested=entry.tested(), request=request)
    except NameTaken:
        name_form.add_error("name", NAME_TAKEN)
    except SecretUnreadable as error:
        for setting in secret_settings(one.connector):
            entry.form.add_error(setting.name, f"{error} Enter it again.")
    return not (name_form.errors or entry.form.errors)


def _test(request: HttpRequest, one: Authentication, entry: Entry) -> Verdict:
    """Test what stands in the form. The result is kept with the authentication if that is what is saved."""
    http, values = testing.http_session(), entry.values()
    if not authentications.changes(one, values):
        return authentications.test(one, http=http, request=request)
    try:
        verdict = authentications.test_values(one.connector, {**one.open_secrets(), **values}, http=http)
    except SecretUnreadable as error:
        verdict = Verdict(False, str(error), "Enter the credentials again.")
    authentications.record_test(one.connector, verdict, one, request=request)
    entry.keep_tested(verdict)
    return verdict
