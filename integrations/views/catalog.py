"""The catalog: where query results can go, and what each destination takes."""

from typing import Any

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.access import viewer
from integrations.catalog import CONNECTORS
from integrations.models import Authentication
from integrations.spec import Connector
from integrations.views.common import connector_or_404, may_edit


@viewer
@require_GET
def catalog(request: HttpRequest) -> HttpResponse:
    q = request.GET.get("q", "").strip()
    in_use = dict(Authentication.objects.order_by().values_list("connector_key").annotate(Count("pk")))
    found = [_card(c, in_use.get(c.key, 0)) for c in CONNECTORS.values() if _matches(c, q)]
    context = {"q": q, "found": found, "all": list(CONNECTORS.values()), "authentications": sum(in_use.values())}
    return render(request, "integrations/catalog.html", {**context, "may_edit": may_edit(request)})


@viewer
@require_GET
def field_guide(request: HttpRequest, key: str) -> HttpResponse:
    connector = connector_or_404(key)
    context = {
        "connector": connector,
        "groups": [(name, note, _fields(connector, name)) for name, note in connector.groups.items()],
        "required": len([f for f in connector.fields if f.required]),
        "may_edit": may_edit(request),
    }
    return render(request, "integrations/field_guide.html", context)


def _matches(connector: Connector, q: str) -> bool:
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


def _fields(connector: Connector, group: str) -> list[Any]:
    return [f for f in connector.fields if f.group == group]
