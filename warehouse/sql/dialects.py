"""How the user's text is read: by sqlglot's grammars, but with every function under the name it was written with.

What a function means is said by our own tables; sqlglot's idea of it is right for the common case only.
"""

from __future__ import annotations

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.dialects.hive import Hive
from sqlglot.dialects.trino import Trino
from sqlglot.parsers.hive import HiveParser
from sqlglot.parsers.trino import TrinoParser

# Window functions that may say IGNORE NULLS keep a class of their own, which knows where that stands in DuckDB.
_WINDOWED = {
    "LAG": exp.Lag.from_arg_list,
    "LEAD": exp.Lead.from_arg_list,
    "FIRST_VALUE": exp.FirstValue.from_arg_list,
    "LAST_VALUE": exp.LastValue.from_arg_list,
    "NTH_VALUE": exp.NthValue.from_arg_list,
    # Else array(1, 2)[0] would be read as a type and a list.
    "ARRAY": lambda arguments: exp.Array(expressions=arguments),
}
# Functions whose arguments are no plain list: CAST(x AS t), LISTAGG(x, ',') WITHIN GROUP (ORDER BY y).
_TRINO_SHAPES = ("CAST", "TRY_CAST", "EXTRACT", "TRIM", "POSITION", "SUBSTRING", "LISTAGG")
_HIVE_SHAPES = ("CAST", "EXTRACT", "TRIM", "SUBSTRING")


class _TrinoParser(TrinoParser):
    FUNCTIONS = _WINDOWED
    FUNCTION_PARSERS = {name: TrinoParser.FUNCTION_PARSERS[name] for name in _TRINO_SHAPES}


class _HiveParser(HiveParser):
    FUNCTIONS = _WINDOWED
    FUNCTION_PARSERS = {name: HiveParser.FUNCTION_PARSERS[name] for name in _HIVE_SHAPES}


class TrinoText(Trino):
    """Trino's grammar."""

    INDEX_OFFSET = 0  # subscripts stay as written
    Parser = _TrinoParser


class HiveText(Hive):
    """Hive's grammar."""

    INDEX_OFFSET = 0
    Parser = _HiveParser


TARGET = DuckDB
READ = {"trino": TrinoText, "hive": HiveText}
