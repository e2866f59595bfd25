"""What uses an authentication, found through the relations that point to it: the apps above need not be known here.

A row that protects its authentication from deletion uses it. So does a row whose model tells `active()` rows apart
(jobs), while it is one of them. A row that is one-to-one with another (a query's export target) is a part of that
one, and the whole is named. A thing has a page if its app names one `app:model` with the primary key as argument. What
uses an inline authentication uses its base.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import PROTECT, RESTRICT, Count, Field, Model, QuerySet
from django.urls import NoReverseMatch, reverse

from integrations.models import Authentication


@dataclass(frozen=True)
class Use:
    """One user of an authentication: "query" "daily_purchases", and the address of its page, or ""."""

    kind: str
    name: str
    url: str


def uses_of(authentication: Authentication) -> list[Use]:
    """Everything that uses it now."""
    found: list[Use] = []
    for rows, column, whole in _relations():
        mine = rows.filter(**{f"{column}__in": _stands_for([authentication.pk])})
        found += [_use(row, whole) for row in (mine.select_related(whole.name) if whole else mine)]
    return found


def count_uses(keys: Iterable[int]) -> dict[int, list[str]]:
    """For each primary key the uses in words, like ["4 queries", "1 active job"]. One database query a relation, and
    one more."""
    stands_for, words = _stands_for(keys), defaultdict[int, list[str]](list)
    for rows, column, whole in _relations():
        counted = rows.filter(**{f"{column}__in": stands_for}).order_by().values_list(column).annotate(Count("pk"))
        numbers = Counter[int]()
        for pk, number in counted:
            numbers[stands_for[pk]] += number
        for pk, number in numbers.items():
            words[pk].append(_count(rows, whole, number))
    return words


def _stands_for(keys: Iterable[int]) -> dict[int, int]:
    """Each of the keys, and those of the inline authentications that complete one: whose use they are."""
    own = {pk: pk for pk in keys}
    inline = Authentication.objects.filter(base__in=own).values_list("pk", "base")
    return own | {pk: base for pk, base in inline if base}


def _relations() -> list[tuple[QuerySet[Any], str, "Field[Any, Any] | None"]]:
    """(rows that count as use, the column with the authentication, the field that leads to the whole) of each."""
    relations = []
    for relation in Authentication._meta.related_objects:
        model: Any = relation.related_model
        if model is Authentication:
            continue  # see `_stands_for`
        rows = model._default_manager.all()
        if relation.on_delete not in (PROTECT, RESTRICT):
            if not hasattr(rows, "active"):
                continue
            rows = rows.active()
        column = relation.field.attname
        relations.append((rows, column, next((f for f in model._meta.fields if f.one_to_one), None)))
    return relations


def _use(row: Model, whole: "Field[Any, Any] | None") -> Use:
    thing = getattr(row, whole.name) if whole else row
    meta = thing._meta
    try:
        url = reverse(f"{meta.app_label}:{meta.model_name}", args=[thing.pk])
    except NoReverseMatch:
        url = ""
    return Use(str(meta.verbose_name), str(thing), url)


def _count(rows: QuerySet[Any], whole: "Field[Any, Any] | None", number: int) -> str:
    model: Any = whole.related_model if whole else rows.model
    noun = model._meta.verbose_name if number == 1 else model._meta.verbose_name_plural
    active = "active " if hasattr(rows, "active") else ""
    return f"{number:,} {active}{noun}"
