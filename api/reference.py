"""The declared endpoints as people read them: what each takes and answers, and how curl calls it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.declared import ENDPOINTS, Endpoint, Param, Schema
from api.openapi import name_of, tags

WORDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "object": "object",
}
MOST_SAID = 100_000  # characters: a limit above is not worth a word


@dataclass(frozen=True)
class Call:
    """One endpoint on the page."""

    endpoint: Endpoint

    @property
    def key(self) -> str:
        return name_of(self.endpoint)

    @property
    def code_id(self) -> str:
        return f"curl_{self.key}"

    @property
    def answer_id(self) -> str:
        return f"answer_{self.key}"

    @property
    def params(self) -> list[tuple[Param, str]]:
        return [(param, allowed(param)) for param in self.endpoint.params]

    @property
    def curl(self) -> str:
        return curl(self.endpoint)

    @property
    def answer(self) -> str:
        """A sketch of its JSON; empty where it is none, or any."""
        return sketch(self.endpoint.answer) if self.endpoint.answer else ""

    @property
    def media(self) -> list[str]:
        return list(dict.fromkeys(self.endpoint.media))

    def has(self, words: list[str]) -> bool:
        """Whether each word stands somewhere in what is told of it."""
        one = self.endpoint
        params = " ".join(f"{param.name} {param.help}" for param in one.params)
        text = " ".join((one.method, one.path, one.tag, one.summary, one.description, params)).casefold()
        return all(word in text for word in words)


def sections(q: str) -> list[tuple[str, list[Call]]]:
    """(tag, its calls that have every word of `q`); a tag without any is left out."""
    found = [call for call in map(Call, ENDPOINTS) if call.has(q.casefold().split())]
    by_tag = {tag: [call for call in found if call.endpoint.tag == tag] for tag in tags(ENDPOINTS)}
    return [(tag, calls) for tag, calls in by_tag.items() if calls]


def allowed(param: Param) -> str:
    """What may be given, in words."""
    match param.kind:
        case "integer":
            return f"whole number{param.limits}"
        case "boolean":
            return "true or false"
        case "object":
            return "JSON"
    if param.choices:
        return ", ".join(param.choices)
    return f"text, at most {param.most:,} characters" if param.most < MOST_SAID else "text"


def curl(endpoint: Endpoint) -> str:
    """A call with what must be given; capitals stand for what the reader fills in."""
    path = re.sub(r"\{([a-z_]+)\}", lambda found: found[1].upper(), endpoint.path)
    needed = [f"{param.name}={_value(param)}" for param in endpoint.params if param.required]
    in_query = endpoint.method == "GET" or bool(endpoint.body)
    query = f"?{'&'.join(needed)}" if needed and in_query else ""
    parts = ["curl" if endpoint.method == "GET" else f"curl -X {endpoint.method}"]
    parts += ['-H "Authorization: TD1 $TD_API_KEY"'] if endpoint.role else []
    parts += [f'"$TD_API_SERVER{path}{query}"']
    parts += ["--data-binary @FILE"] if endpoint.body else []
    parts += [f"--data-urlencode {one}" for one in needed if not in_query]
    return " \\\n  ".join(parts)


def _value(param: Param) -> str:
    return param.choices[0] if param.choices else param.name.upper()


def sketch(schema: Schema, indent: int = 0) -> str:
    """The JSON that has this schema, with words in place of its values."""
    kinds = schema.get("type", "anything")
    kind, null = (kinds[0], " or null") if isinstance(kinds, list) else (kinds, "")
    if kind == "object" and schema.get("properties"):
        return _braces("{}", [f'"{name}": {sketch(one, indent + 1)}' for name, one in _fields(schema)], indent) + null
    if kind == "array":
        return _braces("[]", [f"{sketch(schema.get('items', {}), indent + 1)}, …"], indent) + null
    words = " or ".join(f'"{one}"' for one in schema["enum"]) if "enum" in schema else WORDS.get(kind, "anything")
    return words + null


def _fields(schema: Schema) -> list[tuple[str, Mapping[str, Any]]]:
    return list(schema["properties"].items())


def _braces(pair: str, lines: list[str], indent: int) -> str:
    inner = "".join(f"\n{'  ' * (indent + 1)}{line}" for line in [*(f"{one}," for one in lines[:-1]), lines[-1]])
    return f"{pair[0]}{inner}\n{'  ' * indent}{pair[1]}"
