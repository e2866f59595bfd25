"""The words endpoints are written in. From them follow the routes, what is read of a call, and the OpenAPI document."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from accounts.models import ApiKey, Role, User
from api.errors import ApiError, invalid, missing

Schema = Mapping[str, Any]
Kind = Literal["text", "integer", "boolean", "object"]
Answer = Mapping[str, Any] | list[Any] | HttpResponseBase
LARGEST = 2**63 - 1  # what a database holds as an integer
TRUE, FALSE = ("true", "1", "yes", "on"), ("false", "0", "no", "off")
NUL_IN_JSON = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


@dataclass(frozen=True)
class Param:
    """One parameter of a call. An empty text means that it is not given, as the toolbelt sends it.

    `kind` "object": JSON, as text or as it is. `most`: characters of a text.
    """

    name: str
    kind: Kind = "text"
    help: str = ""
    required: bool = False
    default: Any = None
    minimum: int | None = None
    maximum: int | None = None
    choices: tuple[str, ...] = ()
    most: int = 1_000_000

    def clean(self, value: Any) -> Any:
        """The value in its own type; the default where none is given. Raises ApiError."""
        if value is None or value == "":
            if self.required:
                raise invalid(self.name, "is required")
            return self.default
        return CLEANERS[self.kind](self, value)

    def text(self, value: Any) -> str:
        if not isinstance(value, str | int | float) or isinstance(value, bool):
            raise invalid(self.name, "must be text")
        text = str(value)
        if len(text) > self.most:
            raise invalid(self.name, f"has {len(text):,} characters; at most {self.most:,} are allowed")
        if not storable(text):
            raise invalid(self.name, "has characters that cannot be kept")
        if self.choices and text not in self.choices:
            raise invalid(self.name, f"must be one of {', '.join(self.choices)}")
        return text

    def integer(self, value: Any) -> int:
        whole = isinstance(value, float) and value.is_integer()  # JSON has one kind of number: 5.0 is 5
        text = str(int(value) if whole else value).strip()
        if isinstance(value, bool) or not re.fullmatch(r"-?[0-9]{1,18}", text):
            raise invalid(self.name, f"must be a whole number{self.limits}")
        number = int(text)
        low, high = self.minimum, self.maximum
        if (low is not None and number < low) or (high is not None and number > high):
            raise invalid(self.name, f"must be a whole number{self.limits}; {number:,} is not")
        return number

    def boolean(self, value: Any) -> bool:
        word = str(value).lower()
        if word not in (*TRUE, *FALSE):
            raise invalid(self.name, "must be true or false")
        return word in TRUE

    def object(self, value: Any) -> Any:
        try:
            value = parse_json(value) if isinstance(value, str) else value
            text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        except (ValueError, RecursionError) as error:
            raise invalid(self.name, f"is no valid JSON: {error}") from error
        if len(text) > self.most:
            raise invalid(self.name, f"has {len(text):,} characters; at most {self.most:,} are allowed")
        if not storable(text) or NUL_IN_JSON.search(text):
            raise invalid(self.name, "has characters that cannot be kept")
        return value

    @property
    def limits(self) -> str:
        if self.minimum is not None and self.maximum is not None:
            return f" from {self.minimum:,} to {self.maximum:,}"
        if self.maximum is not None:
            return f" of at most {self.maximum:,}"
        return f" of at least {self.minimum:,}" if self.minimum is not None else ""


CLEANERS: Mapping[str, Callable[[Param, Any], Any]] = {
    "text": Param.text,
    "integer": Param.integer,
    "boolean": Param.boolean,
    "object": Param.object,
}


def parse_json(text: str | bytes) -> Any:
    """What the text says, without the NaN and Infinity that Python alone takes. Raises ValueError."""

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is no number of JSON")

    try:
        return json.loads(text, parse_constant=refuse)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def storable(text: str) -> bool:
    """Whether every database can keep it: no NUL, no half of a surrogate pair."""
    return ("\0" not in text and text.isprintable()) or _encodable(text)


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def number_in_path(text: str, what: str) -> int:
    """An id that stands in the path. Raises ApiError 404 where it can be none."""
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise missing(f"{what} {text}")
    return int(text)


@dataclass(frozen=True)
class Call:
    """One call: with which key it is made, None where all may call, and what is given, clean."""

    request: HttpRequest
    params: Mapping[str, Any]
    given: frozenset[str] = frozenset()  # the parameters that were sent at all, empty ones too
    key: ApiKey | None = None

    @property
    def user(self) -> User:
        """Who calls. Raises ApiError 401 where nobody has to be known."""
        if self.key is None:
            raise ApiError(401, "This needs an API key.")
        return self.key.user

    def may(self, role: Role) -> bool:
        """Whether both the key and its person have `role` or a higher one."""
        return self.key is not None and self.key.may(role)

    def __getitem__(self, name: str) -> Any:
        return self.params[name]


@dataclass(frozen=True)
class Endpoint:
    """One call that is served.

    `path`: with {name} where a text stands. `role`: who may call; None: everybody, also without a key. `answer`: the
    JSON schema of 200; empty: any JSON. `media`: of the answer. `body`: what is sent, where it is no parameters: those
    then stand in the address.
    `slashes`: {name} takes slashes too, which arrive decoded.
    """

    method: str
    path: str
    view: Callable[..., Answer]
    role: Role | None
    tag: str
    params: tuple[Param, ...] = ()
    answer: Schema = field(default_factory=dict)
    media: tuple[str, ...] = ("application/json",)
    body: str = ""
    slashes: bool = False

    @property
    def summary(self) -> str:
        """The first sentence of the view's docstring."""
        return self._sentences[0]

    @property
    def description(self) -> str:
        """The other sentences."""
        return " ".join(self._sentences[1:])

    @property
    def _sentences(self) -> list[str]:
        return re.split(r"(?<=\.) ", re.sub(r"\s+", " ", self.view.__doc__ or "").strip())

    @property
    def names(self) -> list[str]:
        """What stands in the path."""
        return re.findall(r"\{([a-z_]+)\}", self.path)


