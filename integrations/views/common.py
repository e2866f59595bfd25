"""What the pages of the Integrations Hub share."""

from collections.abc import ItemsView, Mapping
from functools import wraps
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings as site
from django.forms import BaseForm
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.views.debug import SafeExceptionReporterFilter
from django.views.decorators.debug import sensitive_post_parameters

from accounts.access import View
from accounts.models import Role
from integrations import catalog
from integrations.authentications import asked_settings, base_url
from integrations.spec import Connector, Setting


class HideEverything(SafeExceptionReporterFilter):
    """Error reports without posted values and local variables, with and without DEBUG."""

    def is_active(self, request: HttpRequest | None) -> bool:
        return True

    def get_traceback_frame_variables(self, request: HttpRequest, tb_frame: FrameType) -> ItemsView[str, Any]:
        return dict.fromkeys(tb_frame.f_locals, self.cleansed_substitute).items()


def hides_secrets(view: View) -> View:
    """For a view that handles secrets: if it fails, its error report shows no value, whatever function held it."""

    @wraps(view)
    def hidden(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        request.exception_reporter_filter = HideEverything()
        return view(request, *args, **kwargs)

    return sensitive_post_parameters()(hidden)


def connector_or_404(key: str) -> Connector:
    try:
        return catalog.connector(key)
    except KeyError:
        raise Http404("No such connector.") from None


def may_edit(request: HttpRequest) -> bool:
    return bool(request.user.may(Role.EDITOR))  # type: ignore[union-attr]


def firewall(connector: Connector) -> dict[str, Any]:
    """Where this server must be able to connect to, and the addresses it comes from."""
    parts = urlsplit(base_url(connector))
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return {"host": parts.hostname, "port": port, "addresses": site.EGRESS_IPS}


def facts(connector: Connector, values: Mapping[str, Any]) -> list[tuple[Setting, str]]:
    """Settings with their values as shown: a secret is only "Set" or "Not set", whatever `values` hold of it."""
    return [(s, _fact(s, values.get(s.name, s.default))) for s in asked_settings(connector)]


def _fact(setting: Setting, value: Any) -> str:
    if setting.kind == "secret":
        return "Set" if value else "Not set"
    return f"{value:,}" if isinstance(value, int) else str(value or "Not set")


def problems(*forms: BaseForm) -> list[dict[str, str]]:
    """Every error of the forms with the field to go to, for the summary. A message may begin with its label itself."""
    bound = [field for form in forms for field in form]
    return [{"to": b.id_for_label, "text": _with_label(str(b.label), str(text))} for b in bound for text in b.errors]


def _with_label(label: str, text: str) -> str:
    return text if text.startswith(label) else f"{label}: {text}"
