"""The macros of macros.sql that a query needs."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

_STATEMENT = re.compile(r"^CREATE TEMP MACRO (td__\w+)\(.*?;$", re.DOTALL | re.MULTILINE)
_CALL = re.compile(r"\b(td__\w+)\(")


@functools.cache
def _all() -> dict[str, str]:
    """Every macro's CREATE statement by its name."""
    text = Path(__file__).with_name("macros.sql").read_text(encoding="utf-8")
    found = {one[1]: " ".join(one[0].removesuffix(";").split()) for one in _STATEMENT.finditer(text)}
    return {**found, "td__nfkc": ""}


def needed_by(names: Iterable[str]) -> tuple[str, ...]:
    """The CREATE statements of these macros and of those that they call, each after what it calls."""
    ordered: dict[str, str] = {}

    def add(name: str) -> None:
        if name in ordered:
            return
        for other in _CALL.findall(_all()[name]):
            if other != name:
                add(other)
        ordered[name] = _all()[name] or _nfkc()

    for name in names:
        add(name)
    return tuple(ordered.values())


def _nfkc() -> str:
    """normalize(x, NFKC): each character in its plain form (which DuckDB does not know), then put together (NFC)."""
    plain = {}
    for code in range(0xA0, 0x110000):
        letter = chr(code)
        if unicodedata.decomposition(letter):
            form = unicodedata.normalize("NFKD", letter)
            if form != unicodedata.normalize("NFD", letter):
                plain[letter] = form
    letters = ", ".join(map(_quoted, plain))
    forms = ", ".join(map(_quoted, plain.values()))
    each = "coalesce(td__map[td__v], td__v)"
    return (
        "CREATE TEMP MACRO td__nfkc(value) AS CASE WHEN regexp_full_match(value, '[\\x00-\\x7f]*') THEN value "
        f"ELSE nfc_normalize(array_to_string(list_transform(string_split(value, ''), lambda td__v: {each}), '')) END"
    ).replace("td__map", f"map([{letters}], [{forms}])")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def names() -> list[str]:
    """The names of all macros."""
    return list(_all())
