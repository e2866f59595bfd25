"""The values of a task as its operator gets them: what it sees, with `${…}` computed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workflows import visibility
from workflows.advancing import retry_of
from workflows.dig.declared import Operator
from workflows.dig.directives import MOST_RETRIES
from workflows.dig.model import Retry as RetryDefinition
from workflows.dig.model import Task as Definition
from workflows.dig.nodes import plain
from workflows.dig.operators import OPERATORS as DECLARED
from workflows.flow.model import Retry
from workflows.models import Attempt, Task
from workflows.operators.base import TaskFailed
from workflows.script import parameters
from workflows.script.expressions import ScriptError, Scripts
from workflows.wording import SecretFromData, Words

RETRY = "_retry"


@dataclass(frozen=True)
class Values:
    """Of a step, see `operators.base.Step`. `retry`: how often a failure is repeated."""

    command: Any
    params: Mapping[str, Any]
    variables: Mapping[str, Any]
    retry: Retry


def evaluate(attempt: Attempt, task: Task, definition: Definition, scripts: Scripts) -> Values:
    """Raises TaskFailed, and ScriptUnavailable."""
    operator, words = DECLARED[definition.op or ""], Words()
    command = f"{operator.name}>"
    own = {command: plain(definition.command) if definition.command else None, **definition.plain_params()}
    seen = visibility.visible(attempt, task, words)
    builtin = visibility.builtin(attempt, task)
    written = words.written({**own, **_retry(definition.retry)})
    tree, sees = parameters.of_task(seen, builtin, written)
    try:
        computed = scripts.evaluate(tree, sees)
        given = _given(operator, computed, set(own), set(seen))
        return Values(
            command=words.own(computed.pop(command), command),
            params={name: words.own(value, name) for name, value in given.items() if name != command},
            retry=_computed_retry(definition.retry, computed.pop(RETRY, None)),
            variables=words.plain(computed),
        )
    except ScriptError as error:
        raise TaskFailed(words.told(str(error)), "Correct it in the workflow's file, or set the variable.") from error
    except SecretFromData as error:
        raise TaskFailed(str(error)) from error


def _given(operator: Operator, computed: Mapping[str, Any], own: set[str], seen: set[str]) -> dict[str, Any]:
    """The operator's parameters by digdag's rule: those of the task, else of a variable with its name, else of the
    operator's map of _export, such as `td: {database: …}`. And the file's own values beside them."""
    given = {name: value for name, value in computed.items() if name in own}
    defaults = computed.get(operator.defaults) if operator.defaults else None
    for param in operator.params:
        if param.name in given:
            continue
        if param.name in seen:
            given[param.name] = computed[param.name]
        elif isinstance(defaults, Mapping) and param.name in defaults:
            given[param.name] = defaults[param.name]
    return given


def _retry(retry: RetryDefinition | None) -> dict[str, Any]:
    """What of `_retry` is to be computed."""
    if retry is None or retry_of(retry).limit:
        return {}
    return {RETRY: {"limit": retry.limit, "interval": retry.interval, "max_interval": retry.max_interval}}


def _computed_retry(retry: RetryDefinition | None, computed: Mapping[str, Any] | None) -> Retry:
    if retry is None or computed is None:
        return retry_of(retry)
    limit, interval, longest = (_number(name, computed[name]) for name in ("limit", "interval", "max_interval"))
    if limit and limit > MOST_RETRIES:
        raise TaskFailed(f"_retry: limit must be a whole number up to {MOST_RETRIES:,}, not {limit:,}.")
    return Retry(limit or 0, interval or 0, longest, retry.exponential)


def _number(name: str, value: Any) -> int | None:
    if value is None:
        return None
    found = re.fullmatch(r"\s*([0-9]{1,9})(?:\.0+)?\s*", str(value))
    if found is None:
        raise TaskFailed(f"_retry: {name} must be a whole number from 0 on, not “{str(value)[:60]}”.")
    return int(found[1])
