"""Which columns of a query's result hold personal data, and how their values may be shown."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from integrations.catalog import CONNECTORS
from warehouse.masking import DOTS, is_personal, mask

_QUOTED = re.compile(r"'([^']*)'")
_OF_NAMES = ("No function matches the given name and argument types '", "Ambiguous reference to column name ")
"""How errors begin that quote functions, types and columns only, and no values."""


def personal_columns(names: Iterable[str], mapping: Mapping[str, Mapping[str, Any]] | None = None) -> set[str]:
    """Those of the column names that stand for personal data, by themselves or through an export's column mapping."""
    known = _names_at_destinations()
    mapped = {str(source.get("column", "")).lower() for field, source in (mapping or {}).items() if field in known}
    return {name for name in names if name.lower() in known | mapped or is_personal(name)}


def _names_at_destinations() -> set[str]:
    """The personal fields of every connector, and the other names that people give to such columns."""
    names = set()
    for connector in CONNECTORS.values():
        for field in connector.fields:
            if field.personal:
                names |= {field.name, *connector.synonyms.get(field.name, ())}
    return names


def message(text: str, sql: str) -> str:
    """An engine's error text without the values of rows: what it quotes stays only where the query says it too."""
    if text.startswith(_OF_NAMES):
        return mask(text).replace("\0", "")
    return _QUOTED.sub(lambda quoted: quoted[0] if quoted[1] in sql else f"'{DOTS}'", mask(text)).replace("\0", "")
