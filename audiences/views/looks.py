"""What a rule holds for now, as parts of a page: its count with the sentence and the SQL, and a sample."""

import re
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from audiences import counting
from audiences.compiled import Rules
from audiences.counting import Asked, Count, NotBuilt
from audiences.models import ParentSegment
from audiences.rules import compiling, words
from audiences.rules.model import Rule
from audiences.rules.problems import RuleError
from exports.views.queries import me
from warehouse.engines.base import Cancelled, EngineError


def count(
    request: HttpRequest,
    parent: ParentSegment,
    rules: Rules,
    rule: Rule,
    template: str = "audiences/segments/_panel.html",
    then: Callable[[Count], None] = lambda found: None,
) -> HttpResponse:
    """A count that does not come is no reason not to save: the panel says why, and the rest stands there too."""
    context: dict[str, Any] = {"parent": parent, "sentence": words.sentence(rule, rules.schema, rules.names)}

    def find() -> None:
        context["sql"] = rules.sql(compiling.count(rule, rules.schema, rules.other))
        context["found"] = counting.count(parent, context["sql"], user=me(request), asked=_asked(request))
        context["sealed"] = counting.seal(parent, rule.to_json(), context["found"])
        then(context["found"])

    return _shown(request, template, context, find)


def sample(request: HttpRequest, parent: ParentSegment, rules: Rules, rule: Rule | None) -> HttpResponse:
    """rule: None if what was posted is none."""
    context: dict[str, Any] = {"parent": parent, "unfinished": rule is None}

    def find() -> None:
        if rule:
            most = min(counting.SAMPLE_ROWS, rule.limit or counting.SAMPLE_ROWS)
            sql = rules.sql(compiling.select(rule, rules.schema, rules.other).limit(most))
            context["sample"] = counting.sample(parent, sql, user=me(request), asked=_asked(request))

    return _shown(request, "audiences/segments/_sample.html", context, find)


def _shown(request: HttpRequest, template: str, context: dict[str, Any], find: Callable[[], None]) -> HttpResponse:
    """What `find` puts into the context, or why it could not."""
    try:
        find()
    except NotBuilt:
        context["not_built"] = True
    except Cancelled:
        context["given_up"] = True
    except (EngineError, RuleError) as error:
        context["error"] = str(error)
    return render(request, template, context)


def _asked(request: HttpRequest) -> Asked:
    """As `rules.js` says: "page:number"."""
    page, _, number = request.POST.get("asked", "").partition(":")
    return Asked(page[:40], int(number)) if re.fullmatch(r"[0-9]{1,9}", number) else Asked()
