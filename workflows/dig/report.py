"""What one reading of a workflow needs to know and has found: the project, the folder it runs in, and the problems."""

import posixpath
import re
from dataclasses import dataclass, field

from workflows.dig.nearest import suggestion
from workflows.dig.nodes import Node
from workflows.dig.problems import MOST_PROBLEMS, DigError, Place, Problem
from workflows.dig.yaml import Project

EXPRESSION = re.compile(r"\$\{((?:[^{}]|\{[^{}]*\})*)\}")
NAME = re.compile(r"(?<![\w$.])[A-Za-z_$][\w$]*")
MOST_SUGGESTED = 20  # files that are looked for by a name that is near


@dataclass(slots=True)
class Report:
    """`folder`: of the workflow's file; paths of SQL files and of called workflows count from it."""

    project: Project
    folder: str
    problems: list[Problem] = field(default_factory=list)
    _used: dict[str, frozenset[str]] = field(default_factory=dict)

    def wrong(self, place: Place, text: str) -> None:
        """Notes a problem. Raises DigError when there are too many to go on."""
        self.problems.append(Problem(place, text))
        if len(self.problems) >= MOST_PROBLEMS:
            raise DigError(self.problems)

    def about(self, name: str, found: list[Problem]) -> None:
        """Problems of a kind's check, each about the parameter of this name."""
        for problem in found:
            text = problem.text if problem.text.startswith(":") else f" {problem.text}"
            self.wrong(problem.place, f"“{name}”{text}")

    def path(self, name: str, node: Node) -> str | None:
        """The project's path of a file that a value names; None, and a problem, if it has none."""
        path = posixpath.normpath(posixpath.join(self.folder, name))
        if path in self.project:
            return path
        if path.startswith(("/", "../")):
            self.wrong(node.place, f"“{name}” leads out of the project.")
        else:
            others = [one for one in self.project if one.endswith(posixpath.splitext(path)[1])]
            near = suggestion(path, others[:500]) if len(self.problems) < MOST_SUGGESTED else ""
            self.wrong(node.place, f"The project has no file {path}.{near}")
        return None

    def used(self, path: str) -> frozenset[str]:
        """The names of variables in the ${…} of a file of the project."""
        if path not in self._used:
            self._used[path] = names_in(self.project[path])
        return self._used[path]


def names_in(text: str) -> frozenset[str]:
    """The names that the ${…} of a text use; properties of others (a.b) are left out."""
    return frozenset(name for found in EXPRESSION.findall(text) for name in NAME.findall(found))
