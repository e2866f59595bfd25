"""Other services than e-mail, by apprise: which of its URLs are taken, and sending to them.

What is allowed: services spoken to over HTTP or HTTPS, each named below. All else that apprise knows is refused: what
acts on this server itself (desktop notes, syslog, USB lamps, programs), e-mail past EMAIL_URL, other protocols, and
templates, which are files of this server. A webhook may name any host that this server reaches, private ones too, and
so only admins set these URLs. Redirects are not followed, and nothing that a service answers is shown but its number.

apprise logs parts of URLs: its logger writes nowhere (see LOGGING), and of what it says of a failure only the number of
the HTTP answer is taken. It is imported when it is needed: that takes a while.
"""

import re
from typing import TYPE_CHECKING

from exports.notify.problems import NotSent

if TYPE_CHECKING:
    from apprise import NotifyBase

SERVICES = {
    "slack": "Slack",
    "workflow": "Microsoft Teams",
    "workflows": "Microsoft Teams",
    "gchat": "Google Chat",
    "discord": "Discord",
    "mmost": "Mattermost",
    "mmosts": "Mattermost",
    "rocket": "Rocket.Chat",
    "rockets": "Rocket.Chat",
    "webex": "Webex",
    "wxteams": "Webex",
    "zulip": "Zulip",
    "zoom": "Zoom",
    "tgram": "Telegram",
    "line": "LINE",
    "lark": "Lark",
    "feishu": "Feishu",
    "dingtalk": "DingTalk",
    "wecombot": "WeCom",
    "ntfy": "ntfy",
    "ntfys": "ntfy",
    "gotify": "Gotify",
    "gotifys": "Gotify",
    "pover": "Pushover",
    "pagerduty": "PagerDuty",
    "opsgenie": "Opsgenie",
    "jira": "Jira Service Management",
    "ilert": "ilert",
    "incidentio": "incident.io",
    "betterstack": "Better Stack",
    "splunk": "Splunk On-Call",
    "victorops": "Splunk On-Call",
    "squadcast": "Squadcast",
    "json": "Webhook (JSON)",
    "jsons": "Webhook (JSON)",
    "xml": "Webhook (XML)",
    "xmls": "Webhook (XML)",
    "form": "Webhook (form)",
    "forms": "Webhook (form)",
}
CONNECT_SECONDS, READ_SECONDS = 5.0, 10.0
NUMBER = re.compile(r"error[=:]\s?([1-5]\d\d)\b")


class UrlRefused(Exception):
    """The URL is not one that may be used; the text says why, without it."""


def names() -> list[str]:
    """The services, as people know them."""
    return sorted(set(SERVICES.values()), key=str.lower)


def service_of(url: str) -> str:
    """The name of the service that this URL leads to. Raises UrlRefused."""
    schema = _schema(_opened(url))
    return SERVICES[schema]


def send(url: str, subject: str, body: str) -> None:
    """Send to the service. Raises NotSent."""
    try:
        target = _opened(url)
    except UrlRefused as error:
        raise NotSent(str(error)) from None
    from apprise import Apprise, AppriseAsset, NotifyFormat

    sender = Apprise(asset=AppriseAsset(async_mode=False))
    sender.add(target)
    with sender.notify(body=body, title=subject, body_format=NotifyFormat.TEXT) as result:
        heard = [found[1] for entry in result.logs() if (found := NUMBER.search(entry.message))]
    if not result:
        raise NotSent(_answer(int(heard[-1]) if heard else None))


def _opened(url: str) -> "NotifyBase":
    schema = _written_schema(url)
    if schema not in (*SERVICES, "http", "https"):
        raise UrlRefused(_not_allowed(schema))
    target = _parsed(url)
    if target is None:
        raise UrlRefused(
            "This URL cannot be read. Write it as apprise does for this service, such as "
            "slack://TOKEN_A/TOKEN_B/TOKEN_C or jsons://HOST/PATH, or paste a webhook address of Slack, Teams, Discord "
            "or Google Chat."
        )
    if _schema(target) not in SERVICES:
        raise UrlRefused(_not_allowed(_schema(target)))
    if getattr(target, "template", None):
        raise UrlRefused("Templates are not taken: they are files of this server. Remove “template” from the URL.")
    target.redirects = False
    target.socket_connect_timeout, target.socket_read_timeout = CONNECT_SECONDS, READ_SECONDS
    return target


def _parsed(url: str) -> "NotifyBase | None":
    from apprise import Apprise, AppriseAsset

    # Without apprise's own time-out: its pool of threads is dead in a forked process.
    asset = AppriseAsset(async_mode=False, http_redirects=False, service_timeout=0)
    try:
        return Apprise.instantiate(url, asset=asset)
    except Exception:  # its parsers raise whatever they stumble over, with parts of the URL in it
        return None


def _written_schema(url: str) -> str:
    schema, colon, _ = url.strip().partition("://")
    if not colon:
        raise UrlRefused("A URL begins with the name of its service and ://, such as slack:// or jsons://.")
    return schema.lower()


def _schema(target: "NotifyBase") -> str:
    """One of the names by which apprise knows this kind of service."""
    found: list[str | tuple[str, ...] | None] = [target.secure_protocol, target.protocol]
    known = [name for some in found if some for name in ((some,) if isinstance(some, str) else some)]
    return next((name for name in known if name in SERVICES), known[0] if known else "")


def _not_allowed(schema: str) -> str:
    which = f"{schema}:// is not allowed" if re.fullmatch(r"[a-z0-9]{1,20}", schema) else "This service is not allowed"
    return f"{which}. Allowed are {', '.join(names())}."


def _answer(number: int | None) -> str:
    if number is None:
        return "The service could not be reached, or did not take the message."
    if number in (401, 403, 404, 410):
        return f"The service answered {number}: its URL is wrong or not valid any more. Enter a new one."
    if number == 429:
        return "The service answered 429: it gets too many messages."
    return f"The service answered {number}."
