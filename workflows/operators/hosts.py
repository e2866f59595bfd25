"""Which hosts http> may ask: those of the setting WORKFLOW_HTTP_HOSTS, and no others, private addresses included."""

from ipaddress import ip_address

from django.conf import settings

from workflows.operators.base import TaskFailed

SETTING = "WORKFLOW_HTTP_HOSTS"


def allow(host: str) -> None:
    """Raises TaskFailed if the host is not listed. `*.example.com` lists all names that end so, but no address."""
    asked = host.lower().strip("[]").rstrip(".")
    if any(_lists(entry.lower().strip("[]"), asked) for entry in settings.WORKFLOW_HTTP_HOSTS):
        return
    raise TaskFailed(
        f"http> may not ask the host {asked}.",
        f"Ask the admin of this server to add it to the setting {SETTING}, which lists the hosts that are allowed.",
    )


def _lists(entry: str, host: str) -> bool:
    if entry.startswith("*."):
        return host.endswith(entry[1:]) and not _is_address(host)
    return entry == host


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
