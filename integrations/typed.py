"""Values that are no text in the event: numbers, truth values and lists of strings.

Every class reads one plain Python value, and is the reference for the vectorised checks: `read` gives what stands in
the event, or None for what is refused. What it gives has one JSON text, which any JSON library prints alike.
"""

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar, Literal

from integrations.rules import ASCII_SPACE, INVALID_UTF8, Reason, as_integer, as_text, ascii_lower

NUMBER = r"-?[0-9]{1,18}(\.[0-9]{1,38})?"
TRUTH = {"true": True, "false": False}

TypedKind = Literal["number", "integer", "boolean", "list"]


@dataclass(frozen=True)
class Number:
    """0 to `most`; `whole`: without a fraction.

    Taken are numbers of any type and text of digits, with a point where fractions are allowed: no exponent, no sign
    but -, no spaces and no separators. A number with a fraction is the double that is nearest to it, as every reader
    of JSON takes it; all others are whole, so that 100, 100.0 and "100.00" are all 100.
    """

    most: int
    whole: bool = False

    @property
    def kind(self) -> TypedKind:
        return "integer" if self.whole else "number"

    @property
    def describe(self) -> str:
        return f"from 0 to {self.most:,}"

    def check(self, value: object) -> Reason | None:
        if self.read(value) is not None:
            return None
        if self.whole:
            return Reason("not_an_integer", f"must be a whole number {self.describe}")
        return Reason("not_a_number", f"must be a number {self.describe}")

    def read(self, value: object) -> int | float | None:
        number = as_integer(value) if self.whole else _as_float(value)
        if number is None or not 0 <= number <= self.most:
            return None
        return int(number) if number == int(number) else number


def _as_float(value: object) -> float | None:
    """The nearest double; None for what is no number, or is beyond all doubles."""
    if isinstance(value, str):
        return float(value) if re.fullmatch(NUMBER, value) else None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    try:
        return float(value)
    except (OverflowError, ValueError):  # of an int beyond all doubles, of a signalling NaN
        return None


@dataclass(frozen=True)
class Truth:
    """A boolean, or the text true or false in upper or lower case. Nothing else: neither 1 and 0 nor yes and no."""

    kind: ClassVar[TypedKind] = "boolean"
    describe: ClassVar[str] = "true or false, as a boolean or as text"

    def check(self, value: object) -> Reason | None:
        return Reason("not_a_boolean", "must be true or false") if self.read(value) is None else None

    def read(self, value: object) -> bool | None:
        if isinstance(value, str):
            return TRUTH.get(ascii_lower(value))
        return value if isinstance(value, bool) else None


@dataclass(frozen=True)
class StringList:
    """At most `most` strings.

    Taken are a list, the text of a JSON array (it begins with a bracket), and any other text, which is divided at its
    commas and trimmed. Whole numbers become their digits. Null and "" in it are left out; a list without any string is
    no value.
    """

    most: int
    kind: ClassVar[TypedKind] = "list"

    @property
    def describe(self) -> str:
        return f"up to {self.most}, as a list, a JSON array, or text with commas"

    def empty(self, value: object) -> bool:
        return self.read(value) == []

    def check(self, value: object) -> Reason | None:
        items = _items(value)
        if any(isinstance(item, bytes) for item in items or ()):
            return INVALID_UTF8
        found = self.read(value)
        if found is None:
            return Reason("not_a_list", "must be a list of strings, a JSON array of strings, or text with commas")
        return Reason("too_many", f"has more than {self.most} entries") if len(found) > self.most else None

    def read(self, value: object) -> list[str] | None:
        """The strings, however many; None where something in it is neither text nor a whole number."""
        items = _items(value)
        if items is None:
            return None
        texts = [as_text(item) for item in items if item is not None]
        return None if None in texts else [text for text in texts if text]


def _items(value: object) -> list[object] | None:
    if isinstance(value, list):
        return value
    text = as_text(value)
    if text is None:
        return None
    if not text.lstrip(ASCII_SPACE).startswith("["):
        return [item.strip(ASCII_SPACE) for item in text.split(",")]
    try:
        found = json.loads(text)
        json.dumps(found, ensure_ascii=False).encode()  # half a surrogate pair, "\ud800", is no text
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, list) else None


TypedRule = Number | Truth | StringList
