"""Rules of a value and of a record: what is allowed, why not, and how a personal value is hashed.

Every rule works on one plain Python value and is the reference for the vectorised checks. Patterns are written
without anchors and applied whole, with ASCII classes only, so that Python's `re` and RE2 mean the same by them.
"""

import datetime
import hashlib
import ipaddress
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

HEX64 = r"[0-9a-f]{64}"
ASCII_SPACE = " \t\n\r\x0b\x0c"
ASCII_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
INT64 = 2**63


@dataclass(frozen=True)
class Reason:
    """Why a value is refused: `code` for grouping and machines, `text` for people."""

    code: str
    text: str


@dataclass(frozen=True)
class Pattern:
    """The whole value matches `regex` (written without anchors; `\\d` and `$` differ between engines)."""

    regex: str
    says: str
    code: str = "pattern"

    @property
    def describe(self) -> str:
        return self.says

    def check(self, value: str) -> Reason | None:
        return None if self._compiled.fullmatch(value) else Reason(self.code, f"must be {self.says}")

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.regex)


@dataclass(frozen=True)
class Prefix:
    """The value begins with `regex`; nothing is said of the rest."""

    regex: str
    says: str
    code: str = "pattern"

    @property
    def describe(self) -> str:
        return self.says

    def check(self, value: str) -> Reason | None:
        return None if self._compiled.match(value) else Reason(self.code, f"must be {self.says}")

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.regex)


@dataclass(frozen=True)
class MaxLength:
    """At most `units` UTF-16 units: the stricter reading of LINE's "characters"."""

    units: int

    @property
    def describe(self) -> str:
        return f"up to {self.units:,} characters"

    def check(self, value: str) -> Reason | None:
        if 2 * len(value) <= self.units or len(value.encode("utf-16-le", "surrogatepass")) // 2 <= self.units:
            return None
        return Reason("too_long", f"is longer than {self.units:,} characters")


@dataclass(frozen=True)
class Choice:
    """The value is one of `values`."""

    values: tuple[str, ...]

    @property
    def describe(self) -> str:
        return " or ".join(self.values) if len(self.values) > 1 else f"{self.values[0]} only"

    def check(self, value: str) -> Reason | None:
        return None if value in self.values else Reason("not_allowed", f"must be {' or '.join(self.values)}")


@dataclass(frozen=True)
class NotSent:
    """A literal that the destination takes for "no value"."""

    value: str

    @property
    def describe(self) -> str:
        return f"not the word “{self.value}”"

    def check(self, value: str) -> Reason | None:
        if value != self.value:
            return None
        return Reason("counts_as_missing", f"is the word “{self.value}”, which LINE reads as not sent")


@dataclass(frozen=True)
class IpAddress:
    """IPv4 in dotted form or IPv6, without a scope id."""

    describe: str = "IPv4 or IPv6"

    def check(self, value: str) -> Reason | None:
        try:
            ipaddress.ip_address(value)
        except ValueError:
            return Reason("not_an_ip", "is not an IPv4 or IPv6 address")
        return Reason("not_an_ip", "is not an IPv4 or IPv6 address") if "%" in value else None


def ascii_lower(text: str) -> str:
    """A-Z in lower case, all else as it is."""
    return text.lower() if text.isascii() else text.translate(ASCII_LOWER)


@dataclass(frozen=True)
class Hashing:
    """How a raw value becomes the SHA-256 that goes on the wire.

    Trim ASCII space; 64 hex digits of any case are a ready hash and are only lower-cased; otherwise lower-case A-Z
    (where `lower`), remove the characters of `drop`, require `raw` as a whole, and hash the UTF-8 bytes. `raw` matches
    ASCII only, and neither space, a dropped character nor 64 hex digits: a value that matches as it came is normal
    but for its case.
    """

    raw: str
    says: str
    code: str
    lower: bool = False
    drop: str = ""

    @property
    def describe(self) -> str:
        return f"{self.says}, or SHA-256"

    def ready(self, value: str) -> str | None:
        """A value that is a hash already, in lower case; else None."""
        text = ascii_lower(value.strip(ASCII_SPACE))
        return text if len(text) == 64 and re.fullmatch(HEX64, text) else None

    def normalise(self, value: str) -> str:
        """The text that `raw` is tried on and that is hashed, or the ready hash."""
        if ready := self.ready(value):
            return ready
        text = value.strip(ASCII_SPACE)
        for character in self.drop:
            text = text.replace(character, "")
        return ascii_lower(text) if self.lower else text

    def check(self, value: str) -> Reason | None:
        if self.ready(value) or self._compiled.fullmatch(self.normalise(value)):
            return None
        return Reason(self.code, f"must be {self.says}, or a SHA-256 of 64 hex digits")

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.raw)

    def apply(self, value: str) -> str:
        """A value that passed `check` → 64 lower-case hex digits."""
        return self.ready(value) or hashlib.sha256(self.normalise(value).encode()).hexdigest()


