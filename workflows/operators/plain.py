"""echo>, fail> and wait>."""

import json
from datetime import datetime
from typing import Any

from exports.exporter.masking import mask_any
from workflows.operators import values
from workflows.operators.base import Done, Later, Outcome, Step, TaskFailed, operator
from workflows.script.zones import zone_of


@operator("echo")
def echo(step: Step) -> Outcome:
    """Personal data in the text is masked, as in all logs."""
    step.log(_text(step.command))
    return Done()


@operator("fail")
def fail(step: Step) -> Outcome:
    raise TaskFailed(_text(step.command) or "The workflow ends here, by fail>.")


@operator("wait")
def wait(step: Step) -> Outcome:
    """The time counts from the first step, however many follow."""
    if "until" in step.memory:
        until = datetime.fromisoformat(step.memory["until"])
    else:
        until = step.now + values.duration(step.command, "wait>")
        there = until.astimezone(zone_of(step.attempt.timezone))
        step.log(f"Waiting until {there:%Y-%m-%d %H:%M:%S} {there.tzname()}.")
    return Done() if step.now >= until else Later({"until": until.isoformat()}, at=until)


def _text(value: Any) -> str:
    whole = json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else values.words(value, "text")
    return mask_any(whole)
