"""Which rule a query follows, and whom it names."""

from dataclasses import dataclass

from exports.notify.models import Channel, Rule

MOST_ADDRESSES = 20


@dataclass(frozen=True)
class Recipient:
    """`address` empty: the service behind the channel; `channel` None: an address of the query's own."""

    channel: Channel | None
    address: str = ""


def default() -> Rule:
    """What queries without a rule of their own follow; not saved as long as no admin has."""
    return Rule.objects.filter(query=None).first() or Rule()


def own(query_id: int) -> Rule | None:
    return Rule.objects.filter(query=query_id).first()


def of(query_id: int) -> Rule:
    """The rule of this query: its own, or the default."""
    return own(query_id) or default()


def recipients(rule: Rule) -> list[Recipient]:
    """Each service once, and each e-mail address once, however many channels name it."""
    channels = list(rule.channels.all()) if rule.pk else []
    services = [Recipient(channel) for channel in channels if not channel.is_email]
    named = [Recipient(channel, address) for channel in channels if channel.is_email for address in channel.addresses]
    named += [Recipient(None, address) for address in rule.addresses]
    return [*services, *{one.address.lower(): one for one in reversed(named)}.values()]
