"""Where a query's result goes: the authentication, the column mapping and the export settings, as text and as a row.

As JSON text: {"authentication": id, "mapping": {field: {"column": name} | {"constant": value}}, "settings": {name:
value}}. Empty text means: no export.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from exports.exporter.mapping import constant_text, is_constant
from exports.models import ExportTarget, Query
from integrations.models import Authentication
from integrations.sources import sendable
from integrations.spec import Connector, Setting, SettingError

KEYS = {"authentication", "mapping", "settings"}
MAX_CONSTANT = 4096  # characters; no field of a destination takes more


class TargetError(ValueError):
    """An export target that cannot be used; `messages` say everything that is wrong with it."""

    def __init__(self, messages: list[str]) -> None:
        super().__init__(" ".join(messages))
        self.messages = messages


@dataclass(frozen=True)
class Target:
    """A complete export target. `mapping`: {field: {"column": name} | {"constant": value}}, empty: each field takes the
    column of its name; `settings`: cleaned."""

    authentication: Authentication
    mapping: dict[str, dict[str, Any]]
    settings: dict[str, Any]

    @property
    def connector(self) -> Connector:
        return self.authentication.destination


def parse(text: str) -> Target | None:
    """The target that the text describes; None for empty text. Raises TargetError with every problem found."""
    if not text.strip():
        return None
    data = _object(text)
    authentication = _authentication(data.get("authentication"))
    mapping, settings = data.get("mapping", {}), data.get("settings", {})
    connector = authentication.destination
    problems = mapping_problems(connector, mapping)
    cleaned, more = clean_settings(connector, settings)
    if problems + more:
        raise TargetError(problems + more)
    return Target(authentication=authentication, mapping=mapping, settings=cleaned)


def dump(target: Target | None) -> str:
    """The text that `parse` reads; "" for no target."""
    if target is None:
        return ""
    parts = {
        "authentication": target.authentication.pk,
        "mapping": target.mapping,
        "settings": target.settings,
    }
    return json.dumps(parts, ensure_ascii=False, sort_keys=True)


def of(query: Query) -> Target | None:
    """The target that is kept with a query."""
    return as_target(ExportTarget.objects.select_related("authentication__base").filter(query=query).first())


def as_target(row: ExportTarget | None) -> Target | None:
    return Target(authentication=row.authentication, mapping=row.mapping, settings=row.settings) if row else None


def save(query: Query, target: Target | None) -> None:
    """Keep the target with the query; None removes it."""
    if target is None:
        ExportTarget.objects.filter(query=query).delete()
        return
    ExportTarget.objects.update_or_create(
        query=query,
        defaults={
            "authentication": target.authentication,
            "mapping": target.mapping,
            "settings": target.settings,
        },
    )


def mapping_problems(connector: Connector, mapping: object) -> list[str]:
    """What is wrong with the form of a mapping: unknown fields and sources that are neither column nor constant."""
    if not isinstance(mapping, Mapping):
        return ["The mapping must be an object: {field: source}."]
    known = {f.name for f in connector.fields}
    unknown = [f"{connector.name} has no field {name}." for name in mapping if name not in known]
    sources = [_source_problem(name, source) for name, source in mapping.items() if name in known]
    return unknown + [problem for problem in sources if problem]


def clean_settings(connector: Connector, settings: object) -> tuple[dict[str, Any], list[str]]:
    """(the export settings in their own types, defaults filled in; what is wrong with them)."""
    if not isinstance(settings, Mapping):
        return {}, ["The settings must be an object: {name: value}."]
    wanted = connector.settings_of("export")
    unknown = set(settings) - {s.name for s in wanted}
    problems = [f"{connector.name} has no export setting {name}." for name in sorted(map(str, unknown))]
    cleaned = {}
    for setting in wanted:
        cleaned[setting.name], problem = _clean(setting, settings.get(setting.name))
        problems += [problem] if problem else []
    return cleaned, problems


def _object(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except ValueError as error:
        raise TargetError([f"The export target is not valid JSON: {error}."]) from error
    if not isinstance(data, dict):
        raise TargetError(["The export target must be a JSON object."])
    if unknown := sorted(set(data) - KEYS):
        raise TargetError([f"The export target has no {name}." for name in unknown])
    return data


def _authentication(pk: object) -> Authentication:
    if not isinstance(pk, int) or isinstance(pk, bool):
        raise TargetError(["The export target names no authentication."])
    found = sendable().filter(pk=pk).first()
    if found is None:
        raise TargetError(["The authentication of this export no longer exists. Choose another one."])
    return found


def _source_problem(name: str, source: object) -> str:
    if not isinstance(source, Mapping) or len(source) != 1 or not set(source) <= {"column", "constant"}:
        return f'{name}: the source must be {{"column": name}} or {{"constant": value}}.'
    kind, value = next(iter(source.items()))
    if kind == "column":
        return "" if isinstance(value, str) and value else f"{name}: the column needs a name."
    if not is_constant(value):
        return f"{name}: the constant must be text, a number, true, false, or a list of texts."
    if value in ("", []):
        return f"{name}: the constant is empty."
    too_long = len(constant_text(value)) > MAX_CONSTANT
    return f"{name}: the constant is longer than {MAX_CONSTANT:,} characters." if too_long else ""


def _clean(setting: Setting, value: object) -> tuple[Any, str]:
    try:
        return setting.clean(value), ""
    except SettingError as error:
        return setting.default, str(error)