ENDPOINTS: list[Endpoint] = []


def endpoint(
    method: str,
    path: str,
    *,
    role: Role | None = Role.VIEWER,
    tag: str,
    params: tuple[Param, ...] = (),
    answer: Schema | None = None,
    media: tuple[str, ...] = ("application/json",),
    body: str = "",
    slashes: bool = False,
) -> Callable[[Callable[..., Answer]], Callable[..., Answer]]:
    """Serve `view(call, **names in the path)` there; what it returns, if it is no response, is the JSON of 200."""

    def declare(view: Callable[..., Answer]) -> Callable[..., Answer]:
        ENDPOINTS.append(Endpoint(method, path, view, role, tag, params, answer or {}, media, body, slashes))
        return view

    return declare


# --- schemas -----------------------------------------------------------------------------------------------------

TEXT: Schema = {"type": "string"}
INTEGER: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
BOOLEAN: Schema = {"type": "boolean"}


def nullable(schema: Schema) -> Schema:
    return {**schema, "type": [schema["type"], "null"]}


def array(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def record(**fields: Schema) -> Schema:
    """An object that has all these fields."""
    return {"type": "object", "properties": fields, "required": list(fields)}


def extended(schema: Schema, **fields: Schema) -> Schema:
    """A record with these fields too."""
    added = record(**{**schema["properties"], **fields})
    return {**added, "required": [*schema["required"], *(name for name in fields if name not in schema["required"])]}


def with_more(schema: Schema, **fields: Schema) -> Schema:
    """A record that may have these fields too. Of some clients each answer must be what they know, so that a field of
    this console's own is there only when it says something."""
    return {**schema, "properties": {**schema["properties"], **fields}}
