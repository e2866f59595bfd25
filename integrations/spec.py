"""The words connectors are written in: settings, event fields, rules, and what an answer means.

A connector is one `Connector` object. Forms, mapping page, row checks, hashing, reasons and documents are
computed from it; nothing about a destination is written anywhere else. This module knows no Django and no Arrow.
The rules of a value and of a record are in `integrations.rules` and `integrations.typed`, what is warned of in
`integrations.warnings`; all are named here too.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, ClassVar, Literal

from integrations.declared import Declared, Setting, SettingError, SettingKind, SettingValue, Source, Stage
from integrations.rules import (
    ASCII_SPACE,
    HEX64,
    INVALID_UTF8,
    NOT_TEXT,
    REQUIRED,
    AtLeastOne,
    Choice,
    EpochWindow,
    Hashing,
    IpAddress,
    MaxLength,
    NotSent,
    Pattern,
    Prefix,
    Reason,
    RecordRule,
    RequiresSetting,
    TextRule,
    as_text,
    epoch_seconds,
)
from integrations.typed import Number, StringList, Truth, TypedKind, TypedRule
from integrations.warnings import ConnectorWarning, Lacking, OlderThan, OnlyWeak, RefusedFor, Repeated, RowWarning

__all__ = [
    "ASCII_SPACE",
    "HEX64",
    "INVALID_UTF8",
    "NOT_TEXT",
    "REQUIRED",
    "Advice",
    "Answer",
    "AtLeastOne",
    "Choice",
    "Connector",
    "ConnectorWarning",
    "Declared",
    "EpochWindow",
    "Field",
    "Hashing",
    "Header",
    "IpAddress",
    "Lacking",
    "Limits",
    "MaxLength",
    "NotSent",
    "Number",
    "OlderThan",
    "OnlyWeak",
    "Pattern",
    "Prefix",
    "Reason",
    "RecordRule",
    "RefusedFor",
    "Repeated",
    "RequiresSetting",
    "RowWarning",
    "Setting",
    "SettingError",
    "SettingKind",
    "SettingValue",
    "Source",
    "Stage",
    "StringList",
    "TextRule",
    "Truth",
    "TypedRule",
    "as_text",
    "epoch_seconds",
]


Kind = Literal["text", "epoch"] | TypedKind
JsonValue = str | int | float | list[str]

TYPE_NAMES: Mapping[Kind, str] = {
    "text": "string",
    "epoch": "long",
    "number": "number",
    "integer": "integer",
    "boolean": "boolean",
    "list": "list of strings",
}


@dataclass(frozen=True)
class Field:
    """One field of the destination's event.

    `part` is the JSON object it goes into, `group` the heading it stands under on the mapping page. Exactly one of
    `rules`, `hashing`, `window`, `typed` says what is allowed; `hashing` is also what hashes, and what is `typed` is
    no text in the event.
    """

    name: str
    part: str
    group: str
    help: str
    required: bool = False
    rules: tuple[TextRule, ...] = ()
    hashing: Hashing | None = None
    window: EpochWindow | None = None
    typed: TypedRule | None = None
    personal: bool = False

    @property
    def kind(self) -> Kind:
        if self.typed:
            return self.typed.kind
        return "epoch" if self.window else "text"

    @property
    def hashed(self) -> bool:
        return self.hashing is not None

    @property
    def type_name(self) -> str:
        return TYPE_NAMES[self.kind]

    @property
    def rule(self) -> str:
        """The field's rule in words, as shown beside it."""
        if alone := self.window or self.hashing or self.typed:
            return alone.describe
        return ", ".join(r.describe for r in self.rules) or "any text"

    def empty(self, value: object) -> bool:
        """Whether that is no value: null, "", and for a list also one without any string in it."""
        return value is None or value == "" or (isinstance(self.typed, StringList) and self.typed.empty(value))

    def problem(self, value: object, now: int) -> Reason | None:
        """Why a value that is not `empty` is refused, or None. Bytes are text that is not valid UTF-8."""
        if isinstance(value, bytes):
            return INVALID_UTF8
        if self.window:
            return self.window.check(value, now)
        if self.typed:
            return self.typed.check(value)
        text = as_text(value)
        if text is None:
            return NOT_TEXT
        if self.hashing:
            return self.hashing.check(text)
        return next((reason for r in self.rules if (reason := r.check(text))), None)

    def wire(self, value: object) -> JsonValue:
        """What goes into the event for a value that has no `problem`: seconds, a hash, the text, or what is typed."""
        if self.window:
            return epoch_seconds(value) or 0
        if self.typed:
            found = self.typed.read(value)
            return "" if found is None else found
        text = as_text(value) or ""
        return self.hashing.apply(text) if self.hashing else text


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
class Connector(Declared):
    """A destination. `answers` names the documented status codes; any other is Answer.UNDOCUMENTED.

    `parts`: the JSON objects of an event in their order; True: left out when empty. `synonyms`: by field, other names
    of a column that holds it. `additional`: the group of fields that few need, closed on the mapping page.
    `test_field`: true in it marks an event as a test, which is shown but not counted.
    """

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
    warnings: tuple[ConnectorWarning, ...] = ()
    synonyms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    token_steps: tuple[str, ...] = ()
    key_field: str = ""  # tells one event from another, also at the destination
    test_event: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    test_event_says: str = ""
    additional: str = ""
    test_field: str = ""

    is_source: ClassVar[bool] = False
    tests: ClassVar[str] = "Sends an empty list with these credentials. It holds no event, so nothing is counted."

    def field(self, name: str) -> Field:
        return next(f for f in self.fields if f.name == name)

    @property
    def main_fields(self) -> list[Field]:
        return [f for f in self.fields if f.group != self.additional]

    @property
    def identifiers(self) -> tuple[str, ...]:
        """The fields that say who: every row needs one of them."""
        return next((rule.fields for rule in self.record_rules if isinstance(rule, AtLeastOne)), ())

    @property
    def window_field(self) -> Field | None:
        """The field whose time window is checked again before each try."""
        return next((f for f in self.fields if f.window), None)

    def url(self, base_url: str, settings: Mapping[str, Any]) -> str:
        return base_url.rstrip("/") + self.path.format(**settings)

    def request_headers(self, settings: Mapping[str, Any], fields: Set[str]) -> dict[str, str]:
        """Headers of one request. `settings` holds the secrets too; `fields`: those that some event carries."""
        chosen = [h for h in self.headers if not h.when_field or h.when_field in fields]
        named = {h.name: str(settings[h.setting]) for h in chosen if settings.get(h.setting)}
        return {"Content-Type": "application/json", **named}

    def answer(self, status: int) -> Answer:
        return self.answers.get(status, Answer.UNDOCUMENTED)

    def says(self, status: int) -> Advice:
        return self.advice.get(status, self.undocumented)
