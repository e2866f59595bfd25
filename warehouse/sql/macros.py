"""The macros of macros.sql that a query needs."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from pathlib import Path

from warehouse.sql import nfkc

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
        ordered[name] = _all()[name] or nfkc.statement()

    for name in names:
        add(name)
    return tuple(ordered.values())


def names() -> list[str]:
    """The names of all macros."""
    return list(_all())
