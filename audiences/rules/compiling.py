"""Rules → SQL of DuckDB's dialect, as sqlglot trees. Names are always quoted, values always literals.

Each condition is true, or false or NULL; only what is negated tells those two apart from it. Events are asked about by
a set of keys: `key IN (SELECT key FROM events … GROUP BY key HAVING …)`, or its complement where customers without any
event qualify.
"""

from collections.abc import Callable, Sequence

from sqlglot import exp

from audiences.rules import expressions, numbers
from audiences.rules.keys import comparable
from audiences.rules.model import (
    Behavior,
    ColumnFilter,
    Condition,
    Filter,
    Group,
    One,
    Operator,
    Reference,
    Rule,
    Value,
)
from audiences.rules.predicates import all_of, any_of, holds, inverted, negated, positive
from audiences.rules.problems import RuleError
from audiences.rules.schema import BehaviorTable, Column, Kind, Schema

Others = Callable[[int], Rule]
Outputs = Sequence[tuple[str, exp.Expr]]
MOST_CONDITIONS, DEEPEST = 2000, 30  # of a rule with those that it refers to


def condition(rule: Rule, schema: Schema, others: Others) -> exp.Expr:
    """What is true for the customers of the rule, whatever its limit. Raises RuleError.

    others: the rule of a segment that it refers to; it may raise RuleError as well.
    """
    return _Compiler(schema, others).group(rule.group)


def select(rule: Rule, schema: Schema, others: Others, outputs: Outputs | None = None) -> exp.Select:
    """The rule's customers: all columns, or the given (name, expression) over `column(…)`."""
    chosen = [column(name, schema) for name in schema.columns] if outputs is None else [_named(*one) for one in outputs]
    return _limited(exp.select(*chosen), rule, schema, others)


def count(rule: Rule, schema: Schema, others: Others) -> exp.Select:
    """One row with one column "count"."""
    counted: exp.Expr = exp.Count(this=exp.Star())
    if rule.limit is not None:  # DuckDB counts past a LIMIT within: of "NOT a OR NOT a", for one
        counted = exp.Least(this=counted, expressions=[exp.Literal.number(rule.limit)])
    return _filtered(exp.select(exp.alias_(counted, "count", quoted=True)), rule, schema, others)


def column(name: str, schema: Schema) -> exp.Column:
    """A customer's attribute."""
    return exp.column(name, table=schema.table, quoted=True)


def _named(name: str, value: exp.Expr) -> exp.Expr:
    return exp.alias_(value, name, quoted=True)


def _filtered(query: exp.Select, rule: Rule, schema: Schema, others: Others) -> exp.Select:
    where = condition(rule, schema, others)
    query = query.from_(_table(schema))
    return query if where == exp.true() else query.where(where)


def _limited(query: exp.Select, rule: Rule, schema: Schema, others: Others) -> exp.Select:
    """The first customers by key."""
    query = _filtered(query, rule, schema, others)
    if rule.limit is None:
        return query
    return query.order_by(column(schema.customer_key, schema)).limit(rule.limit)


def _table(schema: Schema | BehaviorTable) -> exp.Table:
    return exp.table_(schema.table, db=schema.database, quoted=True)


