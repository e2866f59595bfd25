"""Control Panel > Notifications: channels, the default for all queries, and what was sent."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import audit
from accounts.access import admin
from accounts.models import User
from exports.notify import channels, mail, rules, services
from exports.notify.forms import ChannelForm, RuleForm
from exports.notify.models import Channel, Delivery, Kind
from integrations.views.common import hides_secrets

SHOWN = 50


@admin
@require_GET
def notifications(request: HttpRequest) -> HttpResponse:
    return page(request, RuleForm(instance=rules.default()))


@admin
@require_POST
def defaults(request: HttpRequest) -> HttpResponse:
    form = RuleForm(request.POST, instance=rules.default())
    if not form.is_valid():
        return page(request, form, status=422)
    form.save()
    audit.record("notifications.update", request=request, name="Default notifications", changed=form.changed_data)
    messages.success(request, "The default is saved.")
    return redirect("exports:notifications")


@admin
@hides_secrets
@require_http_methods(["GET", "POST"])
def new_channel(request: HttpRequest, kind: str) -> HttpResponse:
    if kind not in Kind.values:
        raise Http404("No such kind of channel.")
    if kind == Kind.EMAIL and mail.missing():
        messages.error(request, mail.missing())
        return redirect("exports:notifications")
    form = ChannelForm(request.POST or None, kind=kind)
    if form.is_valid():
        channel = channels.create(kind, request=request, user=_me(request), **form.cleaned_data)
        messages.success(request, f"{channel.name} is saved. Send a test, then choose it below or in a query.")
        return redirect("exports:notifications")
    return _channel_page(request, form, kind)


@admin
@hides_secrets
@require_http_methods(["GET", "POST"])
def channel(request: HttpRequest, pk: int) -> HttpResponse:
    one = get_object_or_404(Channel, pk=pk)
    form = ChannelForm(request.POST or None, kind=one.kind, channel=one)
    if form.is_valid():
        channels.update(one, request=request, **form.cleaned_data)
        messages.success(request, f"{one.name} is saved.")
        return redirect("exports:notifications")
    return _channel_page(request, form, one.kind, one)


@admin
@hides_secrets
@require_POST
def test_channel(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a test; answers with the row of the list for htmx, else leads to the list."""
    one = get_object_or_404(Channel, pk=pk)
    sent = channels.test(one, request=request, user=_me(request))
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "exports/notifications/_channel.html", {"channel": one})
    messages.add_message(request, messages.SUCCESS if sent else messages.ERROR, f"{one.name}: {one.test_says}")
    return redirect("exports:notifications")


@admin
@require_POST
def delete_channel(request: HttpRequest, pk: int) -> HttpResponse:
    one = get_object_or_404(Channel, pk=pk)
    name = one.name
    channels.delete(one, request=request)
    messages.success(request, f"{name} is deleted.")
    return redirect("exports:notifications")


def page(request: HttpRequest, form: RuleForm, *, status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "channels": Channel.objects.all(),
        "deliveries": Delivery.objects.select_related("message", "channel")[:SHOWN],
        "mail_missing": mail.missing(),
        "site_url": settings.SITE_URL,
    }
    return render(request, "exports/notifications/page.html", context, status=status)


def _channel_page(request: HttpRequest, form: ChannelForm, kind: str, one: Channel | None = None) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "kind": Kind(kind), "channel": one, "services": services.names()}
    if one:
        context["queries"] = [rule.query for rule in one.rules.exclude(query=None).select_related("query")]
    return render(request, "exports/notifications/channel.html", context, status=422 if form.is_bound else 200)


def _me(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
