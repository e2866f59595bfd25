"""TD_PARSE_AGENT in DuckDB: what a User-Agent says, by Woothee's rules, which Treasure Data uses too."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import duckdb
import pyarrow as pa
import woothee

NAME = "td_parse_agent"
KEYS = ("os", "vendor", "os_version", "name", "category", "version")


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Make td_parse_agent(VARCHAR) → MAP(VARCHAR, VARCHAR) with KEYS; NULL gives NULL."""
    made: Any = connection.create_function  # its types know nothing of Arrow's
    made(NAME, _all_parsed, ["VARCHAR"], "MAP(VARCHAR, VARCHAR)", type="arrow")


def _all_parsed(texts: pa.ChunkedArray) -> pa.Array:
    kind = pa.map_(pa.string(), pa.string())
    return pa.array([None if text is None else list(parsed(text).items()) for text in texts.to_pylist()], kind)


@lru_cache(maxsize=10_000)
def parsed(text: str) -> dict[str, str]:
    """What one User-Agent says, by KEYS; "UNKNOWN" where Woothee cannot tell."""
    found = woothee.parse(text)
    return {key: str(found.get(key, "UNKNOWN")) for key in KEYS}
