"""What destinations and sources have in common: a name, a tile, and the settings of an authentication."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from warehouse.engines.sourceengine import SourceEngine

SettingValue = str | int | bool | None
SettingKind = Literal["text", "secret", "integer", "boolean", "choice"]
Stage = Literal["credentials", "advanced", "export"]


class SettingError(ValueError):
    """A setting's value is not allowed; the text says what is wrong and what is allowed."""


@dataclass(frozen=True)
class Setting:
    """One thing a user sets, with its limits. `stage`: which form asks for it. `choices`: (value, label) each."""

    name: str
    label: str
    kind: SettingKind
    stage: Stage
    help: str = ""
    required: bool = False
    default: SettingValue = None
    minimum: int | None = None
    maximum: int | None = None
    max_length: int = 500
    pattern: str = ""
    pattern_says: str = ""
    choices: tuple[tuple[str, str], ...] = ()

    @property
    def limits(self) -> str:
        """The allowed values in words, as printed beside the field; empty when anything goes."""
        if self.kind == "integer" and self.minimum is not None and self.maximum is not None:
            return f"{self.minimum:,} to {self.maximum:,}"
        if self.kind == "boolean":
            return "true or false"
        if self.kind == "choice":
            return f"one of {', '.join(value for value, _ in self.choices)}"
        return self.pattern_says

    def clean(self, value: object) -> SettingValue:
        """The value in its own type. None or "" gives the default. Raises SettingError."""
        if value is None or value == "":
            if self.required:
                raise SettingError(f"{self.label} is required.")
            return self.default
        if self.kind == "integer":
            return self._integer(value)
        if self.kind == "boolean":
            return self._boolean(value)
        return self._text(value)

    def _integer(self, value: object) -> int:
        text = str(value).strip()
        if isinstance(value, bool) or not re.fullmatch(r"-?[0-9]{1,18}", text):
            raise SettingError(f"{self.label} must be a whole number, {self.limits}.")
        number = int(text)
        low, high = self.minimum, self.maximum
        if (low is not None and number < low) or (high is not None and number > high):
            raise SettingError(f"{self.label} must be {self.limits}; {number:,} is not.")
        return number

    def _boolean(self, value: object) -> bool:
        if isinstance(value, bool):
            return value
        words = {"true": True, "false": False}
        if str(value).lower() not in words:
            raise SettingError(f"{self.label} must be true or false.")
        return words[str(value).lower()]

    def _text(self, value: object) -> str:
        text = str(value).strip()
        if len(text) > self.max_length:
            raise SettingError(f"{self.label} has {len(text):,} characters; at most {self.max_length:,} are allowed.")
        if self.pattern and not re.fullmatch(self.pattern, text):
            raise SettingError(f"{self.label} must be {self.pattern_says}.")
        if self.kind == "choice" and text not in dict(self.choices):
            raise SettingError(f"{self.label} must be {self.limits}.")
        return text


@dataclass(frozen=True)
class Declared:
    """What the catalog shows of a connector, and what its authentications hold."""

    key: str
    name: str
    category: str
    icon: str
    description: str
    settings: tuple[Setting, ...]

    def setting(self, name: str) -> Setting:
        return next(s for s in self.settings if s.name == name)

    def settings_of(self, *stages: Stage) -> tuple[Setting, ...]:
        return tuple(s for s in self.settings if s.stage in stages)


@dataclass(frozen=True)
class Source(Declared):
    """A connector that queries read from. Only admins make its authentications.

    engine: makes the engine from settings and secrets. tests: what *Test connection* does. server: the host, "" while
    it is not known, and port that this server must be able to connect to. address: what tells one authentication from
    the next. commands: what an admin runs on the server first, with `commands_say` above it.
    """

    engine: type[SourceEngine]
    tests: str
    server: Callable[[Mapping[str, Any]], tuple[str, int]]
    address: Callable[[Mapping[str, Any]], str]
    token_steps: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    commands_say: str = ""

    is_source: ClassVar[bool] = True

    def filled(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """`settings` with defaults for what is missing."""
        return {**{s.name: s.default for s in self.settings}, **settings}
