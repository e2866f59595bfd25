"""What the templates of the rule builder draw: each node of the form with the choices that it has."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from audiences.definitions import Definition
from audiences.rule_form import FILTER, GROUP, Node
from audiences.rule_writing import OPPOSITE, Subjects
from audiences.rules import operators
from audiences.rules.operators import Takes
from audiences.rules.schema import Kind, Schema, source_name

Choice = tuple[str, str]
"""(value, label)"""
Choices = Sequence[tuple[str, Sequence[Choice]]]
"""(heading, choices) each; without a heading they stand alone."""

DEEPEST = 4  # groups in groups that the builder adds; deeper ones of a rule by the API are shown all the same
MATCHES = [("And", "All of these"), ("Or", "Any of these"), ("Composite", "Expression")]
FILTER_MATCHES = [("And", "All of these"), ("Or", "Any of these")]
MATCHINGS = [("any", "any element"), ("all", "every element")]
TRUTHS = [("", "Choose"), ("true", "true"), ("false", "false")]
UNITS = [(unit, f"{unit}s") for unit in operators.UNITS]


@dataclass
class Offer:
    """What all conditions of a form may be about. `segments`: {number: path and name} of those it may refer to."""

    schema: Schema
    definition: Definition
    segments: Mapping[int, str]

    @cached_property
    def subjects(self) -> Subjects:
        return Subjects(self.schema)

    @cached_property
    def abouts(self) -> Choices:
        """Attributes by their group, behaviors, and segments as one choice: which, is chosen beside it."""
        headed = {c.name: one.group for one in self.definition.attributes for c in one.columns}
        groups: dict[str, list[Choice]] = {"Attributes": []}
        for name in self.schema.columns:
            groups.setdefault(headed.get(name) or "Attributes", []).append((f"a:{name}", name))
        behaviors = [(f"b:{source_name(name)}", name) for name in self.schema.behaviors]
        found = [*groups.items(), ("Behaviors", behaviors), ("Existing Segments", [("s", "In segment")])]
        return [("", [("", "Choose what it is about")]), *((head, choices) for head, choices in found if choices)]

    @cached_property
    def references(self) -> Choices:
        return [("", [("", "Choose a segment"), *((str(pk), name) for pk, name in self.segments.items())])]


@dataclass
class Row:
    """A node as it is drawn. `number`: its place, such as "2.1"; `counted`: whether an expression refers to it."""

    node: Node
    offer: Offer
    number: str = ""
    depth: int = 0
    above: "Row | None" = None
    focus: int | None = None  # the key of the node that gets the focus

    matches = MATCHES
    filter_matches = FILTER_MATCHES
    matchings = MATCHINGS
    truths = TRUTHS
    units = UNITS

    @cached_property
    def rows(self) -> "list[Row]":
        prefix = f"{self.number}." if self.number else ""
        return [
            Row(child, self.offer, f"{prefix}{n}", self.depth + 1, self, self.focus)
            for n, child in enumerate(self.node.children, start=1)
        ]

    @property
    def text(self) -> dict[str, str]:
        """What was typed, by name."""
        return self.node.values

    @property
    def line(self) -> str:
        """Its place in the tree, as it is posted."""
        return f"{self.node.key}:{'' if self.above is None else self.above.node.key}:{self.node.kind}"

    @property
    def is_group(self) -> bool:
        return self.node.kind == GROUP

    @property
    def has_focus(self) -> bool:
        return self.focus == self.node.key

    @property
    def counted(self) -> bool:
        return self.above is not None and self.above.node.get("match") == "Composite"

    @property
    def may_nest(self) -> bool:
        return self.depth < DEEPEST

    @property
    def about(self) -> str:
        """ "a" (attribute), "b" (behavior), "s" (segment), "f" (filter), or "" while that is not chosen."""
        return "f" if self.node.kind == FILTER else self.node.get("about")[:1]

    @cached_property
    def operator(self) -> str:
        """The one that is chosen, as the select has it."""
        spec = self.offer.subjects.spec(self.node, self._above)
        if spec is None:
            return ""
        chosen = self.node.get("operator")
        return chosen if chosen.removeprefix("!") == spec.type else spec.type

    @cached_property
    def operators(self) -> Choices:
        specs = self.offer.subjects.specs(self.node, self._above)
        pairs = ((s.type, s.label, s.negated, s.type in OPPOSITE and OPPOSITE[s.type] in specs) for s in specs.values())
        found: list[Choice] = []
        for kind, label, negated, has_opposite in pairs:
            found += [(kind, label)] if has_opposite else [(kind, label), (f"!{kind}", negated)]
        return [("", found)] if found else []

    @property
    def takes(self) -> str:
        """What stands to the right, of Takes; "truth" for true or false."""
        spec = self.offer.subjects.spec(self.node, self._above)
        if spec is None:
            return "none"
        one_of_two = spec.takes is Takes.ONE and self.compared is Kind.BOOLEAN
        return "truth" if one_of_two else spec.takes.value

    @property
    def compared(self) -> Kind:
        return self.offer.subjects.compared(self.node, self._above)

    @property
    def is_number(self) -> bool:
        return self.compared is Kind.NUMBER

    @property
    def is_time(self) -> bool:
        return self.compared is Kind.TIME

    @property
    def is_list(self) -> bool:
        column = self.offer.subjects.column(self.node, self._above)
        return self.about in ("a", "f") and column is not None and column.kind is Kind.LIST

    @cached_property
    def aggregations(self) -> Choices:
        return [("", [(name, "Average" if name == "Avg" else name) for name in operators.AGGREGATIONS])]

    @cached_property
    def columns(self) -> Choices:
        """Of the behavior: those to aggregate, or those to filter by."""
        if self.node.kind == FILTER:
            names = list(self.offer.subjects.columns(self._above)) if self._above else []
            return [("", [("", "Choose a column"), *((name, name) for name in names)])]
        aggregation = self.node.get("aggregation") or "Count"
        known = self.offer.subjects.columns(self.node)
        names = [name for name, column in known.items() if operators.can_aggregate(aggregation, column)]
        blank = ("", "all events") if aggregation == "Count" else ("", "Choose a column")
        return [("", [blank, *((name, name) for name in names)])]

    @property
    def wrong(self) -> dict[str, list[str]]:
        return self.node.problems

    @property
    def sentences(self) -> Iterator[str]:
        """All that is wrong with it."""
        return (sentence for found in self.node.problems.values() for sentence in found)

    @property
    def _above(self) -> Node | None:
        return self.above.node if self.above and self.node.kind == FILTER else None

    @property
    def height(self) -> int:
        """Of the text area for several values."""
        return min(max(self.node.get("lines").count("\n") + 1, 2), 8)
