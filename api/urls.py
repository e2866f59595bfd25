"""The routes of everything that is declared as an endpoint."""

import re
from collections import defaultdict

from django.urls import path, re_path

from api import pages, serving, views  # noqa: F401 - views declares the endpoints
from api.declared import ENDPOINTS, Endpoint

app_name = "api"


def _routes() -> dict[str, dict[str, Endpoint]]:
    """Path → method → endpoint; paths with more fixed parts first, or a name would take their place."""
    found: dict[str, dict[str, Endpoint]] = defaultdict(dict)
    for endpoint in ENDPOINTS:
        found[re.sub(r"\{[a-z_]+\}", "{}", endpoint.path)][endpoint.method] = endpoint
    return dict(sorted(found.items(), key=lambda item: [part == "{}" for part in item[0].split("/")]))


def _django(endpoint: Endpoint) -> str:
    path = endpoint.path.removeprefix("/")
    if endpoint.slashes:
        path = path.replace("{name}", "<path:name>")
    return re.sub(r"\{([a-z_]+)\}", r"<str:\1>", path)


urlpatterns = [
    path(_django(next(iter(by_method.values()))), serving.view_of(by_method)) for by_method in _routes().values()
]
urlpatterns.append(path("api/docs", pages.docs, name="docs"))
urlpatterns.append(re_path(r"^(?:v3|v4|api|audiences|entities)(?:/[\s\S]*)?$", serving.unknown))
