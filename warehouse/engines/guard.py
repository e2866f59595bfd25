"""Lets one SELECT through, over known tables and harmless functions only. Runs in the fenced child.

It reads the tree that DuckDB's own parser makes, so that there is no second opinion of what a text means. Whatever it
does not know is refused: a newer DuckDB may bring new kinds of nodes (2.0 put COPY and INSERT into CTEs).
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, NoReturn

import duckdb

from warehouse.engines.base import RESERVED_DATABASES, QueryRejected, TableName
from warehouse.engines.complaints import complaint_of, place_of

LONGEST_QUERY = 200_000

_STRUCTURES = frozenset(
    [
        "SELECT_NODE",
        "SET_OPERATION_NODE",
        "RECURSIVE_CTE_NODE",
        "BASE_TABLE",
        "SUBQUERY",
        "JOIN",
        "TABLE_FUNCTION",
        "EMPTY",
        "EXPRESSION_LIST",
        "PIVOT",
        "ORDER_MODIFIER",
        "LIMIT_MODIFIER",
        "LIMIT_PERCENT_MODIFIER",
        "DISTINCT_MODIFIER",
        "ORDER_DEFAULT",
        "ASCENDING",
        "DESCENDING",
    ]
)
_EXPRESSIONS = frozenset(
    [
        "BETWEEN",
        "CASE",
        "CAST",
        "COLLATE",
        "COLUMN_REF",
        "COMPARISON",
        "CONJUNCTION",
        "CONSTANT",
        "FUNCTION",
        "LAMBDA",
        "OPERATOR",
        "POSITIONAL_REFERENCE",
        "STAR",
        "SUBQUERY",
        "TYPE",
        "WINDOW",
    ]
)
_TABLE_FUNCTIONS = frozenset(["range", "generate_series", "unnest", "repeat", "repeat_row", "json_each", "json_tree"])
_DENIED_FUNCTIONS = frozenset(
    [
        "getenv",
        "getvariable",
        "current_setting",
        "sleep_ms",
        "write_log",
        "query",
        "query_table",
        "which_secret",
        "add_parquet_key",
        "json_serialize_plan",
        "json_serialize_sql",
        "json_deserialize_sql",
        "json_execute_serialized_sql",
    ]
)
_INNER_PREFIXES = ("duckdb_", "pragma_", "sqlite_", "pg_")
_HARMLESS = frozenset({"pg_typeof", "pg_size_pretty"})
_REFUSED_AS = {
    "SHOW_REF": "DESCRIBE, SUMMARIZE and SHOW cannot be used in a query. Only SELECT is allowed.",
    "PARAMETER": "Parameters (?, $1, $name) cannot be used in a query.",
}


@dataclass(frozen=True)
class Passed:
    """What the guard found: the tables that the query reads, and whether it has an outer ORDER BY of its own."""

    tables: tuple[TableName, ...]
    ordered: bool


def check(
    connection: duckdb.DuckDBPyConnection, sql: str, *, catalogue: Collection[TableName], database: str
) -> Passed:
    """Refuse `sql` with QueryRejected unless it is one SELECT over tables of `catalogue`; nothing is run."""
    if len(sql) > LONGEST_QUERY:
        raise QueryRejected(f"The query is longer than {LONGEST_QUERY:,} characters.")
    _one_select(connection, sql)
    walk = _Walk(sql, catalogue, database)
    try:
        top = _tree(connection, sql)
        walk.visit(top, frozenset())
    except RecursionError:
        raise QueryRejected("The query is nested too deeply.") from None
    ordered = any(modifier["type"] == "ORDER_MODIFIER" for modifier in top["modifiers"])
    return Passed(tables=tuple(walk.tables), ordered=ordered)


def _one_select(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    try:
        statements = connection.extract_statements(sql)
    except duckdb.Error as error:
        raise complaint_of(error, sql).as_rejection() from None
    if not statements:
        raise QueryRejected("The query is empty.")
    if len(statements) > 1 and all(statement.query for statement in statements):
        raise QueryRejected(f"One statement is allowed, this is {len(statements)}.")
    kind = _kind(statements[-1])
    if kind == "MULTI" or len(statements) > 1:
        raise QueryRejected("PIVOT must name its values here: PIVOT … ON column IN (value, …).")
    if kind != "SELECT":
        raise QueryRejected(f"Only SELECT is allowed, this is {kind.replace('_', ' ')}.")


def _kind(statement: duckdb.Statement) -> str:
    try:
        return str(statement.type.name)
    except ValueError:  # one that DuckDB knows and its Python package does not
        return "another statement"


def _tree(connection: duckdb.DuckDBPyConnection, sql: str) -> dict[str, Any]:
    rows = connection.execute("SELECT json_serialize_sql(?)", [sql]).fetchall()
    document = json.loads(rows[0][0])
    if document["error"] or len(document["statements"]) != 1:
        raise QueryRejected(f"Only SELECT is allowed: {document.get('error_message', 'this cannot be read')}")
    node: dict[str, Any] = document["statements"][0]["node"]
    return node


class _Walk:
    """Goes through the whole tree once; `scope` holds the names of the CTEs that can be seen from where it stands."""

    def __init__(self, sql: str, catalogue: Collection[TableName], database: str) -> None:
        self.tables: dict[TableName, None] = {}
        self._sql = sql
        self._catalogue = catalogue
        self._database = database

    def visit(self, value: object, scope: frozenset[str]) -> None:
        if isinstance(value, list):
            for item in value:
                self.visit(item, scope)
        elif isinstance(value, dict):
            self._allow(value)
            self._check_names(value, scope)
            scope = self._visit_ctes(value, scope)
            for key, child in value.items():
                if key != "cte_map":
                    self.visit(child, self._scope_of(key, value, scope))

    def _visit_ctes(self, node: dict[str, Any], scope: frozenset[str]) -> frozenset[str]:
        """Each CTE sees those before it."""
        for entry in (node.get("cte_map") or {"map": []})["map"]:
            self.visit(entry["value"], scope)
            scope |= {entry["key"].lower()}
        return scope

    def _scope_of(self, key: str, node: dict[str, Any], scope: frozenset[str]) -> frozenset[str]:
        """A recursive CTE also sees itself, but only in its recursive part: before that, its name means a table."""
        if key == "right" and node.get("type") == "RECURSIVE_CTE_NODE":
            return scope | {node["cte_name"].lower()}
        return scope

    def _allow(self, node: dict[str, Any]) -> None:
        kind = node.get("class") or node.get("type")
        if not isinstance(kind, str) or kind.endswith("_TYPE_INFO"):
            return
        if kind not in (_EXPRESSIONS if "class" in node else _STRUCTURES):
            readable = kind.removesuffix("_NODE").replace("_", " ")
            self._refuse(_REFUSED_AS.get(kind, f"{readable} cannot be used in a query. Only SELECT is allowed."), node)

    def _check_names(self, node: dict[str, Any], scope: frozenset[str]) -> None:
        if node.get("type") == "BASE_TABLE":
            self._check_table(node, scope)
        elif node.get("type") == "TABLE_FUNCTION":
            name = node["function"].get("function_name", "").lower()
            if name not in _TABLE_FUNCTIONS:
                self._refuse(f"The table function {name}() cannot be used.", node)
        elif isinstance(node.get("function_name"), str):
            name = node["function_name"].lower()
            if name in _DENIED_FUNCTIONS or (name.startswith(_INNER_PREFIXES) and name not in _HARMLESS):
                self._refuse(f"The function {name}() cannot be used.", node)

    def _check_table(self, node: dict[str, Any], scope: frozenset[str]) -> None:
        schema, name = node["schema_name"].lower(), node["table_name"].lower()
        table = (schema or self._database, name)
        if node["catalog_name"]:
            self._refuse(f'"{node["table_name"]}": a table is named database.table, without more parts.', node)
        if table[0] == "information_schema":
            told = "information_schema cannot be read here. Databases in Data Workbench shows the tables and columns."
            self._refuse(told, node)
        if table[0] in RESERVED_DATABASES:
            self._refuse(f'"{table[0]}" is a name that DuckDB has for itself: nothing in it can be read.', node)
        if name.startswith(_INNER_PREFIXES) and table not in self._catalogue:
            self._refuse(f'"{name}" is one of DuckDB\'s inner tables, which cannot be read.', node)
        if not schema and name in scope:
            return
        if table not in self._catalogue:
            self._refuse(self._unknown(table), node)
        self.tables[table] = None

    def _unknown(self, table: TableName) -> str:
        database, name = table
        message = f'Table "{name}" does not exist in database "{database}".'
        near = difflib.get_close_matches(name, [n for d, n in self._catalogue if d == database], n=3)
        near += [f"{d}.{n}" for d, n in sorted(self._catalogue) if n == name][: 3 - len(near)]
        return f"{message} Did you mean {' or '.join(near)}?" if near else message

    def _refuse(self, message: str, node: dict[str, Any]) -> NoReturn:
        position = node.get("query_location")
        line, column = place_of(self._sql, position if isinstance(position, int) else None)
        raise QueryRejected(message, line=line, column=column)
