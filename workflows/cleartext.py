"""Secrets that stand in a project's files as they are, where `${secret:key}` should: found by their keys.

What connectors keep secret counts whatever it is; under a key that only looks secret, what looks like a key.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from workflows.archives import Files
from workflows.dig.problems import Place
from workflows.editing import text_of
from workflows.masking import LIKE_A_KEY, LOOKS_SECRET, declared_secret
from workflows.secrets import MASK

READ = (".dig", ".yml", ".yaml", ".json")
_VALUE = r"""(?P<value>"(?:[^"\\\n]|\\.){0,2000}"|'[^'\n]{0,2000}'|[^\s"'#|>&*!{}\[\],\\][^\s,}\]"'\\]{0,2000})"""
PAIR = re.compile(
    rf"""(?<![\w.\-$])(?P<quote>\\?["']?)(?P<key>[\w.\-]{{1,100}})(?P=quote)"""
    rf"""[ \t]{{0,100}}:[ \t]{{0,100}}\\?(?={_VALUE})"""
)


def found(files: Files) -> list[tuple[Place, str]]:
    """Where each of them stands, and its key, in the order of files and lines."""
    secret = declared_secret()
    return sorted(
        (Place(path, text.count("\n", 0, pair.start()) + 1), pair["key"])
        for path, text in _texts(files)
        for pair in _pairs(text, secret)
    )


def masked(files: Files) -> dict[str, bytes]:
    """The files for people who may not change them: without these secrets."""
    secret, shown = declared_secret(), dict(files)
    for path, text in _texts(files):
        pairs = {pair.start("value"): pair.end("value") for pair in _pairs(text, secret)}
        if pairs:
            shown[path] = _without(text, pairs).encode()
    return shown


def _texts(files: Files) -> Iterator[tuple[str, str]]:
    for path, content in files.items():
        text = text_of(content) if path.endswith(READ) else None
        if text:
            yield path, text


def _pairs(text: str, secret: frozenset[str]) -> Iterator[re.Match[str]]:
    for pair in PAIR.finditer(text):
        if _is_secret(pair["key"], pair["value"].strip("\"'\\"), secret):
            yield pair


def _is_secret(key: str, value: str, secret: frozenset[str]) -> bool:
    if not value or "${" in value or value == "null":
        return False
    return key in secret or (LOOKS_SECRET.search(key) and LIKE_A_KEY.fullmatch(value)) is not None


def masked_values(values: Any, key: str = "") -> Any:
    """The same of what a file says, as plain data."""
    if isinstance(values, Mapping):
        return {name: masked_values(value, str(name)) for name, value in values.items()}
    if isinstance(values, list):
        return [masked_values(value, key) for value in values]
    if isinstance(values, str) and values.lstrip().startswith("{"):  # settings may be written as JSON
        [text] = masked({"settings.json": values.encode()}).values()
        return text.decode()
    return MASK if isinstance(values, str | int) and _is_secret(key, str(values), declared_secret()) else values


def _without(text: str, places: Mapping[int, int]) -> str:
    pieces, at = [], 0
    for start, end in places.items():
        pieces += [text[at:start], MASK]
        at = end
    return "".join([*pieces, text[at:]])
