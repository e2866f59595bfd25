"""Create Authentication: step 1 asks for the credentials, step 2 for a name. Between them a draft lies encrypted."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.access import editor
from integrations import authentications, testing
from integrations.authentications import NameTaken, Tested
from integrations.forms import NAME_TAKEN, NameForm
from integrations.views.common import connector_to_manage, facts, firewall, hides_secrets, problems
from integrations.views.entry import Entry

EXPIRED = "What you entered was kept for an hour and is gone. Enter it again."


@editor
@hides_secrets
@require_http_methods(["GET", "POST"])
def credentials(request: HttpRequest, key: str) -> HttpResponse:
    entry = Entry(request, connector_to_manage(request, key), purpose=key)
    if request.method == "GET":
        return _page(request, entry)
    if not entry.form.is_valid():
        entry.keep_secrets()
        return _page(request, entry, status=422, problems=problems(entry.form))
    if "test" in request.POST:
        return _test(request, entry)
    entry.keep(entry.tested())
    return redirect(_url("create_name", entry))


@editor
@hides_secrets
@require_http_methods(["GET", "POST"])
def name(request: HttpRequest, key: str) -> HttpResponse:
    entry = Entry(request, connector_to_manage(request, key), purpose=key)
    if not entry.complete:
        messages.error(request, EXPIRED)
        return redirect("integrations:create", key=key)
    form = NameForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _create(request, entry, form):
        entry.drop()
        messages.success(request, f"{form.cleaned_data['name']} is ready to use.")
        return redirect("integrations:authentications")
    context = {
        "entry": entry,
        "connector": entry.connector,
        "form": form,
        "facts": facts(entry.connector, entry.draft.values),
        "back": _url("create", entry),
        "problems": problems(form),
    }
    return render(request, "integrations/create_name.html", context, status=422 if form.errors else 200)


def _page(request: HttpRequest, entry: Entry, *, status: int = 200, **more: Any) -> HttpResponse:
    opening = firewall(entry.connector, entry.draft.values)
    context = {"entry": entry, "connector": entry.connector, "firewall": opening, **more}
    return render(request, "integrations/create.html", context, status=status)


def _test(request: HttpRequest, entry: Entry) -> HttpResponse:
    connector = entry.connector
    verdict = authentications.test_values(connector, entry.values(), http=testing.http_session())
    authentications.record_test(connector, verdict, request=request)
    entry.keep_tested(verdict)
    return _page(request, entry, verdict=verdict)


def _create(request: HttpRequest, entry: Entry, form: NameForm) -> bool:
    """Whether it was created; otherwise the form says why not."""
    wanted, draft = form.cleaned_data["name"], entry.draft
    tested = Tested(**draft.tested) if draft.tested else None
    try:
        authentications.create(
            connector=entry.connector, name=wanted, values=draft.values, tested=tested, request=request
        )
    except NameTaken:
        form.add_error("name", NAME_TAKEN)
        return False
    return True


def _url(page: str, entry: Entry) -> str:
    return f"{reverse(f'integrations:{page}', args=[entry.connector.key])}?{urlencode({'draft': entry.key})}"
