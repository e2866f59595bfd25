"""Warnings and readiness in words: of a job's rows, and of a query's sample.

Readiness is what the rows bring along to be matched by, never how many are matched: only the destination knows that.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from exports.exporter.readiness import Hygiene, Summary
from exports.job_words import percent, share
from integrations.spec import Connector, OnlyWeak, RefusedFor

MANY_ROWS, MANY_PERCENT = 10, 1.0  # one value on so many rows, and on more than this share, is shown as a warning
_PLAIN_NAME = re.compile("[a-z_][a-z0-9_]*")

Columns = Mapping[str, str]
"""Field → the column that is mapped to it."""


@dataclass(frozen=True)
class Warned:
    """`do`: what the user can do; `sql`: what to write in the query for it. `share`: percent, of the rows `of`."""

    code: str
    says: str
    do: str
    sql: str
    rows: int
    share: float
    of: str

    @property
    def percent(self) -> str:
        return percent(self.rows, self.share)


@dataclass(frozen=True)
class Identifier:
    """How many rows have it. `tone`: the class of its bar."""

    name: str
    rows: int
    share: float
    weak: bool

    @property
    def percent(self) -> str:
        return percent(self.rows, self.share)

    @property
    def tone(self) -> str:
        return "f-mute" if self.weak else "f-ok"


@dataclass(frozen=True)
class Line:
    """A sentence on how clean the values are. `bad`: something should be done."""

    text: str
    bad: bool = False


@dataclass(frozen=True)
class Readiness:
    """Of the `rows` that passed the checks."""

    rows: int
    identifiers: list[Identifier]
    lines: list[Line]


def warned(
    connector: Connector, summary: Summary, columns: Columns, *, refused: Mapping[tuple[str, str], int], rows: int
) -> list[Warned]:
    """What there is to warn of, in the connector's order. `refused`: rows by field and reason, of `rows` in all."""
    found = []
    for warning in connector.warnings:
        if isinstance(warning, RefusedFor):
            count, whole, of = refused.get((warning.field, warning.code), 0), rows, "all rows"
            sql = warning.sql_for(_quoted(columns.get(warning.field, warning.field)))
        else:
            count, whole, of, sql = summary.warnings.get(warning.code, 0), summary.rows, "the rows that passed", ""
        if count:
            found.append(Warned(warning.code, warning.describe, warning.do, sql, count, share(count, whole), of))
    return found


def readiness(connector: Connector, summary: Summary) -> Readiness | None:
    """None where no row has passed the checks."""
    if not summary.rows:
        return None
    weak = {name for warning in connector.warnings if isinstance(warning, OnlyWeak) for name in warning.weak}
    counts = [(name, summary.identifiers.get(name, 0)) for name in connector.identifiers]
    shown = [Identifier(name, count, share(count, summary.rows), name in weak) for name, count in counts]
    lines = _weak(connector, summary)
    for name, hygiene in summary.hashes.items():
        lines += _hygiene(name, hygiene, summary.rows)
    return Readiness(summary.rows, shown, lines)


def _weak(connector: Connector, summary: Summary) -> list[Line]:
    lines = []
    for warning in connector.warnings:
        if isinstance(warning, OnlyWeak):
            count, names = summary.warnings.get(warning.code, 0), " and ".join(warning.weak)
            told = f" ({percent(count, share(count, summary.rows))})" if count else ""
            lines.append(Line(f"{_rows(count)}{told} with no other identifier than {names}", bool(count)))
    return lines


def _hygiene(name: str, found: Hygiene, rows: int) -> list[Line]:
    lines = []
    if found.upper:
        lines.append(Line(f"{name}: {_rows(found.upper)} with a hash in upper case, sent in lower case"))
    if found.blank:
        text = f"{name}: {_rows(found.blank)} with the hash of an empty text, which is nobody’s. Leave it out as NULL"
        lines.append(Line(text, bad=True))
    if many(found.most, rows):
        text = f"{name}: one value stands on {found.most:,} rows ({share(found.most, rows)}%). Is it a placeholder?"
        lines.append(Line(text, bad=True))
    elif found.most:
        lines.append(Line(f"{name}: no value stands on more than {_rows(found.most)}"))
    return lines


def many(most: int, rows: int) -> bool:
    """Whether one person's value on so many of the rows is suspicious."""
    return most >= MANY_ROWS and 100 * most > MANY_PERCENT * rows


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _quoted(column: str) -> str:
    return column if _PLAIN_NAME.fullmatch(column) else '"{}"'.format(column.replace('"', '""'))
