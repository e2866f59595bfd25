"""Which rule a query follows, and whom it names."""

from collections.abc import Sequence
from dataclasses import dataclass

from exports.models import Query
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


def keep(query: Query, *, addresses: Sequence[str], on_success: bool, on_failure: bool, by_hand: bool = True) -> Rule:
    """Give the query a rule of its own: e-mail to these addresses. `own` reads it back. If it has one, the
    channels stay.

    `on_failure`: also of recovery, many rejects, and a schedule that is disabled; `by_hand`: also of jobs that people
    start. Raises ValueError for more than MOST_ADDRESSES.
    """
    if len(addresses) > MOST_ADDRESSES:
        raise ValueError(f"{len(addresses)} addresses; up to {MOST_ADDRESSES} are allowed.")
    of_failure = dict.fromkeys(("on_failure", "on_recovery", "on_rejects", "on_disabled"), on_failure)
    values = {"addresses": list(addresses), "on_success": on_success, "by_hand": by_hand, **of_failure}
    return Rule.objects.update_or_create(query=query, defaults=values)[0]


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
