"""Authentications: the list, one of them, its test, and its end."""

import uuid

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import editor, viewer
from integrations import authentications as saved
from integrations import inline, testing
from integrations.authentications import InUse
from integrations.forms import NameForm
from integrations.models import Authentication
from integrations.sources import sendable
from integrations.usage import count_uses, uses_of
from integrations.views.common import (
    any_authentication_to_manage,
    authentication_to_manage,
    facts,
    hides_secrets,
    may_edit,
    may_manage,
    problems,
)

PAGE = 50


@viewer
@require_GET
def authentications(request: HttpRequest) -> HttpResponse:
    page = Paginator(_with_people().filter(inline=False), PAGE).get_page(request.GET.get("page"))
    uses = count_uses(a.pk for a in page)
    rows = [(a, uses[a.pk], may_manage(request, a.connector)) for a in page]
    context = {"page": page, "rows": rows, "may_edit": may_edit(request)}
    return render(request, "integrations/authentications.html", context)


@viewer
@require_GET
def authentication(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, get_object_or_404(_with_people(), pk=pk), NameForm())


@editor
@require_POST
def keep(request: HttpRequest, pk: int) -> HttpResponse:
    """*Keep as an authentication*: what was given with a result gets a name, and can be chosen."""
    one = any_authentication_to_manage(request, pk)
    form = NameForm(request.POST)
    if one.inline and not (form.is_valid() and inline.kept_as(one, form, request=request)):
        return _page(request, one, form, status=422)
    messages.success(request, f"{one.name} is an authentication now.")
    return redirect("integrations:authentication", pk=pk)


def _page(request: HttpRequest, one: Authentication, form: NameForm, *, status: int = 200) -> HttpResponse:
    has_secrets = {s.name: bool(one.encrypted or one.base) for s in saved.secret_settings(one.connector)}
    context = {
        "authentication": one,
        "connector": one.connector,
        "facts": facts(one.connector, {**one.public_settings(), **has_secrets}),
        "uses": uses_of(one),
        "may_manage": may_manage(request, one.connector),
        "form": form,
        "problems": problems(form),
    }
    return render(request, "integrations/authentication.html", context, status=status)


@editor
@hides_secrets
@require_POST
def test(request: HttpRequest, pk: int) -> HttpResponse:
    """Test what is saved; answers with the row of the list for htmx, else leads to the authentication's page."""
    one = any_authentication_to_manage(request, pk)
    verdict = saved.test(one, http=testing.http_session(), request=request)
    if request.htmx:  # type: ignore[attr-defined]
        context = {"authentication": one, "uses": count_uses([pk])[pk], "may_edit": True, "may_manage": True}
        return render(request, "integrations/_row.html", context)
    messages.add_message(request, messages.SUCCESS if verdict.ok else messages.ERROR, f"{one.name}: {verdict.says}")
    return redirect("integrations:authentication", pk=pk)


@editor
@hides_secrets
@require_POST
def test_event(request: HttpRequest, pk: int) -> HttpResponse:
    one = get_object_or_404(sendable(), pk=pk)
    key = f"test-{uuid.uuid4().hex}"
    verdict = saved.send_test_event(one, key=key, http=testing.http_session(), request=request)
    level = messages.SUCCESS if verdict.ok else messages.ERROR
    messages.add_message(request, level, f"{verdict.says} Its deduplication_key: {key}")
    return redirect("integrations:authentication", pk=pk)


@editor
@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    one = authentication_to_manage(request, pk)
    uses, status = uses_of(one), 200
    if request.method == "POST":
        try:
            saved.delete(one, request=request)
        except InUse as error:
            uses, status = error.uses, 409
        else:
            messages.success(request, f"{one.name} is deleted.")
            return redirect("integrations:authentications")
    return render(request, "integrations/delete.html", {"authentication": one, "uses": uses}, status=status)


def _with_people() -> QuerySet[Authentication]:
    return Authentication.objects.select_related("created_by", "base")
