"""Which saved queries and jobs use which tables and databases: told to `warehouse.usage`, which asks for it by name."""

import re
from collections.abc import Collection, Iterable, Iterator

import sqlglot
from django.db.models import Q, QuerySet
from django.urls import reverse
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import traverse_scope

from exports.models import EngineType, Job, Query
from warehouse.engines.base import TableName
from warehouse.models import Database
from warehouse.usage import Use


def readers_of(database: str, tables: Collection[str]) -> Iterator[Use]:
    """Saved queries that read one of these tables. A text that cannot be parsed reads what it mentions."""
    wanted = {(database, table) for table in tables}
    for query in _mentioning(tables):
        found = _tables_of(query)
        if not (wanted & found if found is not None else _mentions(query, database, tables)):
            continue
        yield _query(query)


def namers_of(database: str) -> Iterator[Use]:
    """Saved queries that name a table as database.table or write into one, and jobs that are not finished."""
    yield from map(_query, _writers_of(database))
    for query in _mentioning([database]):
        if re.search(rf'(?<![\w.]){re.escape(database)}["`]?\s*\.', query.sql, re.IGNORECASE):
            yield _query(query)
    for job in Job.objects.active().filter(Q(database_name=database) | Q(into__database=database)).only("pk", "name"):
        yield Use("job", f"{job.pk} {job.name}", reverse("exports:job", args=[job.pk]))


def members_of(database: Database) -> Iterator[Use]:
    """Queries of the database."""
    return map(_query, Query.objects.filter(database=database))


def _writers_of(database: str) -> QuerySet[Query]:
    """Saved queries whose result goes into a table of it."""
    return Query.objects.filter(into__database=database)


def _query(query: Query) -> Use:
    return Use(query.what, query.name, reverse("exports:query", args=[query.pk]))


def _mentioning(words: Iterable[str]) -> Iterator[Query]:
    """Queries with one of these words somewhere in their SQL."""
    patterns = [re.compile(rf"\b{re.escape(word)}\b", re.IGNORECASE) for word in words]
    for some in _in_portions(list(words)):
        for query in some:
            if any(pattern.search(query.sql) for pattern in patterns):
                yield query


def _in_portions(words: list[str]) -> Iterator[QuerySet[Query]]:
    local = Query.objects.exclude(engine=EngineType.SOURCE)  # its tables are not ours
    for start in range(0, len(words), 100):
        some = Q.create([("sql__icontains", word) for word in words[start : start + 100]], connector=Q.OR)
        yield local.filter(some).select_related("database")


def _mentions(query: Query, database: str, tables: Collection[str]) -> bool:
    names = "|".join(map(re.escape, tables))
    qualified = rf'(?<![\w.])["`]?{re.escape(database)}["`]?\s*\.\s*["`]?({names})\b'
    return query.database.name == database or bool(re.search(qualified, query.sql, re.IGNORECASE))


def _tables_of(query: Query) -> set[TableName] | None:
    """The tables that a query names, in lower case; None if it cannot be parsed."""
    try:
        trees = sqlglot.parse(query.sql, read=query.engine)
        if any(isinstance(tree, exp.Command) for tree in trees):
            return None
        found = [table for tree in trees if tree for table in _tables_in(tree)]
    except (SqlglotError, RecursionError, ValueError):
        return None
    return {((table.db or query.database.name).lower(), table.name.lower()) for table in found}


def _tables_in(tree: exp.Expr) -> Iterator[exp.Table]:
    """What a statement reads, names of CTEs left out where they mean the CTE, and what it writes."""
    if not isinstance(tree, exp.Query):
        target = tree.find(exp.Table)
        yield from [target] if target else []
    for query in [tree] if isinstance(tree, exp.Query) else tree.find_all(exp.Query):
        for scope in traverse_scope(query):
            yield from (source for source in scope.sources.values() if isinstance(source, exp.Table))
