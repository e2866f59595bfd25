"""Times that carry a zone of their own (Trino's `x AT TIME ZONE 'Asia/Tokyo'`), which DuckDB's do not.

Such a value stays a moment (TIMESTAMPTZ), and its zone is a mark on the tree. Whatever looks at the clock asks for it.
Where the mark would be lost the query is refused, since it would then be read by another clock.
"""

from __future__ import annotations

from sqlglot import exp

from warehouse.sql import nodes
from warehouse.sql.refused import refuse
from warehouse.sql.zones import zone_named

UNKNOWN = "?"
"""The zone of a moment whose text says it row by row."""


def mark(value: exp.Expr, name: str) -> exp.Expr:
    """The same moment, seen from the zone of that name."""
    value.meta["zone"] = name if name == UNKNOWN else zone_named(name).key
    return value


def mark_by_row(value: exp.Expr, clock_value: exp.Expr) -> exp.Expr:
    """A moment whose zone is in its row's text; `clock_value` is what the clock there shows."""
    value.meta["zone"] = UNKNOWN
    value.meta["clock"] = clock_value
    return value


def zone_of(value: exp.Expr) -> str | None:
    """The zone of a value; None where it has none, or the session's."""
    value = _bare(value)
    if isinstance(value, exp.Subquery | exp.Select) and "zone" not in value.meta:
        return _of_scalar(value)
    if isinstance(value, exp.Column) and "zone" not in value.meta:
        return _of_column(value)
    zone = value.meta.get("zone")
    return None if zone is None else str(zone)


def _bare(value: exp.Expr) -> exp.Expr:
    """Without what stands around a value and leaves it as it is."""
    while isinstance(value, exp.Paren | exp.Alias | exp.Filter | exp.Window | exp.IgnoreNulls | exp.RespectNulls):
        if "zone" in value.meta:
            break
        value = value.this
    return value


def clock(value: exp.Expr) -> exp.Expr:
    """What the clock in the value's own zone shows; the value itself where it has none."""
    zone = zone_of(value)
    if zone is None:
        return value
    if zone != UNKNOWN:
        return nodes.call("timezone", nodes.text(zone), value)
    shown = _bare(value).meta.get("clock")
    if shown is None:
        refuse(
            "This time's zone is only known row by row. Say which clock to read: write it … AT TIME ZONE 'Asia/Tokyo'.",
            value,
        )
    return shown.copy()  # type: ignore[no-any-return]


def from_clock(value: exp.Expr, like: exp.Expr) -> exp.Expr:
    """The moment at which the clock that `like` goes by shows `value`; the value itself where `like` has no zone."""
    zone = zone_of(like)
    if zone is None:
        return value
    if zone == UNKNOWN:
        return mark_by_row(nodes.call("td__moved", like.copy(), clock(like), value), value.copy())
    return at_clock(value, zone)


def at_clock(value: exp.Expr, name: str) -> exp.Expr:
    """The moment at which the clock of the zone of that name shows `value`."""
    key = zone_named(name).key
    return mark(nodes.call("td__moment", value, nodes.text(key)), key)


def shared(values: list[exp.Expr], what: str) -> str | None:
    """The zone that several values have in common; refused where they differ."""
    found = {zone_of(value) for value in values if not nodes.is_null(value)}
    if len(found) > 1:
        refuse(f"{what} mixes times of several zones. Put all of them AT TIME ZONE the same one.", values[0])
    return found.pop() if found else None


def outputs(query: exp.Expr) -> dict[str, str | None]:
    """The zones of a finished query's columns by name; only those that have one."""
    if "outputs" not in query.meta:
        query.meta["outputs"] = _outputs(query)
    found: dict[str, str | None] = query.meta["outputs"]
    return found


def _outputs(query: exp.Expr) -> dict[str, str | None]:
    while isinstance(query, exp.Subquery | exp.Paren):
        query = query.this
    if isinstance(query, exp.SetOperation):
        left, right = outputs(query.this), outputs(query.expression)
        if set(left.values()) != set(right.values()):
            refuse(f"{query.key.upper()} mixes times of several zones. Put all of them AT TIME ZONE the same one.")
        return left
    if not isinstance(query, exp.Select):
        return {}
    named: dict[str, str | None] = {}
    for column in query.expressions:
        if column.is_star:
            for source in _sources(query):
                named |= _of_source(source)
        elif zone := zone_of(column):
            named[column.alias_or_name.lower()] = zone
    return named


def _of_scalar(query: exp.Expr) -> str | None:
    zones = [zone for zone in outputs(query).values() if zone]
    return zones[0] if zones else None


def _of_column(column: exp.Column) -> str | None:
    select = column.find_ancestor(exp.Select)
    while select is not None:
        for source in _sources(select):
            if (column.table and source.alias_or_name.lower() != column.table.lower()) or _within(column, source):
                continue
            found = _of_source(source).get(column.name.lower())
            if found:
                return found
        # What stands in FROM or WITH cannot see the tables around it; a subquery among the values can.
        outer = select.find_ancestor(exp.CTE, exp.From, exp.Join, exp.Select)
        select = outer if isinstance(outer, exp.Select) else None
    return None


def _sources(select: exp.Select) -> list[exp.Expr]:
    begin = select.args.get("from_")
    joins = select.args.get("joins") or []
    return ([begin.this] if begin else []) + [join.this for join in joins]


def _of_source(source: exp.Expr) -> dict[str, str | None]:
    if isinstance(source, exp.Subquery):
        found = outputs(source.this)
        names = source.args["alias"].columns if source.args.get("alias") else []
        return _renamed(found, source.this, names)
    if isinstance(source, exp.Table) and not source.db:
        query = _cte(source)
        return {} if query is None else _renamed(outputs(query.this), query.this, query.args["alias"].columns)
    return {}


def _renamed(found: dict[str, str | None], query: exp.Expr, names: list[exp.Identifier]) -> dict[str, str | None]:
    if not found or not names or not isinstance(query, exp.Query):
        return found
    old = [column.alias_or_name.lower() for column in query.selects]
    return {new.name.lower(): found[name] for name, new in zip(old, names, strict=False) if name in found}


def _cte(table: exp.Table) -> exp.CTE | None:
    scope: exp.Expr | None = table
    while scope is not None:
        clause = scope.args.get("with_")
        for query in clause.expressions if clause else []:
            if query.alias.lower() == table.name.lower() and not _within(table, query):
                return query  # type: ignore[no-any-return]
        scope = scope.parent
    return None


def _within(node: exp.Expr, outer: exp.Expr) -> bool:
    parent: exp.Expr | None = node
    while parent is not None and parent is not outer:
        parent = parent.parent
    return parent is outer
