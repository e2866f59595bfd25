"""What stands in the Export Results panel, valid or not: read from a query's target, or from the panel's own form."""

import json
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from exports import targets
from exports.exporter import mapping as core
from exports.targets import TargetError
from integrations.models import Authentication
from integrations.sources import sendable

Sources = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Draft:
    """What may still be wrong. `settings`: as text or cleaned. None: not shown yet; of `mapping`: by column names."""

    authentication: Authentication | None = None
    mapping: Sources | None = None
    settings: dict[str, Any] | None = None

    @property
    def carried(self) -> list[tuple[str, Any]]:
        """Names and values of hidden inputs from which `draft_of_post` reads mapping and settings again."""
        inputs: list[tuple[str, Any]] = []
        if self.mapping is not None:
            inputs += [("f-", ""), *(pair for item in self.mapping.items() for pair in _inputs(*item))]
        if self.settings is not None:
            inputs += [("delivery", "1"), *((f"s-{name}", value) for name, value in self.settings.items())]
        return inputs


def draft_of_text(text: str) -> tuple[Draft, list[str]]:
    """(the draft of a kept target, what keeps it from being used). Of a target that is not valid, what can be read."""
    try:
        target = targets.parse(text)
    except TargetError as error:
        return _rest_of(text), error.messages
    return (Draft(target.authentication, target.mapping or None, target.settings) if target else Draft()), []


def draft_of_post(post: QueryDict) -> Draft:
    """What the panel's form holds: f-FIELD is "", "c:COLUMN" or "constant", v-FIELD the constant, s-NAME a setting."""
    pk = post.get("authentication", "")
    found = sendable().filter(pk=pk).first() if pk.isdecimal() else None
    fields = [key[2:] for key in post if key.startswith("f-")]
    mapping = {name: source for name in fields if (source := _posted_source(post, name))} if fields else None
    settings = {key[2:]: post[key] for key in post if key.startswith("s-")} if "delivery" in post else None
    return Draft(found, mapping, settings)


def _inputs(name: str, source: dict[str, Any]) -> list[tuple[str, Any]]:
    if "column" in source:
        return [(f"f-{name}", f"c:{source['column']}")]
    return [(f"f-{name}", "constant"), (f"v-{name}", core.constant_text(source.get("constant", "")))]


def _posted_source(post: QueryDict, name: str) -> dict[str, Any]:
    chosen = post.get(f"f-{name}", "")
    if chosen == "constant":
        return {"constant": post.get(f"v-{name}", "").strip()}
    return {"column": chosen.removeprefix("c:")} if chosen.startswith("c:") else {}


def _rest_of(text: str) -> Draft:
    try:
        data = json.loads(text)
    except ValueError:
        return Draft()
    mapping = data.get("mapping") if isinstance(data, dict) else None
    sources = mapping.items() if isinstance(mapping, dict) else ()
    return Draft(mapping={name: source for name, source in sources if _well_formed(source)})


def _well_formed(source: object) -> bool:
    try:
        core.from_json({"": source})
    except core.MappingError:
        return False
    return True
