"""What a rule holds for now, as parts of a page: its count with the sentence and the SQL, and a sample."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from audiences import compiled, counting
from audiences.counting import NotBuilt
from audiences.models import ParentSegment
from audiences.rules import words
from audiences.rules.model import Rule
from audiences.rules.schema import Schema
from audiences.views.asking import me
from warehouse.engines.base import Cancelled, EngineError


def count(
    request: HttpRequest, parent: ParentSegment, rule: Rule, schema: Schema, names: Mapping[int, str]
) -> HttpResponse:
    """A count that does not come is no reason not to save: the panel says why, and the rest stands there too."""
    written = rule.to_json()
    context: dict[str, Any] = {"parent": parent, "sentence": words.sentence(rule, schema, names)}
    context["sql"] = compiled.count_sql(parent, written)
    try:
        found = counting.count(parent, written, user=me(request))
        context |= {"found": found, "sealed": counting.seal(parent, written, found)}
    except NotBuilt:
        context["not_built"] = True
    except Cancelled:
        return HttpResponse(status=204)  # a newer one is on its way
    except EngineError as error:
        context["error"] = error
    return render(request, "audiences/segments/_panel.html", context)


def sample(request: HttpRequest, parent: ParentSegment, rule: dict[str, Any] | None) -> HttpResponse:
    """rule: None if what was posted is none."""
    context: dict[str, Any] = {"parent": parent, "unfinished": rule is None}
    try:
        context["sample"] = rule is not None and counting.sample(parent, rule, user=me(request))
    except NotBuilt:
        context["not_built"] = True
    except Cancelled:
        return HttpResponse(status=204)
    except EngineError as error:
        context["error"] = error
    return render(request, "audiences/segments/_sample.html", context)
