"""The words connectors are written in: settings, event fields, rules, and what an answer means.

A connector is one `Connector` object. Forms, mapping page, row checks, hashing, reasons and documents are
computed from it; nothing about a destination is written anywhere else. This module knows no Django and no Arrow:
every rule here works on one plain Python value and is the reference for the vectorised checks.
"""

import datetime
import hashlib
import ipaddress
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import Any, Literal

HEX64 = r"[0-9a-f]{64}"
ASCII_SPACE = " \t\n\r\x0b\x0c"

SettingValue = str | int | bool | None
SettingKind = Literal["text", "secret", "integer", "boolean"]
Stage = Literal["credentials", "advanced", "export"]


class SettingError(ValueError):
    """A setting's value is not allowed; the text says what is wrong and what is allowed."""


@dataclass(frozen=True)
class Setting:
    """One thing a user sets, with its limits. `stage`: which form asks for it."""

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

    @property
    def limits(self) -> str:
        """The allowed values in words, as printed beside the field; empty when anything goes."""
        if self.kind == "integer" and self.minimum is not None and self.maximum is not None:
            return f"{self.minimum:,} to {self.maximum:,}"
        if self.kind == "boolean":
            return "true or false"
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
        return text


# --- rules of one field -----------------------------------------------------------------------------------------


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
        return None if re.fullmatch(self.regex, value) else Reason(self.code, f"must be {self.says}")


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
        return None if re.match(self.regex, value) else Reason(self.code, f"must be {self.says}")


@dataclass(frozen=True)
class MaxLength:
    """At most `units` UTF-16 units: the stricter reading of LINE's "characters"."""

    units: int

    @property
    def describe(self) -> str:
        return f"up to {self.units:,} characters"

    def check(self, value: str) -> Reason | None:
        if len(value.encode("utf-16-le", "surrogatepass")) // 2 <= self.units:
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


@dataclass(frozen=True)
class Hashing:
    """How a raw value becomes the SHA-256 that goes on the wire.

    Trim ASCII space; 64 hex digits of any case are a ready hash and are only lower-cased; otherwise lower-case (where
    `lower`), remove the characters of `drop`, require `raw` as a whole, and hash the UTF-8 bytes.
    """

    raw: str
    says: str
    code: str
    lower: bool = False
    drop: str = ""

    @property
    def describe(self) -> str:
        return f"{self.says}, or SHA-256"

    def normalise(self, value: str) -> str:
        """The text that `raw` is tried on, or the ready hash in lower case."""
        text = value.strip(ASCII_SPACE)
        if re.fullmatch(HEX64, text.lower()) and text.isascii():
            return text.lower()
        if self.lower:
            text = text.lower()
        return text.translate({ord(c): None for c in self.drop})

    def check(self, value: str) -> Reason | None:
        text = self.normalise(value)
        if re.fullmatch(f"(?:{HEX64})|(?:{self.raw})", text):
            return None
        return Reason(self.code, f"must be {self.says}, or a SHA-256 of 64 hex digits")

    def apply(self, value: str) -> str:
        """A value that passed `check` → 64 lower-case hex digits."""
        text = self.normalise(value)
        return text if re.fullmatch(HEX64, text) else hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class EpochWindow:
    """Whole seconds since 1970, above 0, within [now - max_age, now + max_ahead] when the event arrives."""

    max_age: int
    max_ahead: int
    milliseconds_above: int = 10**11

    @property
    def describe(self) -> str:
        return f"UNIX time in seconds, at most {self.max_age // 86400} days old, at most {self.max_ahead // 3600} hours ahead"

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
    """Whole seconds from an int, float, Decimal, digits or aware datetime (its fraction dropped); else None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else None
    if isinstance(value, str):
        return int(value) if re.fullmatch("-?[0-9]{1,18}", value) else None
    if isinstance(value, datetime.datetime):
        return math.floor(value.timestamp()) if value.tzinfo else None
    if isinstance(value, float):
        return int(value) if math.isfinite(value) and value == int(value) and abs(value) < 2.0**53 else None
    if isinstance(value, Decimal):
        return int(value) if value.is_finite() and value == int(value) and abs(value) < 2**53 else None
    return None


TextRule = Pattern | Prefix | MaxLength | Choice | NotSent | IpAddress
REQUIRED = Reason("required", "is missing")
INVALID_UTF8 = Reason("invalid_utf8", "is not valid UTF-8 text")
NOT_TEXT = Reason("not_text", "must be text")


@dataclass(frozen=True)
class Field:
    """One field of the destination's event.

    `part` is the JSON object it goes into, `group` the heading it stands under on the mapping page. Exactly one of
    `rules`, `hashing`, `window` says what is allowed; `hashing` is also what hashes.
    """

    name: str
    part: str
    group: str
    help: str
    kind: Literal["text", "epoch"] = "text"
    required: bool = False
    rules: tuple[TextRule, ...] = ()
    hashing: Hashing | None = None
    window: EpochWindow | None = None
    personal: bool = False

    @property
    def hashed(self) -> bool:
        return self.hashing is not None

    @property
    def type_name(self) -> str:
        return "long" if self.kind == "epoch" else "string"

    @property
    def rule(self) -> str:
        """The field's rule in words, as shown beside it."""
        if self.window:
            return self.window.describe
        if self.hashing:
            return self.hashing.describe
        return ", ".join(r.describe for r in self.rules) or "any text"

    def problem(self, value: object, now: int) -> Reason | None:
        """Why a value that is neither null nor empty is refused, or None."""
        if isinstance(value, bytes):
            return INVALID_UTF8
        if self.window:
            return self.window.check(value, now)
        if not isinstance(value, str):
            return NOT_TEXT
        if self.hashing:
            return self.hashing.check(value)
        return next((reason for r in self.rules if (reason := r.check(value))), None)


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