@dataclass(frozen=True)
class EpochWindow:
    """Whole seconds since 1970, above 0, within [now - max_age, now + max_ahead] when the event arrives."""

    max_age: int
    max_ahead: int
    milliseconds_above: int = 10**11

    @property
    def describe(self) -> str:
        days, hours = self.max_age // 86400, self.max_ahead // 3600
        return f"UNIX time in seconds, at most {days} days old, at most {hours} hours ahead"

    def check(self, value: object, now: int) -> Reason | None:
        seconds = epoch_seconds(value)
        if seconds is None:
            return Reason("not_an_integer", "must be a whole number of seconds")
        if seconds <= 0:
            return Reason("not_positive", "must be above 0")
        if seconds > self.milliseconds_above:
            return Reason("milliseconds", "looks like milliseconds; LINE wants seconds")
        if seconds < now - self.max_age:
            return Reason("too_old", f"is more than {self.max_age // 86400} days ago")
        if seconds > now + self.max_ahead:
            return Reason("too_new", f"is more than {self.max_ahead // 3600} hours ahead")
        return None


def epoch_seconds(value: object) -> int | None:
    """Whole seconds from a number, digits or an aware datetime (its fraction dropped); else None."""
    if isinstance(value, datetime.datetime):
        return math.floor(value.timestamp()) if value.tzinfo else None
    return as_integer(value)


def as_integer(value: object) -> int | None:
    """A whole number of 64 bits from a number or digits; else None."""
    if isinstance(value, str):
        return int(value) if re.fullmatch("-?[0-9]{1,18}", value) else None
    number = whole_number(value)
    return number if number is not None and -INT64 <= number < INT64 else None


def whole_number(value: object) -> int | None:
    """A number without a fraction as an int; None for anything else, and for a float too large to be exact."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if math.isfinite(value) and value == int(value) and abs(value) < 2.0**53 else None
    if isinstance(value, Decimal):
        return int(value) if value.is_finite() and value == int(value) else None
    return None


def as_text(value: object) -> str | None:
    """Text as it is, a whole number as its digits (so that a BIGINT can be a key); None for anything else."""
    if isinstance(value, str):
        return value
    number = whole_number(value)
    return None if number is None else str(number)


TextRule = Pattern | Prefix | MaxLength | Choice | NotSent | IpAddress
REQUIRED = Reason("required", "is missing")
INVALID_UTF8 = Reason("invalid_utf8", "is not valid UTF-8 text")
NOT_TEXT = Reason("not_text", "must be text or a whole number")


# --- rules of a whole record -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class AtLeastOne:
    """At least one of `fields` has a value."""

    fields: tuple[str, ...]
    says: str
    code: str = "no_identifier"

    @property
    def describe(self) -> str:
        return self.says

    def check(self, present: set[str], settings: Mapping[str, Any]) -> tuple[str, Reason] | None:
        return None if present.intersection(self.fields) else ("", Reason(self.code, self.says))


@dataclass(frozen=True)
class RequiresSetting:
    """A value in `field` needs the setting `setting` of the authentication."""

    field: str
    setting: str
    says: str
    code: str = "needs_setting"

    @property
    def describe(self) -> str:
        return self.says

    def check(self, present: set[str], settings: Mapping[str, Any]) -> tuple[str, Reason] | None:
        if self.field in present and not settings.get(self.setting):
            return self.field, Reason(self.code, self.says)
        return None


RecordRule = AtLeastOne | RequiresSetting
