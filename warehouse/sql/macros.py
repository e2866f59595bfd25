"""The macros of macros.sql that a query needs."""

from __future__ import annotations

import functools
import re
from pathlib import Path

_STATEMENT = re.compile(r"^CREATE TEMP MACRO (td__\w+)\(.*?;$", re.DOTALL | re.MULTILINE)
_CALL = re.compile(r"\b(td__\w+)\(")


@functools.cache
def _all() -> dict[str, str]:
    """Every macro's CREATE statement by its name."""
    text = Path(__file__).with_name("macros.sql").read_text(encoding="utf-8")
    return {found[1]: " ".join(found[0].removesuffix(";").split()) for found in _STATEMENT.finditer(text)}


def needed_by(text: str) -> tuple[str, ...]:
    """The CREATE statements of the macros that a query's text calls and of those that they call, in that order."""
    ordered: dict[str, str] = {}

    def add(name: str) -> None:
        if name in ordered:
            return
        for other in _CALL.findall(_all()[name]):
            if other != name:
                add(other)
        ordered[name] = _all()[name]

    for name in _CALL.findall(text):
        if name in _all():  # else it stands in a text of the user's
            add(name)
    return tuple(ordered.values())
