"""What is worth knowing of the rows that pass the checks, one row at a time in plain Python.

Warnings, identifiers, and how clean the hashed values are: the reference for the vectorised `notes`, and what the
mapping page says of its sample. None of it is a match rate: nobody but the destination knows who is matched.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable
from collections.abc import Mapping as Map
from dataclasses import asdict, dataclass, field
from typing import Any, get_args

from exports.exporter.explain import Terms, explain_row, values_of
from exports.exporter.mapping import Mapping
from integrations.spec import ASCII_SPACE, Connector, Field, Repeated, RowWarning, as_text

BLANK = hashlib.sha256(b"").hexdigest()
"""What becomes of an empty value that is hashed before it comes here: a hash of nobody."""

ROW_WARNINGS = get_args(RowWarning)


@dataclass(frozen=True)
class Hygiene:
    """Of one hashed field, rows: `upper`: hashes in upper case; `blank`: of an empty text; `most`: with one value."""

    upper: int = 0
    blank: int = 0
    most: int = 0


@dataclass(frozen=True)
class Summary:
    """Numbers of rows, of the `rows` that passed the checks.

    `identifiers`: with each of them; `warnings`: by code; `hashes`: by hashed field that is mapped. A value and its
    ready hash count as two values.
    """

    rows: int = 0
    identifiers: dict[str, int] = field(default_factory=dict)
    warnings: dict[str, int] = field(default_factory=dict)
    hashes: dict[str, Hygiene] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: Map[str, Any]) -> "Summary":
        """What `to_json` gave, or nothing."""
        hashes = {name: Hygiene(**counts) for name, counts in value.get("hashes", {}).items()}
        return cls(**{**value, "hashes": hashes})


def row_warnings(connector: Connector) -> list[RowWarning]:
    """The warnings that one row decides."""
    return [w for w in connector.warnings if isinstance(w, ROW_WARNINGS)]


def repeats(connector: Connector) -> list[Repeated]:
    return [w for w in connector.warnings if isinstance(w, Repeated)]


def hashed_fields(connector: Connector, mapping: Mapping) -> list[Field]:
    return [f for f in connector.fields if f.hashing and f.name in mapping]


def summary(terms: Terms, rows: Iterable[Map[str, Any]]) -> Summary:
    """Of some rows as plain values, see `explain_row`; bad ones are left out."""
    good = [values_of(terms, row) for row in rows if explain_row(terms, row)[0] is not None]
    connector = terms.connector
    warnings = {w.code: sum(w.check(values, terms.now) for values in good) for w in row_warnings(connector)}
    keys = {w.code: Counter(w.key(values) for values in good) for w in repeats(connector)}
    return Summary(
        rows=len(good),
        identifiers={name: sum(name in values for values in good) for name in connector.identifiers},
        warnings=warnings | {code: len(good) - len(found) for code, found in keys.items()},
        hashes={f.name: _hygiene(f, good) for f in hashed_fields(connector, terms.mapping)},
    )


def _hygiene(hashed: Field, good: list[dict[str, Any]]) -> Hygiene:
    texts = [as_text(values[hashed.name]) or "" for values in good if hashed.name in values]
    ready = [text for text in texts if hashed.hashing and hashed.hashing.ready(text)]
    normal = Counter(hashed.hashing.normalise(text) for text in texts if hashed.hashing)
    return Hygiene(
        upper=sum(text.strip(ASCII_SPACE) != text.strip(ASCII_SPACE).lower() for text in ready),
        blank=normal[BLANK],
        most=max(normal.values(), default=0),
    )
