"""Which parent segments use which tables and databases: told to `warehouse.usage`.

The tables that a build reads stand in its query, which `exports.table_usage` knows. Here is the rest: behaviors, which
rules read where they are, and a parent segment's own database.
"""

import re
from collections.abc import Collection, Iterator

from django.urls import reverse

from audiences.models import ParentSegment
from warehouse.models import Database
from warehouse.usage import Use

OWN = re.compile(r"cdp_audience_(\d{1,18})")


def readers_of(database: str, tables: Collection[str]) -> Iterator[Use]:
    wanted = {(database, table) for table in tables}
    for parent, used in _behaviors():
        if used & wanted:
            yield _use(parent)
    yield from _owner_of(database)


def namers_of(database: str) -> Iterator[Use]:
    for parent, used in _behaviors():
        if database in {name for name, _ in used}:
            yield _use(parent)
    yield from _owner_of(database)


def members_of(database: Database) -> Iterator[Use]:
    """None beside those that name it."""
    return iter(())


def _owner_of(database: str) -> Iterator[Use]:
    """The parent segment whose database this is."""
    if own := OWN.fullmatch(database):
        yield from map(_use, ParentSegment.objects.filter(pk=int(own[1])))


def _behaviors() -> Iterator[tuple[ParentSegment, set[tuple[str, str]]]]:
    for parent in ParentSegment.objects.only("name", "definition"):
        yield parent, {(one["database"], one["table"]) for one in parent.definition["behaviors"]}


def _use(parent: ParentSegment) -> Use:
    return Use("parent segment", parent.name, reverse("audiences:parent_segment", args=[parent.pk]))
