"""What a built customer table holds, column by column: fill rates, how many different values, the most frequent ones.

Kept in `ParentSegment.profile`, with personal data masked, as

    {"job": the build that it is of, "rows": customers, "columns": [{"name", "type", "filled": customers with a value,
     "distinct": different values, "exact": whether just so many, "personal": bool, "top": [[text, customers], …]}]}
"""

from pathlib import Path
from typing import Any

from django.conf import settings
from sqlglot import exp

from accounts.models import User
from audiences.definitions import Definition
from audiences.models import ParentSegment, Segment
from audiences.schemas import CUSTOMERS
from exports.engine import engine, readable
from exports.masking import personal_columns
from exports.models import EngineType, Job, JobState
from warehouse.cells import cell
from warehouse.engines.base import Limits
from warehouse.models import Table

SECONDS = 60
TOP = 5
MANY = 50_000  # of so many different values none is frequent enough to be told
FEW, RARE = 100, 100  # nor where there are more than FEW, and the most frequent one has less than 1 in RARE
LONGEST = 200  # characters of a value
MEASURED = 100  # columns

Json = dict[str, Any]


def last_build(parent: ParentSegment) -> Job | None:
    """The job that the customer table is from."""
    built = Job.objects.filter(query=parent.query_id, state=JobState.SUCCESS).exclude(into_rows=None)
    return built.only("pk", "finished_at", "into_rows").order_by("-pk").first()


def outdated(segment: Segment, build: Job | None) -> bool:
    """Whether it was counted before the customers were built last."""
    return bool(segment.counted_at and build and build.finished_at and segment.counted_at < build.finished_at)


def is_of(parent: ParentSegment, build: Job | None) -> bool:
    return bool(build and parent.profile.get("job") == build.pk)


def measure(parent: ParentSegment, build: Job, *, user: User) -> Json:
    """Profile the customer table and keep that; → the profile. Raises EngineError, and Table.DoesNotExist."""
    columns = Table.objects.get(database__name=parent.database_name, name=CUSTOMERS).columns
    profile = {"job": build.pk, **_measured(parent, columns[:MEASURED], user)}
    ParentSegment.objects.filter(pk=parent.pk).update(profile=profile)
    parent.profile = profile
    return profile


def sql(database: str, columns: list[list[str]]) -> str:
    """Rows of (column's number, value as text or NULL, customers, different values): for each column one without a
    value, which counts all that have one, then its most frequent values. How many different values there are is exact
    beside these, and an estimate otherwise. Column -1 counts the customers."""
    facts = exp.select(exp.alias_(exp.Count(this=exp.Star()), "n")).from_(_table(database))
    parts: list[exp.Expr] = [_row(-1, "n", "n")]
    for number, (name, _) in enumerate(columns):
        column = exp.column(name, table=CUSTOMERS, quoted=True)
        facts = facts.select(
            exp.alias_(exp.Count(this=column), f"n_{number}"),
            exp.alias_(exp.func("APPROX_COUNT_DISTINCT", column.copy(), dialect="duckdb"), f"d_{number}"),
        )
        parts += [_row(number, f"n_{number}", f"d_{number}"), _top(database, number, column)]
    whole = parts[0]
    for part in parts[1:]:
        whole = exp.Union(this=whole, expression=part, distinct=False)
    assert isinstance(whole, exp.Query)
    return whole.with_("facts", as_=facts, materialized=True).sql(dialect="duckdb")


def _row(number: int, counted: str, distinct: str) -> exp.Select:
    null = exp.cast(exp.Null(), "VARCHAR")
    shown = (exp.Literal.number(number), null, exp.column(counted), exp.column(distinct))
    names = ("number", "value", "customers", "different")
    return exp.select(*(exp.alias_(each, name) for each, name in zip(shown, names, strict=True))).from_("facts")


def _top(database: str, number: int, column: exp.Column) -> exp.Expr:
    few = exp.select(f"d_{number}").from_("facts").subquery()
    counted = (
        exp.select(exp.alias_(column.copy(), "value"), exp.alias_(exp.Count(this=exp.Star()), "customers"))
        .select(exp.alias_(exp.Window(this=exp.Count(this=exp.Star()), over="OVER"), "different"))
        .from_(_table(database))
        .where(exp.Not(this=exp.Is(this=column.copy(), expression=exp.Null())))
        .where(exp.LTE(this=few, expression=exp.Literal.number(MANY)))
        .group_by(exp.Literal.number(1))
        .order_by("2 DESC", "1")
        .limit(TOP)
    )
    text = exp.func("LEFT", exp.cast(exp.column("value"), "VARCHAR"), exp.Literal.number(LONGEST))
    shown = (exp.Literal.number(number), text, exp.column("customers"), exp.column("different"))
    return exp.select(*shown).from_(counted.subquery("counted"))


def _table(database: str) -> exp.Table:
    return exp.table_(CUSTOMERS, db=database, quoted=True)


def _measured(parent: ParentSegment, columns: list[list[str]], user: User) -> Json:
    run = engine(EngineType.DUCKDB).run(
        sql(parent.database_name, columns),
        tables=readable(user),
        database=parent.database_name,
        limits=Limits(seconds=SECONDS, rows=10_000, memory_mb=settings.QUERY_MEMORY_LIMIT),
        workdir=Path(settings.DATA_DIR) / "previews" / "work",
    )
    with run as result:
        rows = [row for batch in result for row in zip(*(each.to_pylist() for each in batch.columns), strict=True)]
    definition = Definition.from_json(parent.definition)
    personal = personal_columns(name for name, _ in columns) | _keys(definition)
    every = next(customers for number, _, customers, _ in rows if number == -1)
    found = [_column(name, kind, rows, number, name in personal) for number, (name, kind) in enumerate(columns)]
    for one in found:
        if one["name"] == definition.master.key:
            one |= {"distinct": every, "exact": True}
    return {"rows": every, "columns": found}


def _keys(definition: Definition) -> set[str]:
    """Columns that tell customers apart, here or elsewhere: personal whatever they are called."""
    mine = {definition.master.key, *(one.parent_key for one in definition.attributes)}
    mine |= {one.parent_key for one in definition.behaviors}
    theirs = {column.name for one in definition.attributes for column in one.columns if column.source == one.key}
    return mine | theirs


def _column(name: str, kind: str, rows: list[Any], number: int, personal: bool) -> Json:
    mine = [row[1:] for row in rows if row[0] == number]
    filled, distinct = next((customers, different) for value, customers, different in mine if value is None)
    top = sorted(((value, n) for value, n, _ in mine if value is not None), key=lambda pair: (-pair[1], pair[0]))
    exact = next((different for value, _, different in mine if value is not None), 0 if not filled else None)
    distinct = min(distinct, filled) if exact is None else exact
    if distinct > FEW and top and top[0][1] * RARE < filled:
        top = []
    shown = [[cell(value, personal=personal).text, n] for value, n in top]
    return {
        "name": name,
        "type": kind,
        "filled": filled,
        "distinct": distinct,
        "exact": exact is not None,
        "personal": personal,
        "top": shown,
    }
