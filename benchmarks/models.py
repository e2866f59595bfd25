"""Pydantic models of LINE's events: one validation call a row, one JSON text a row.

They give the same events as the exporter, and refuse the same rows. Patterns and lengths are matched in Rust; what
pydantic has no word for is checked in Python.
"""

from collections.abc import Callable
from functools import cache
from typing import Annotated, Literal

import pyarrow as pa
from pydantic import AfterValidator, BaseModel, Field, StringConstraints, ValidationError, create_model, model_validator
from pydantic_core import PydanticCustomError

from benchmarks.by_hand import DAY, LENGTHS, PATTERNS, Refused, event_of, hashed_email, hashed_phone, too_long
from exports.exporter.patterns import IPV4, IPV6


def text(name: str, *checks: Callable[[str], str]) -> type:
    """A string type with the field's pattern, which pydantic matches in Rust, and the other checks in Python."""
    pattern = f"^(?:{PATTERNS[name]})$" if name in PATTERNS else None
    return Annotated[
        str, StringConstraints(pattern=pattern, max_length=LENGTHS.get(name)), *map(AfterValidator, checks)
    ]


def defined(value: str) -> str:
    if value == "undefined":
        raise PydanticCustomError("undefined", "is “undefined”")
    return value


def short(most: int) -> Callable[[str], str]:
    def check(value: str) -> str:
        if too_long(value, most):
            raise PydanticCustomError("too_long", "has too many characters")
        return value

    return check


def hashing(hashed: Callable[[str], str | None]) -> Callable[[str], str]:
    def check(value: str) -> str:
        found = hashed(value)
        if found is None:
            raise PydanticCustomError("cannot_be_hashed", "cannot be hashed")
        return found

    return check


class Web(BaseModel):
    url: Annotated[str, StringConstraints(pattern="^https?://."), AfterValidator(short(2048))] | None = None
    referrer: text("referrer", short(2048)) | None = None
    ip_address: Annotated[str, StringConstraints(pattern=f"^(?:{IPV4}|{IPV6})$")] | None = None
    user_agent: str | None = None
    title: text("title", short(1024)) | None = None


class User(BaseModel):
    phone: Annotated[str, AfterValidator(hashing(hashed_phone))] | None = None
    email: Annotated[str, AfterValidator(hashing(hashed_email))] | None = None
    line_uid: text("line_uid") | None = None
    browser_id: text("browser_id") | None = None
    click_id: text("click_id") | None = None
    ifa: text("ifa") | None = None
    external_id: text("external_id", defined) | None = None

    @model_validator(mode="after")
    def has_an_identifier(self) -> "User":
        if not self.model_fields_set:
            raise PydanticCustomError("no_identifier", "has no identifier")
        return self


class Event(BaseModel):
    deduplication_key: text("deduplication_key", defined)
    event_type: Literal["page_view", "conversion"]
    source_type: Literal["web"]
    event_timestamp: int
    event_name: text("event_name") | None = None


class Payload(BaseModel):
    web: Web | None = None
    event: Event
    user: User


@cache
def payload(now: int) -> type[Payload]:
    """The model with its time window."""
    in_window = Annotated[int, Field(ge=now - 90 * DAY, le=now + DAY)]
    timed = create_model("TimedEvent", __base__=Event, event_timestamp=(in_window, ...))
    return create_model("TimedPayload", __base__=Payload, event=(timed, ...))


def encode(batch: pa.RecordBatch, now: int) -> tuple[bytes, Refused]:
    """→ (the request's body, the rows that are refused)."""
    model, events, refused = payload(now), [], []
    for number, row in enumerate(batch.to_pylist()):
        values = {name: value for name, value in row.items() if value is not None and value != ""}
        try:
            events.append(model.model_validate(event_of(values)).model_dump_json(exclude_none=True))
        except ValidationError as error:
            refused.append((number, error.errors(include_url=False)))
    return ("[" + ",".join(events) + "]").encode(), refused
