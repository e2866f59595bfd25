"""Rules of the segments of one parent segment, with those that they refer to, as SQL."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from sqlglot import exp

from audiences import schemas
from audiences.models import ParentSegment, Segment
from audiences.rules import compiling, text
from audiences.rules.compiling import Outputs
from audiences.rules.model import Rule
from audiences.rules.parsing import parse
from audiences.rules.problems import RuleError
from audiences.rules.schema import Schema
from exports.models import EngineType
from exports.texts import Text
from warehouse.models import Database

SAMPLE_ROWS = 100
LONGEST_SQL = 200_000  # what the engine takes


def rule(segment: Segment) -> Rule:
    """Raises RuleError, as all here."""
    return Rules(segment.parent_segment).rule(segment)


def select(segment: Segment, outputs: Outputs | None = None) -> exp.Select:
    """The segment's customers: all columns, or the given (name, expression)."""
    return Rules(segment.parent_segment).select(segment, outputs)


def parsed(parent: ParentSegment, data: Any, segment: Segment | None = None) -> Rule:
    """A rule's JSON, as it may be saved. segment: whose rule it becomes; what refers to that one is refused."""
    return Rules(parent).parsed(data, segment)


def count_sql(parent: ParentSegment, data: Any, segment: Segment | None = None) -> str:
    """For the number of customers of a rule that need not be saved: one row, one column "count"."""
    rules = Rules(parent)
    return rules.sql(compiling.count(rules.parsed(data, segment), rules.schema, rules.other))


def sample_sql(parent: ParentSegment, data: Any, segment: Segment | None = None) -> str:
    """For up to SAMPLE_ROWS of its customers, with all their columns."""
    rules = Rules(parent)
    found = rules.parsed(data, segment)
    most = min(SAMPLE_ROWS, found.limit or SAMPLE_ROWS)
    return rules.sql(compiling.select(found, rules.schema, rules.other).limit(most))


def runnable(parent: ParentSegment, sql: str) -> Text:
    """Such SQL, where and how it runs. Raises Database.DoesNotExist."""
    return Text(Database.objects.get(name=parent.database_name), sql, parent.time_zone, EngineType.DUCKDB)


def sql(expression: exp.Expr) -> str:
    """Text of a tree that was made here. Raises RuleError if it is longer than the engine takes."""
    found = text.sql(expression)
    if len(found) > LONGEST_SQL:
        raise RuleError([("", f"The SQL of this rule is longer than {LONGEST_SQL:,} characters.")])
    return found


class Rules:
    """Of one parent segment at one time: its schema, and all segments' rules in one query of the database."""

    def __init__(self, parent: ParentSegment) -> None:
        self._parent = parent
        self._read: dict[int, Rule] = {}

    @cached_property
    def schema(self) -> Schema:
        return schemas.of(self._parent)

    @cached_property
    def _segments(self) -> dict[int, tuple[str, Any]]:
        found = Segment.objects.filter(parent_segment=self._parent).values_list("pk", "name", "rule")
        return {pk: (name, data) for pk, name, data in found}

    @cached_property
    def names(self) -> dict[int, str]:
        """{id: name} of all its segments."""
        return {pk: name for pk, (name, _) in self._segments.items()}

    def rule(self, segment: Segment) -> Rule:
        return self.parsed(segment.rule, segment)

    def select(self, segment: Segment, outputs: Outputs | None = None) -> exp.Select:
        return compiling.select(self.rule(segment), self.schema, self.other, outputs)

    def parsed(self, data: Any, segment: Segment | None = None) -> Rule:
        if not any(_references(data)):
            return parse(data, self.schema)
        return parse(data, self.schema, self.names, self._barred(segment.pk) if segment and segment.pk else {})

    def other(self, pk: int) -> Rule:
        """The rule of a segment that another one refers to."""
        if pk not in self._read:
            self._read[pk] = self._other(pk)
        return self._read[pk]

    def sql(self, expression: exp.Expr) -> str:
        return sql(expression)

    def _other(self, pk: int) -> Rule:
        if pk not in self._segments:
            raise RuleError([("", f"There is no segment {pk} in this parent segment.")])
        name, data = self._segments[pk]
        try:
            return parse(data, self.schema, self.names)
        except RuleError as error:
            raise RuleError([("", f"The segment {name}, which it refers to, cannot be used: {error}")]) from error

    def _barred(self, pk: int) -> dict[int, str]:
        """{id: why not} of what this segment cannot refer to: itself, and all that lead to it."""
        users: dict[int, list[int]] = {}
        for user, (_, data) in self._segments.items():
            for used in _references(data):
                users.setdefault(used, []).append(user)
        barred, left = {pk: "A segment cannot refer to itself."}, [pk]
        while left:
            used = left.pop()
            for user in users.get(used, []):
                if user not in barred:
                    barred[user] = f"{self.names[user]} refers to this segment, by itself or through others."
                    left.append(user)
        return barred


def _references(data: Any) -> Iterator[int]:
    """The ids that a rule's JSON refers to, whether it can be read or not."""
    left = [data]
    while left:
        one = left.pop()
        if isinstance(one, list):
            left.extend(one)
        elif isinstance(one, dict):
            given = str(one.get("id"))
            if one.get("type") == "Reference":
                yield int(given) if given.isascii() and given.isdigit() and len(given) <= 18 else -1
            left.extend(value for key, value in one.items() if key == "conditions")
