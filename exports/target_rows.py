"""Rows of the mapping table, and what they say."""

from dataclasses import dataclass
from typing import Any

from exports.exporter.mapping import constant_text
from exports.exporter.verdicts import FieldVerdict
from integrations.spec import Field


@dataclass(frozen=True)
class Row:
    """One field of the destination as the mapping table shows it.

    `problems`: what must be put right before anything can be sent; `verdicts`: what the sample's rows say.
    """

    field: Field
    source: dict[str, Any]
    problems: list[str]
    verdicts: list[str]
    valid: bool
    sample: str = ""
    missing: bool = False
    suggestion: str = ""

    @property
    def kind(self) -> str:
        return next(iter(self.source), "")

    @property
    def column(self) -> str:
        return str(self.source.get("column", ""))

    @property
    def constant(self) -> str:
        return constant_text(self.source.get("constant", ""))

    @property
    def mapped(self) -> bool:
        return bool(self.source)

    @property
    def ready(self) -> bool:
        return self.mapped and not self.problems

    @property
    def state(self) -> str:
        """bad: something is wrong; ok: the sample is right; map: mapped, but nothing is known; none: not sent."""
        if self.problems or (self.mapped and self.verdicts and not self.valid):
            return "bad"
        if not self.mapped:
            return "none"
        return "ok" if self.verdicts else "map"


@dataclass(frozen=True)
class Group:
    """`open`: shown at once, where the group is one that can be closed."""

    name: str
    note: str
    rows: list[Row]
    open: bool = True

    @property
    def mapped(self) -> int:
        return sum(row.mapped for row in self.rows)


def says(field: Field, verdict: FieldVerdict) -> str:
    """A field's verdict in words: what is wrong, or how many values are valid, hashed and empty."""
    if verdict.reason:
        return verdict.reason
    rows = verdict.valid + verdict.empty
    if verdict.empty == rows:
        return f"{rows:,} of {rows:,} empty"
    if field.hashed:
        parts = [(verdict.to_hash, "to hash"), (verdict.hashed, "hashed"), (verdict.empty, "empty")]
        return ", ".join(f"{count:,} {word}" for count, word in parts if count)
    return f"{verdict.valid:,} valid, {verdict.empty:,} empty" if verdict.empty else f"{rows:,} of {rows:,} valid"
