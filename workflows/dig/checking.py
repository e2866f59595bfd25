"""All that is wrong with a project, before any of it runs."""

from collections import deque

from workflows.dig.kinds import computed
from workflows.dig.model import Workflow
from workflows.dig.nodes import Scalar
from workflows.dig.operations import called
from workflows.dig.problems import DigError, Place, Problem
from workflows.dig.reading import SUFFIX, read_from
from workflows.dig.report import Report
from workflows.dig.yaml import Files, Project

MOST_WORKFLOWS = 500  # files that are read in one check


def workflow_files(project: Project) -> list[str]:
    """The .dig files in the project's root, each of which is a workflow."""
    return sorted(path for path in project if path.endswith(SUFFIX) and "/" not in path)


def check(project: Project) -> list[Problem]:
    """What is wrong with the workflows and the files that they call, in the order of files and lines."""
    waiting = deque(workflow_files(project))
    if not waiting:
        told = f"The project has no workflow: a file whose name ends with {SUFFIX}, in its top folder."
        return [Problem(Place("", 1), told)]
    files, seen, problems = Files(project), set(waiting), set[Problem]()
    while waiting:
        path = waiting.popleft()
        try:
            found = _called_by(read_from(files, path), project)
        except DigError as error:
            problems.update(error.problems)
            continue
        waiting.extend(found - seen)
        seen |= found
        if len(seen) > MOST_WORKFLOWS:
            return [Problem(Place(path), f"A project can have {MOST_WORKFLOWS} workflows and called files, no more.")]
    return sorted(problems)


def _called_by(workflow: Workflow, project: Project) -> set[str]:
    report = Report(project, workflow.file.rpartition("/")[0])
    commands = (task.command for task in workflow.walk() if task.op == "call")
    known = (one for one in commands if isinstance(one, Scalar) and not computed(one))
    return {path for one in known if (path := called(report, one))}
