"""if>: one of two bodies."""

from workflows.operators import bodies, values
from workflows.operators.base import Outcome, Step, operator


@operator("if")
def if_(step: Step) -> Outcome:
    return bodies.once(step, "do" if values.boolean(step.command, "if>") else "else_do")
