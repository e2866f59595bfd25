"""The SQL that builds a parent segment's customer table, and beside it a report of what that left out.

One row a key. Rows whose key is NULL are left out; of several rows with one key, the one with the greatest `time` is
taken, and of those with the same `time`, or in a table without one, always the same one, by a digest of its values.
"""

from sqlglot import exp

from audiences.definitions import Attributes, Definition, Master
from audiences.rules.keys import comparable
from audiences.rules.text import sql
from audiences.schemas import TableTypes, Types

REPORT = "build_report"
TIME = "time"
_ROW = "t"
_KEY = "join key"  # no column of a parent segment can have this name


class CannotBuild(Exception):
    """What the definition names is not there; the message says what."""


def text(definition: Definition, types: TableTypes) -> str:
    """The statements of a build: its report, which goes into the table REPORT, then the customers.

    `types`: {(database, table): {column: DuckDB type}}. Raises CannotBuild.
    """
    _check(definition, types)
    made = exp.Create(
        this=exp.table_(REPORT, quoted=True), kind="TABLE", replace=True, expression=report(definition, types)
    )
    return ";\n\n".join(map(sql, (made, customers(definition, types))))


def customers(definition: Definition, types: TableTypes) -> exp.Select:
    """All columns of the master table, but what came later under the name of an attribute, then the attributes."""
    master, held = definition.master, _of(definition.master, types)
    attributes = {column.name for one in definition.attributes for column in one.columns}
    names = [name for name in held if name not in attributes]
    base = _one_row_a_key(master, exp.column(master.key, table=_ROW, quoted=True), {name: name for name in held}, held)
    found = exp.select(*(exp.column(name, table="master", quoted=True) for name in names))
    found = found.from_(_named("master")).with_(_named("master"), as_=base)
    for number, one in enumerate(definition.attributes, 1):
        found = _joined(found, number, one, held, _of(one, types))
    return found


def report(definition: Definition, types: TableTypes) -> exp.Query:
    """A row for the master (part 0) and each attribute table (1, 2, …): its rows, those without a key, and those whose
    key another row of it has."""
    held = _of(definition.master, types)
    parts = [_counted(0, definition.master, exp.column(definition.master.key, table=_ROW, quoted=True))]
    for number, one in enumerate(definition.attributes, 1):
        parts.append(_counted(number, one, _keys(one, held, _of(one, types))[1]))
    whole: exp.Query = parts[0]
    for part in parts[1:]:
        whole = exp.union(whole, part, distinct=False)
    return whole


def _joined(found: exp.Select, number: int, one: Attributes, master: Types, held: Types) -> exp.Select:
    name = f"attributes_{number}"
    mine, key = _keys(one, master, held)
    rows = _one_row_a_key(one, key, {column.name: column.source for column in one.columns}, held)
    rows = rows.select(exp.alias_(key.copy(), _KEY, quoted=True), append=True)
    found = found.select(*(exp.column(column.name, table=name, quoted=True) for column in one.columns))
    joined = exp.EQ(this=mine, expression=exp.column(_KEY, table=name, quoted=True))
    return found.join(_named(name), on=joined, join_type="left").with_(_named(name), as_=rows)


def _keys(one: Attributes, master: Types, held: Types) -> tuple[exp.Expr, exp.Expr]:
    """(the master's column, the attribute table's key), as they are compared."""
    mine = exp.column(one.parent_key, table="master", quoted=True)
    return comparable(mine, master[one.parent_key], exp.column(one.key, table=_ROW, quoted=True), held[one.key])


def _one_row_a_key(part: Master | Attributes, key: exp.Expr, columns: dict[str, str], held: Types) -> exp.Select:
    """`columns`: {name: column of the table}."""
    sources = [exp.column(source, table=_ROW, quoted=True) for source in columns.values()]
    order: list[exp.Expr] = [exp.Ordered(this=exp.func("HASH", *(each.copy() for each in sources)), nulls_first=False)]
    if TIME in held:
        time = exp.column(TIME, table=_ROW, quoted=True)
        order.insert(0, exp.Ordered(this=time, desc=True, nulls_first=False))
    first = exp.Window(this=exp.RowNumber(), partition_by=[key.copy()], order=exp.Order(expressions=order), over="OVER")
    selected = [exp.alias_(source, name, quoted=True) for name, source in zip(columns, sources, strict=True)]
    rows = exp.select(*selected).from_(_table(part)).where(_not_null(key))
    rows.set("qualify", exp.Qualify(this=exp.EQ(this=first, expression=exp.Literal.number(1))))
    return rows


def _counted(number: int, part: Master | Attributes, key: exp.Expr) -> exp.Select:
    every, keyed = exp.Count(this=exp.Star()), exp.Count(this=key.copy())
    different = exp.Count(this=exp.Distinct(expressions=[key.copy()]))
    return exp.select(
        exp.alias_(exp.Literal.number(number), "part"),
        exp.alias_(exp.Literal.string(f"{part.database}.{part.table}"), "source"),
        exp.alias_(every, "source_rows"),
        exp.alias_(exp.Sub(this=every.copy(), expression=keyed), "without_key"),
        exp.alias_(exp.Sub(this=keyed.copy(), expression=different), "repeated"),
    ).from_(_table(part))


def _check(definition: Definition, types: TableTypes) -> None:
    """Raises CannotBuild."""
    held = _of(definition.master, types)
    _need(definition.master, held, [definition.master.key])
    for one in definition.attributes:
        _need(one, _of(one, types), [one.key, *(column.source for column in one.columns)])
        _need(definition.master, held, [one.parent_key])


def _need(part: Master | Attributes, held: Types, columns: list[str]) -> None:
    if missing := [name for name in columns if name not in held]:
        raise CannotBuild(f"The table {part.database}.{part.table} has no column “{missing[0]}”.")


def _of(part: Master | Attributes, types: TableTypes) -> Types:
    try:
        return types[part.database, part.table]
    except KeyError as error:
        raise CannotBuild(f"There is no table {part.database}.{part.table}.") from error


def _table(part: Master | Attributes) -> exp.Expr:
    return exp.alias_(exp.table_(part.table, db=part.database, quoted=True), _ROW, quoted=True, table=True)


def _named(name: str) -> exp.Identifier:
    return exp.to_identifier(name, quoted=True)


def _not_null(key: exp.Expr) -> exp.Expr:
    return exp.Not(this=exp.Is(this=key.copy(), expression=exp.Null()))
