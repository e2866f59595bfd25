"""The files of the project that an operator's values name, by paths that count from the workflow's folder."""

import posixpath

from workflows.dig.nearest import suggestion
from workflows.operators.base import Step, TaskFailed
from workflows.script.expressions import ScriptError

MOST_COMPARED = 500  # files, for a suggestion


def path(step: Step, name: str) -> str:
    """The path in the project. Raises TaskFailed if there is no such file."""
    found = posixpath.normpath(posixpath.join(step.folder, name))
    if found.startswith(("/", "../")):
        raise TaskFailed(f"“{name}” leads out of the project.")
    if found not in step.files:
        others = [one for one in step.files if one.endswith(posixpath.splitext(found)[1])]
        raise TaskFailed(f"The project has no file {found}.{suggestion(found, others[:MOST_COMPARED])}")
    return found


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
