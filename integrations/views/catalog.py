"""The catalog: where query results can go and what each destination takes, and what queries can read from."""

from typing import Any

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.access import viewer
from accounts.models import Role
from integrations.catalog import CONNECTORS, SOURCES, AnyConnector
from integrations.models import Authentication
from integrations.spec import Connector, Source
from integrations.views.common import destination_or_404, may_edit
from warehouse.engines.sourceengine import INSTALL


@viewer
@require_GET
def catalog(request: HttpRequest) -> HttpResponse:
    q = request.GET.get("q", "").strip()
    in_use = dict(Authentication.objects.saved().order_by().values_list("connector_key").annotate(Count("pk")))
    context = {
        "q": q,
        "destinations": [_card(c, in_use.get(c.key, 0)) for c in CONNECTORS.values() if _matches(c, q)],
        "sources": [_source_card(s, in_use.get(s.key, 0)) for s in SOURCES.values() if _matches(s, q)],
        "all": [*CONNECTORS.values(), *SOURCES.values()],
        "authentications": sum(in_use.values()),
        "may_edit": may_edit(request),
        "may_make_sources": bool(request.user.may(Role.ADMIN)),  # type: ignore[union-attr]
    }
    return render(request, "integrations/catalog.html", context)


@viewer
@require_GET
def field_guide(request: HttpRequest, key: str) -> HttpResponse:
    connector = destination_or_404(key)
    context = {
        "connector": connector,
        "groups": [(name, note, _fields(connector, name)) for name, note in connector.groups.items()],
        "required": len([f for f in connector.fields if f.required]),
        "may_edit": may_edit(request),
    }
    return render(request, "integrations/field_guide.html", context)


def _matches(connector: AnyConnector, q: str) -> bool:
    """Whether each word of `q` stands somewhere in what the card shows."""
    text = " ".join((connector.name, connector.key, connector.category, connector.description)).casefold()
    return all(word in text for word in q.casefold().split())


def _card(connector: Connector, in_use: int) -> dict[str, Any]:
    return {
        "connector": connector,
        "required": len([f for f in connector.fields if f.required]),
        "hashed": [f.name for f in connector.fields if f.hashed],
        "batch": next((s for s in connector.settings if s.name == "max_records"), None),
        "in_use": in_use,
    }


def _source_card(source: Source, in_use: int) -> dict[str, Any]:
    return {"connector": source, "in_use": in_use, "install": "" if source.engine.installed() else INSTALL}


def _fields(connector: Connector, group: str) -> list[Any]:
    return [f for f in connector.fields if f.group == group]
