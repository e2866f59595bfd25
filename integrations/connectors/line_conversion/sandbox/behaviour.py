"""How the sandbox is told to misbehave: a list of rules, used up in order."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass
class Rule:
    """What happens to the next `times` requests (of `tag`, if given) after `skip` requests have passed.

    status: answer this instead (with `retry_after` as the Retry-After header); delay: seconds before the answer;
    hang: never answer; drop: close the connection without an answer. With `keep`, the events of a request that is
    otherwise valid are kept although the answer is not 202: LINE says that it may do so.
    """

    status: int | None = None
    retry_after: int | str | None = None
    delay: float = 0
    hang: bool = False
    drop: bool = False
    keep: bool = False
    tag: str | None = None
    skip: int = 0
    times: int = 1

    @property
    def replaces(self) -> bool:
        """Whether the rule's end stands in for the answer that the request would get."""
        return self.status is not None or self.hang or self.drop


def parse(rules: object) -> list[Rule]:
    """Rules from JSON values, like `[{"status": 500, "times": 2}, {"delay": 2.5}]`. Raises ValueError."""
    if not isinstance(rules, list):
        raise ValueError("the rules must be a list")
    return [_rule(rule, f"rule {number}") for number, rule in enumerate(rules, 1)]


def _rule(values: Any, where: str) -> Rule:
    if not isinstance(values, dict):
        raise ValueError(f"{where} must be an object")
    unknown = sorted(set(values) - set(_TYPES))
    if unknown:
        raise ValueError(f"{where}: unknown key {unknown[0]!r}")
    for key, value in values.items():
        if type(value) not in _TYPES[key] or (isinstance(value, int | float) and not 0 <= value <= 1_000_000_000):
            raise ValueError(f"{where}: {key} does not take this value")
    rule = Rule(**values)
    _check(rule, where)
    return rule


def _check(rule: Rule, where: str) -> None:
    ends = [rule.status is not None, rule.hang, rule.drop]
    if sum(ends) > 1 or not (any(ends) or rule.delay):
        raise ValueError(f"{where} needs one of status, hang and drop, or a delay")
    if rule.status is not None and not 200 <= rule.status <= 599:
        raise ValueError(f"{where}: status must be within 200..599")
    if rule.retry_after is not None and rule.status is None:
        raise ValueError(f"{where}: retry_after needs a status")
    if isinstance(rule.retry_after, str) and not (rule.retry_after.isascii() and rule.retry_after.isprintable()):
        raise ValueError(f"{where}: retry_after must fit into a header")
    if rule.times < 1:
        raise ValueError(f"{where}: times must be at least 1")


_TYPES: dict[str, tuple[type, ...]] = {
    "status": (int,),
    "retry_after": (int, str),
    "delay": (int, float),
    "hang": (bool,),
    "drop": (bool,),
    "keep": (bool,),
    "tag": (str,),
    "skip": (int,),
    "times": (int,),
}


class Script:
    """The rules that are still to be used. Threads may share it."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []
        self._lock = threading.Lock()

    def replace(self, rules: Iterable[Rule]) -> None:
        with self._lock:
            self._rules = list(rules)

    def take(self, tag: str) -> Rule | None:
        """The rule for the next request of `tag`; None for a request that is answered as usual."""
        with self._lock:
            rule = next((rule for rule in self._rules if rule.tag in (None, tag)), None)
            if rule is None:
                return None
            if rule.skip:
                rule.skip -= 1
                return None
            rule.times -= 1
            if not rule.times:
                self._rules = [other for other in self._rules if other is not rule]
            return rule

    def as_json(self) -> list[dict[str, object]]:
        """The remaining rules as `parse` takes them: only what differs from the defaults."""
        defaults = {field.name: field.default for field in fields(Rule)}
        with self._lock:
            left = [asdict(rule) for rule in self._rules]
        return [{key: value for key, value in rule.items() if value != defaults[key]} for rule in left]
