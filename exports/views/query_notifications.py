"""What is told of one query's jobs, and to whom."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from accounts import audit
from accounts.access import editor
from exports import owners
from exports.models import Query
from exports.notify import mail, rules
from exports.notify.forms import QueryRuleForm
from exports.notify.models import Rule


@editor
@require_http_methods(["GET", "POST"])
def query_notifications(request: HttpRequest, pk: int) -> HttpResponse:
    query = get_object_or_404(Query, pk=pk)
    if elsewhere := owners.page(query):
        return redirect(elsewhere)
    own = rules.own(pk)
    form = QueryRuleForm(request.POST or None, instance=own or _as_default(query))
    if form.is_valid():
        _save(query, form, request)
        messages.success(request, f"The notifications of “{query.name}” are saved.")
        return redirect("exports:query_notifications", pk)
    context = {"query": query, "form": form, "default": _told_by_default(), "mail_missing": mail.missing()}
    return render(request, "exports/notifications/query.html", context, status=422 if form.is_bound else 200)


def _as_default(query: Query) -> Rule:
    """What a choice of its own begins with."""
    default = rules.default()
    values = {f.name: getattr(default, f.name) for f in Rule._meta.concrete_fields if f.name not in ("id", "query")}
    return Rule(query=query, **values)


@transaction.atomic
def _save(query: Query, form: QueryRuleForm, request: HttpRequest) -> None:
    if form.cleaned_data["own"]:
        form.save()
        details: dict[str, Any] = {"own": True, "changed": [name for name in form.changed_data if name != "own"]}
    else:
        Rule.objects.filter(query=query).delete()
        details = {"own": False}
    audit.record("notifications.update", query, request=request, **details)


def _told_by_default() -> list[str]:
    """The default's channels, by name."""
    rule = rules.default()
    return list(rule.channels.values_list("name", flat=True)) if rule.pk else []