class _Compiler:
    def __init__(self, schema: Schema, others: Others) -> None:
        self._schema = schema
        self._others = others
        self._attributes = schema.known()
        self._behaviors = schema.sources()
        self._within: list[int] = []  # the references that lead to where it is
        self._count = self._depth = 0

    def group(self, group: Group) -> exp.Expr:
        self._depth += 1
        if self._depth > DEEPEST:
            raise RuleError([("", f"With the segments it refers to, the rule is nested more than {DEEPEST} deep.")])
        parts = [self._condition(one) for one in group.conditions]
        self._depth -= 1
        if group.type == "Composite":
            joined = self._composite(expressions.parse(group.expr, len(parts)), parts)
        elif not parts:
            joined = exp.true()
        else:
            joined = all_of(parts) if group.type == "And" else any_of(parts)
        return negated(joined) if group.exclude else joined

    def _composite(self, joined: int | expressions.Joined, parts: list[exp.Expr]) -> exp.Expr:
        if isinstance(joined, int):
            return parts[joined - 1].copy()
        found = [self._composite(part, parts) for part in joined.parts]
        return all_of(found) if joined.type == "And" else any_of(found)

    def _condition(self, one: Condition) -> exp.Expr:
        self._count += 1
        if self._count > MOST_CONDITIONS:
            raise RuleError(
                [("", f"With the segments it refers to, the rule has over {MOST_CONDITIONS:,} conditions.")]
            )
        match one:
            case Group():
                return self.group(one)
            case Reference():
                return self._reference(one)
            case Behavior():
                return self._behavior(one)
            case Value():
                known = self._attributes[one.column]
                return self._tested(one, known, column(known.source, self._schema))

    def _tested(self, one: Value | ColumnFilter, known: Column, value: exp.Expr) -> exp.Expr:
        operator, flipped = positive(one.operator)
        found = holds(
            value, known.type, known.kind, operator, zone=self._schema.time_zone, matching=one.array_matching or "any"
        )
        return negated(found) if flipped != one.exclude else found

    def _reference(self, one: Reference) -> exp.Expr:
        if one.segment in self._within:
            raise RuleError([("", "The segments that it refers to refer to each other in a circle.")])
        self._within.append(one.segment)
        rule = self._others(one.segment)
        found = self.group(rule.group)
        if rule.limit is not None:
            key = column(self._schema.customer_key, self._schema)
            members = exp.select(key).from_(_table(self._schema)).where(found).order_by(key.copy()).limit(rule.limit)
            found = exp.In(this=key.copy(), query=members.subquery())
        self._within.pop()
        return negated(found) if one.exclude else found

    def _behavior(self, one: Behavior) -> exp.Expr:
        table = self._behaviors[one.source]
        operator, flipped = positive(one.operator)
        of_none = _holds_for_none(one, operator)
        parent, key = comparable(
            column(table.parent_key, self._schema),
            table.parent_key_type,
            exp.column(table.key, table=table.table, quoted=True),
            table.key_type,
        )
        members = self._events(one, table, key)
        if not _any_event_does(one, operator, of_none):  # else grouping would double the time
            having = self._having(one, table, operator)
            members = members.group_by(key.copy()).having(inverted(having) if of_none else having)
        found = exp.In(this=parent, query=members.subquery())
        return negated(found) if of_none != (flipped != one.exclude) else found

    def _events(self, one: Behavior, table: BehaviorTable, key: exp.Expr) -> exp.Select:
        """The keys of all that count."""
        query = exp.select(key).from_(_table(table))
        if one.filter:
            query = query.where(self._filter(one.filter, table))
        return query.where(exp.Not(this=exp.Is(this=key.copy(), expression=exp.null())))

    def _filter(self, filter_: Filter, table: BehaviorTable) -> exp.Expr:
        known = table.known()
        parts = [
            self._tested(one, known[one.column], exp.column(known[one.column].source, table=table.table, quoted=True))
            for one in filter_.conditions
        ]
        return all_of(parts) if filter_.type == "And" else any_of(parts)

    def _having(self, one: Behavior, table: BehaviorTable, operator: Operator) -> exp.Expr:
        known = table.known()[one.column] if one.column else None
        value = exp.column(known.source, table=table.table, quoted=True) if known else exp.Star()
        aggregated, type_, kind = _aggregate(one.aggregation, value, known)
        return holds(aggregated, type_, kind, operator, zone=self._schema.time_zone)


def _aggregate(name: str, value: exp.Expr, known: Column | None) -> tuple[exp.Expr, str, Kind]:
    """→ the expression, its type, its kind. The sum of nothing is 0, as is the count."""
    if name == "Count" or known is None:
        return exp.Count(this=value), "BIGINT", Kind.NUMBER
    if name == "Sum":
        total = exp.func("COALESCE", exp.Sum(this=value), exp.Literal.number(0))
        return total, _sum_type(known.type.upper()), Kind.NUMBER
    if name == "Avg":
        return exp.Avg(this=value), "DOUBLE", Kind.NUMBER
    return {"Min": exp.Min, "Max": exp.Max}[name](this=value), known.type, known.kind


def _sum_type(type_: str) -> str:
    if type_.startswith("DECIMAL"):
        return f"DECIMAL(38,{type_.rstrip(')').rpartition(',')[2].strip()})"
    return "HUGEINT" if type_ in numbers.WHOLE else "DOUBLE"


def _holds_for_none(one: Behavior, operator: Operator) -> bool:
    """Whether a customer without events has what the operator asks for: 0 events, a sum of 0, else NULL."""
    if operator.type == "IsNull":
        return True
    return one.aggregation in ("Count", "Sum") and numbers.holds_for_zero(operator)


def _any_event_does(one: Behavior, operator: Operator, of_none: bool) -> bool:
    """Whether one event is enough to be told from a customer without any: at least 1, or fewer than 1."""
    if one.aggregation != "Count" or one.column or not isinstance(operator.operand, One):
        return False
    number = numbers.read(operator.operand.value) or 0
    if of_none:
        return (operator.type, number) in (("Equal", 0), ("LessEqual", 0)) or (operator.type == "Less" and number <= 1)
    return operator.type in ("Greater", "GreaterEqual") and number <= (0 if operator.type == "Greater" else 1)
