"""What admins do with channels. Each change is audited here, and no secret gets there."""

from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import User
from exports.exporter.masking import mask_email
from exports.notify import mail, outbox, services, wording
from exports.notify.models import Channel, Kind
from exports.notify.problems import NotSent
from exports.notify.waiting import in_time
from exports.notify.wording import Text


@transaction.atomic
def create(kind: str, *, name: str, request: HttpRequest, user: User, **values: Any) -> Channel:
    """`values`: `addresses` for e-mail, `url` for another service; checked by the form."""
    channel = Channel(kind=kind, name=name, created_by=user)
    _fill(channel, **values)
    channel.save()
    audit.record("channel.create", channel, request=request, kind=channel.what)
    return channel


@transaction.atomic
def update(channel: Channel, *, name: str, request: HttpRequest, **values: Any) -> list[str]:
    """Save what changed. → its names. A URL that is empty stays as it is; a test does not outlive another target."""
    changed = ["name"] if channel.name != name else []
    if values.get("url") or values.get("addresses", channel.addresses) != channel.addresses:
        changed.append("url" if values.get("url") else "addresses")
        _fill(channel, **values)
        channel.tested_at, channel.test_ok, channel.test_says = None, None, ""
    channel.name = name
    if changed:
        channel.save()
        audit.record("channel.update", channel, request=request, changed=changed)
    return changed


def _fill(channel: Channel, *, url: str = "", addresses: list[str] | None = None) -> None:
    if channel.kind == Kind.EMAIL:
        channel.addresses = addresses or []
    else:
        channel.service = services.service_of(url)
        channel.set_url(url)


@transaction.atomic
def delete(channel: Channel, *, request: HttpRequest) -> None:
    """What waits to be sent through it is dropped, and who had chosen it gets nothing through it any more."""
    audit.record("channel.delete", channel, request=request, kind=channel.what)
    channel.delete()


def test(channel: Channel, *, request: HttpRequest, user: User) -> bool:
    """Send a test at once, keep what came of it on the channel. → whether it was sent."""
    text = wording.of_test(channel.name, user.display_name)
    try:
        in_time(lambda: _send(channel, text), outbox.SECONDS)
    except Exception as error:
        channel.test_ok, says = False, outbox.in_words(error)
    else:
        channel.test_ok, says = True, _all_sent(channel)
    channel.tested_at, channel.test_says = timezone.now(), says[:300]
    tested = {name: getattr(channel, name) for name in ("tested_at", "test_ok", "test_says")}
    Channel.objects.filter(pk=channel.pk).update(**tested)
    audit.record("channel.test", channel, request=request, ok=channel.test_ok)
    return bool(channel.test_ok)


def _send(channel: Channel, text: Text) -> None:
    if not channel.is_email:
        services.send(channel.open_url(), text.subject, text.body)
    for address in channel.addresses:
        try:
            mail.send(address, text.subject, text.body)
        except NotSent as error:
            raise NotSent(f"{mask_email(address)}: {error}" if len(channel.addresses) > 1 else str(error)) from None


def _all_sent(channel: Channel) -> str:
    count = len(channel.addresses)
    to = f" to {count} addresses" if count > 1 else ""
    return f"Sent{to}. The mail server took it." if channel.is_email else f"Sent. {channel.what} took it."
