"""call>: another file of the project."""

from workflows import contents
from workflows.dig.problems import DigError
from workflows.dig.reading import SUFFIX
from workflows.operators import files, values
from workflows.operators.base import Done, Outcome, Step, Subtask, TaskFailed, operator

MOST_PROBLEMS = 3  # told of a file


@operator("call")
def call(step: Step) -> Outcome:
    """Its tasks run as one group, with its `_export`, and paths in them count from its folder. Its `schedule` and
    `timezone` are not looked at: as in digdag, the times are those of the session."""
    name = values.text(step.command, "call>")
    path = files.path(step, name if name.endswith(SUFFIX) else f"{name}{SUFFIX}")
    try:
        contents.workflow(step.attempt.revision_id, path)
    except DigError as error:
        told = " ".join(map(str, error.problems[:MOST_PROBLEMS]))
        raise TaskFailed(f"{path} cannot be run. {told}", "Correct the file and push the project again.") from error
    return Done(subtasks=[Subtask("^sub", [], path)])