# --- requests and answers ----------------------------------------------------------------------------------------


class Answer(Enum):
    """What happens next with a request, after the destination's answer or its silence."""

    ACCEPTED = "accepted"  # every event was received
    DIVIDE = "divide"  # at least one event is bad and the whole request was dropped: find it
    RETRY = "retry"  # some events may be in: the same again, later; uses up a try
    WAIT = "wait"  # nothing is in: the same again, later; uses up no try
    STOP = "stop"  # a configuration error: nothing is in, and nothing will be
    UNDOCUMENTED = "undocumented"  # some events may be in; do not go on


@dataclass(frozen=True)
class Header:
    """A request header taken from a setting; `when_field`: only if some event of the request carries that field."""

    name: str
    setting: str
    when_field: str = ""


@dataclass(frozen=True)
class Advice:
    """What an answer means, and what the user can do; printed in jobs and by *Test connection*."""

    what: str
    do: str = ""


@dataclass(frozen=True)
class Limits:
    """What one request may hold."""

    events: int
    bytes: int


@dataclass(frozen=True)
class Connector:
    """A destination. `answers` names the documented status codes; any other is Answer.UNDOCUMENTED."""

    key: str
    name: str
    category: str
    icon: str
    description: str
    settings: tuple[Setting, ...]
    fields: tuple[Field, ...]
    groups: Mapping[str, str]
    parts: Mapping[str, bool]
    record_rules: tuple[RecordRule, ...]
    limits: Limits
    path: str
    headers: tuple[Header, ...]
    answers: Mapping[int, Answer]
    advice: Mapping[int, Advice]
    undocumented: Advice
    unreachable: Advice
    token_steps: tuple[str, ...] = ()
    test_event: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def setting(self, name: str) -> Setting:
        return next(s for s in self.settings if s.name == name)

    def settings_of(self, *stages: Stage) -> tuple[Setting, ...]:
        return tuple(s for s in self.settings if s.stage in stages)

    def field(self, name: str) -> Field:
        return next(f for f in self.fields if f.name == name)

    @property
    def window_field(self) -> Field | None:
        """The field whose time window is checked again before each try."""
        return next((f for f in self.fields if f.window), None)

    def url(self, base_url: str, settings: Mapping[str, Any]) -> str:
        return base_url.rstrip("/") + self.path.format(**settings)

    def request_headers(self, settings: Mapping[str, Any], fields: set[str]) -> dict[str, str]:
        """Headers of one request. `settings` holds the secrets too; `fields`: those that some event carries."""
        chosen = [h for h in self.headers if not h.when_field or h.when_field in fields]
        named = {h.name: str(settings[h.setting]) for h in chosen if settings.get(h.setting)}
        return {"Content-Type": "application/json", **named}

    def answer(self, status: int) -> Answer:
        return self.answers.get(status, Answer.UNDOCUMENTED)

    def says(self, status: int) -> Advice:
        return self.advice.get(status, self.undocumented)
