"""Whose words a text is: of the workflow's file, or of what its tasks have read.

Text of the file may have `${…}`, and `${secret:…}` for the operators. What a query or a web service has answered is
data: it is not computed, and cannot ask for a secret by saying its name. So in data `${` is marked while expressions
are computed, and in text of the file `${secret:`; what comes out with `${secret:` unmarked has been put together by
an expression.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import uuid4

SECRET = re.compile(r"\$\{(?=\s*secret:)")
_WHOLE = re.compile(r"\$\{\s*secret:[^}]*(\}|\Z)")


class SecretFromData(ValueError):
    """A value of the task asks for a secret in words that are not the file's; the text may be shown to users."""


class Words:
    """The marks of one computation: nobody can know them before."""

    def __init__(self) -> None:
        nonce = uuid4().hex
        self._data, self._secret = f"\ue000{nonce}{{", f"\ue001{nonce}{{"

    def data(self, value: Any) -> Any:
        """Something read, whose `${…}` is text."""
        return _each(value, lambda text: text.replace("${", self._data))

    def written(self, value: Any) -> Any:
        """Something of the file, whose secrets it may name."""
        return _each(value, lambda text: SECRET.sub(self._secret, text))

    def computed(self, value: Any) -> Any:
        """What `own` gave, once more: its secrets are the file's, all other `${…}` in it is text."""
        return self.data(self.written(value))

    def plain(self, value: Any) -> Any:
        """Computed values without marks, for showing and for templates. A secret that data asks for is none."""
        return _each(value, lambda text: self._unmarked(SECRET.sub("$ {", text.replace(self._data, "${"))))

    def own(self, value: Any, name: str) -> Any:
        """The computed value or parameter of an operator, without marks. Raises SecretFromData."""

        def unmarked(text: str) -> str:
            text = text.replace(self._data, "${")
            if SECRET.search(text):
                raise SecretFromData(
                    f"{name}: the text has ${{secret:…}} from a variable. Secrets are named in the workflow's file, "
                    "not in what it reads."
                )
            return self._unmarked(text)

        return _each(value, unmarked)

    def told(self, text: str) -> str:
        """An error's text without marks."""
        return self._unmarked(text.replace(self._data, "${"))

    def _unmarked(self, text: str) -> str:
        return text.replace(self._secret, "${")


def only_named(value: Any, within: Any) -> None:
    """Whether the secrets that `value` asks for are asked for in the same words `within` what it was read from: an
    escape of JSON could hide one there. Raises SecretFromData."""
    said = "\n".join(_texts(within))
    for text in _texts(value):
        for place in _WHOLE.finditer(text):
            if not place[1] or place[0] not in said:
                raise SecretFromData("A list has ${secret:…} that the workflow's file does not have in these words.")


def told_of(value: Any) -> Any:
    """What is told of an error: `${secret:…}` in it is no longer one that a task could ask for by telling it on."""
    return _each(value, lambda text: SECRET.sub("{", text))


def _each(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value) if "{" in value else value
    if isinstance(value, Mapping):
        return {key: _each(one, change) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_each(one, change) for one in value]
    return value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list | tuple):
        for one in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(one)
