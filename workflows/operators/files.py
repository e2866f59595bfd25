"""The files of the project that an operator's values name, by paths that count from the workflow's folder."""

import posixpath

from workflows.dig.nearest import suggestion
from workflows.operators.base import Step, TaskFailed
from workflows.script.expressions import ScriptError

MOST_COMPARED = 500  # files, for a suggestion


def path(step: Step, name: str) -> str:
    """The path in the project. Raises TaskFailed if there is no such file."""
    found = place(step, name)
    if found not in step.files:
        raise TaskFailed(f"The project has no file {found}.{similar(step, found)}")
    return found


def place(step: Step, name: str) -> str:
    """The path in the project, whether there is such a file or not. Raises TaskFailed."""
    found = posixpath.normpath(posixpath.join(step.folder, name))
    if found.startswith(("/", "../")):
        raise TaskFailed(f"“{name}” leads out of the project.")
    return found


def similar(step: Step, path: str) -> str:
    """“ Did you mean …?”, if the project has files of a similar path."""
    others = [one for one in step.files if one.endswith(posixpath.splitext(path)[1])]
    return suggestion(path, others[:MOST_COMPARED])


def rendered(step: Step, name: str) -> str:
    """The text of a file with its ${…} computed. Raises TaskFailed."""
    found = path(step, name)
    try:
        text = step.files[found].decode("utf-8-sig")
    except UnicodeDecodeError:
        raise TaskFailed(f"The file {found} is not UTF-8 text.") from None
    try:
        return step.scripts.render(text, {**step.variables, **step.params}, name=found)
    except ScriptError as error:
        raise TaskFailed(str(error)) from error
