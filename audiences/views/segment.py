"""A segment: its rule in words and in SQL, how many customers it holds for, some of them, and what uses it."""

from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from accounts.access import viewer
from audiences import counting, folders, profiles
from audiences import segments as kept
from audiences.compiled import Rules
from audiences.counting import Count
from audiences.models import Segment
from audiences.rules import compiling, words
from audiences.rules.model import Rule
from audiences.rules.problems import RuleError
from audiences.segments import Counted
from audiences.views import looks
from audiences.views.segments import a_segment


@viewer
@require_GET
def segment(request: HttpRequest, pk: int) -> HttpResponse:
    found = a_segment(pk)
    parent, rules = found.parent_segment, Rules(found.parent_segment)
    context = {
        "segment": found,
        "parent": parent,
        "path": folders.path(found.folder),
        "customers": counting.customers(parent),
        "users": kept.users(found),
        "outdated": profiles.outdated(found, profiles.last_build(parent)),
    }
    try:
        rule = rules.rule(found)
        context["sentence"] = words.sentence(rule, rules.schema, rules.names)
        context["sql"] = rules.sql(compiling.count(rule, rules.schema, rules.other))
    except RuleError as error:
        context["problems"] = [sentence for _, sentence in error.problems]
    return render(request, "audiences/segments/segment.html", context)


@viewer
@require_POST
def count(request: HttpRequest, pk: int) -> HttpResponse:
    """Count it anew, and keep that."""
    found = a_segment(pk)
    rules, template = Rules(found.parent_segment), "audiences/segments/_count.html"

    def keep(count: Count) -> None:
        kept.count(found, Counted(count.count, datetime.now(UTC)))

    try:
        return looks.count(request, found.parent_segment, rules, rules.rule(found), template, keep)
    except RuleError as error:
        return render(request, template, {"parent": found.parent_segment, "error": str(error)})


@viewer
@require_POST
def sample(request: HttpRequest, pk: int) -> HttpResponse:
    """Some of its customers, masked."""
    found = a_segment(pk)
    rules = Rules(found.parent_segment)
    return looks.sample(request, found.parent_segment, rules, _rule(rules, found))


def _rule(rules: Rules, found: Segment) -> Rule | None:
    try:
        return rules.rule(found)
    except RuleError:
        return None
