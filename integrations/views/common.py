"""What the pages of the Integrations Hub share."""

from collections.abc import ItemsView, Mapping
from functools import wraps
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings as site
from django.core.exceptions import PermissionDenied
from django.forms import BaseForm
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.debug import SafeExceptionReporterFilter
from django.views.decorators.debug import sensitive_post_parameters

from accounts.access import View
from accounts.models import Role
from integrations import catalog
from integrations.authentications import asked_settings, base_url, manager
from integrations.catalog import AnyConnector
from integrations.models import Authentication
from integrations.spec import Connector, Setting, Source


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


def destination_or_404(key: str) -> Connector:
    try:
        return catalog.connector(key)
    except KeyError:
        raise Http404("No such connector.") from None


def connector_to_manage(request: HttpRequest, key: str) -> AnyConnector:
    """The connector, if this person may make authentications for it; otherwise 404 or 403."""
    try:
        connector = catalog.any_connector(key)
    except KeyError:
        raise Http404("No such connector.") from None
    refuse_others(request, connector)
    return connector


def authentication_to_manage(request: HttpRequest, pk: int) -> Authentication:
    """The saved authentication, if this person may change it; otherwise 404 or 403."""
    one = get_object_or_404(Authentication.objects.saved().select_related("created_by"), pk=pk)
    refuse_others(request, one.connector)
    return one


def any_authentication_to_manage(request: HttpRequest, pk: int) -> Authentication:
    """Also one that was given with a result."""
    one = get_object_or_404(Authentication.objects.select_related("created_by", "base"), pk=pk)
    refuse_others(request, one.connector)
    return one


def refuse_others(request: HttpRequest, connector: AnyConnector) -> None:
    if not may_manage(request, connector):
        raise PermissionDenied(f"This needs the role {manager(connector).label.lower()}.")


def may_manage(request: HttpRequest, connector: AnyConnector) -> bool:
    return bool(request.user.may(manager(connector)))  # type: ignore[union-attr]


def may_edit(request: HttpRequest) -> bool:
    return bool(request.user.may(Role.EDITOR))  # type: ignore[union-attr]


def firewall(connector: AnyConnector, values: Mapping[str, Any]) -> dict[str, Any]:
    """Where this server must be able to connect to ("" while that is not known), and the addresses it comes from."""
    host, port = connector.server(values) if isinstance(connector, Source) else _server(connector)
    return {"host": host, "port": port, "addresses": site.EGRESS_IPS}


def _server(connector: Connector) -> tuple[str | None, int]:
    parts = urlsplit(base_url(connector))
    return parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)


def facts(connector: AnyConnector, values: Mapping[str, Any]) -> list[tuple[Setting, str]]:
    """Settings with their values as shown: a secret is only "Set" or "Not set", whatever `values` hold of it."""
    return [(s, _fact(s, values.get(s.name, s.default))) for s in asked_settings(connector)]


def _fact(setting: Setting, value: Any) -> str:
    if setting.kind == "secret":
        return "Set" if value else "Not set"
    if isinstance(value, bool):
        return "On" if value else "Off"
    if setting.kind == "choice":
        return dict(setting.choices).get(value, str(value))
    return f"{value:,}" if isinstance(value, int) else str(value or "Not set")


def problems(*forms: BaseForm) -> list[dict[str, str]]:
    """Every error of the forms with the field to go to, for the summary. A message may begin with its label itself."""
    bound = [field for form in forms for field in form]
    return [{"to": b.id_for_label, "text": _with_label(str(b.label), str(text))} for b in bound for text in b.errors]


def _with_label(label: str, text: str) -> str:
    return text if text.startswith(label) else f"{label}: {text}"
