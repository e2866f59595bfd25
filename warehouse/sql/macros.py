"""The macros of macros.sql that a query needs."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from pathlib import Path

_STATEMENT = re.compile(r"^CREATE TEMP MACRO (td__\w+)\(.*?;$", re.DOTALL | re.MULTILINE)
_CALL = re.compile(r"\b(td__\w+)\(")


@functools.cache
def _all() -> dict[str, str]:
    """Every macro's CREATE statement by its name."""
    text = Path(__file__).with_name("macros.sql").read_text(encoding="utf-8")
    return {found[1]: " ".join(found[0].removesuffix(";").split()) for found in _STATEMENT.finditer(text)}


def statements(names: Iterable[str]) -> tuple[str, ...]:
    """The CREATE statements of these macros and of those that they use, each after what it uses."""
    ordered: dict[str, str] = {}

    def add(name: str) -> None:
        if name in ordered:
            return
        for needed in _CALL.findall(_all()[name]):
            if needed != name:
                add(needed)
        ordered[name] = _all()[name]

    for name in names:
        add(name)
    return tuple(ordered.values())
