"""The forms of `result`, read for themselves: what is no JSON, no address of a table, or no value of its setting."""

import difflib
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

from exports import table_targets
from exports.exporter.mapping import is_constant
from exports.table_targets import MODES, TableTarget
from integrations.declared import SettingError
from integrations.spec import Connector, Setting

MASK = "********"
TYPE, BY_ID = "type", "td_authentication_id"
RESULT, CONNECTION, SETTINGS = "result", "result_connection_id", "result_connection_settings"
FORMS = 'a JSON object like {"type": "line_conversion", …}, td://@/database/table, or the name of an authentication'
SHOWN = 60  # characters of what was given, in a problem


class ResultProblem(ValueError):
    """It cannot be used: the key that is wrong, and in words what is wrong with it and what is allowed."""

    def __init__(self, name: str, says: str) -> None:
        super().__init__(f"{name}: {says}")
        self.name, self.says = name, says


def clean(setting: Setting, value: Any) -> Any:
    """The value in its own type. Raises ResultProblem."""
    if not _is_of_kind(setting, value):
        raise ResultProblem(setting.name, f"{setting.label} must be {_kind(setting)}.")
    try:
        return setting.clean(value)
    except SettingError as error:
        raise ResultProblem(setting.name, str(error)) from error


def _is_of_kind(setting: Setting, value: Any) -> bool:
    """Whether it may be one in JSON; what is in it is for the setting to say."""
    if setting.kind == "boolean":
        return isinstance(value, bool | str)
    return isinstance(value, int | str) and not isinstance(value, bool) and is_constant(value)


def _kind(setting: Setting) -> str:
    return {"integer": f"a whole number, {setting.limits}", "boolean": "true or false"}.get(setting.kind, "text")


def refuse_unknown(connector: Connector, given: Mapping[str, Any]) -> None:
    known = [s.name for s in connector.settings]
    for name in map(str, given):
        if name not in (TYPE, BY_ID, *known):
            close = difflib.get_close_matches(name, known, n=1)
            perhaps = f" (perhaps {close[0]}?)" if close else ""
            raise ResultProblem(name[:SHOWN], f"is not known{perhaps}; allowed are {', '.join([TYPE, BY_ID, *known])}")


def refuse_missing(connector: Connector, values: Mapping[str, Any]) -> None:
    for setting in connector.settings:
        if setting.required and setting.name not in values:
            says = f"{setting.label} is required. It may also come from a saved authentication: {BY_ID}."
            raise ResultProblem(setting.name, says)


def json_object(text: str) -> dict[str, Any]:
    try:
        data: dict[str, Any] = json.loads(text, object_pairs_hook=_each_once)
    except ResultProblem:
        raise
    except (ValueError, RecursionError) as error:
        raise ResultProblem(RESULT, f"is no valid JSON: {error}") from error
    return data


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    for name, _ in pairs if len(data) < len(pairs) else []:
        if [key for key, _ in pairs].count(name) > 1:
            raise ResultProblem(name[:SHOWN], "is given twice")
    return data


def address(text: str) -> TableTarget:
    scheme, _, rest = text.partition("://")
    if scheme.lower() != "td":
        raise ResultProblem(RESULT, f"{shortly(scheme)}:// is not supported; allowed are {FORMS}")
    address, _, query = rest.partition("?")
    server, *path = address.split("/")
    if server not in ("", "@"):
        raise ResultProblem(RESULT, "only tables of this console can be written: td://@/database/table")
    if len(path) != 2 or not all(path):
        raise ResultProblem(RESULT, "must name a database and a table: td://@/database/table?mode=append")
    return table(unquote(path[0]), unquote(path[1]), query)


def table(database: str, name: str, query: str = "") -> TableTarget:
    """`query`: what stands behind the question mark."""
    asked = parse_qsl(query, keep_blank_values=True)
    if unknown := [name for name, _ in asked if name != "mode"]:
        raise ResultProblem(RESULT, f"{shortly(unknown[0])} is not known; allowed is mode={'|'.join(MODES)}")
    target = TableTarget(database, name, dict(asked).get("mode") or table_targets.APPEND)
    if problem := table_targets.problem(target):
        raise ResultProblem(RESULT, shortly(problem, 300))
    return target


def shortly(text: str, most: int = SHOWN) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
