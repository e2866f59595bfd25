"""SQL text of a tree, to be run and to be read."""

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.generators.duckdb import DuckDBGenerator


class _Generator(DuckDBGenerator):
    # What stands for a line break within a text while the SQL is laid out: no text of a rule can hold a NUL.
    SENTINEL_LINE_BREAK = "\0"


def sql(expression: exp.Expr) -> str:
    """In DuckDB's dialect, laid out."""
    return _Generator(dialect=DuckDB(), pretty=True).generate(expression)
