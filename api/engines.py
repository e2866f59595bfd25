"""How a text is read, as Treasure Data's clients call it."""

from collections.abc import Mapping

from exports.models import EngineType

ENGINES: Mapping[str, str] = {
    "hive": EngineType.HIVE,
    "presto": EngineType.TRINO,
    "trino": EngineType.TRINO,
    "duckdb": EngineType.DUCKDB,
}


def type_of(engine: str, issued_as: str = "") -> str:
    """As a client gave it, if that is still how it is read; else presto for Trino, "source" for a database behind an
    authentication, or the engine's own name."""
    if ENGINES.get(issued_as) == engine:
        return issued_as
    return "presto" if engine == EngineType.TRINO else str(engine)
