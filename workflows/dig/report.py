"""What one reading of a workflow needs to know and has found: the project, the folder it runs in, and the problems."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from workflows.dig.nearest import suggestion
from workflows.dig.nodes import Node
from workflows.dig.problems import MOST_PROBLEMS, DigError, Place, Problem
from workflows.dig.yaml import Project

EXPRESSION = re.compile(r"\$\{((?:[^{}]|\{[^{}]*\})*)\}")
NAME = re.compile(r"(?<![\w$.])[A-Za-z_$][\w$]*")
EXPORT = re.compile(r"\s*_export\s*:")
INCLUDED = re.compile(r"!include[ \t]{0,20}:[ \t]{0,20}['\"]?([^'\"\s]{1,500})")
KEY = re.compile(r"\s*['\"]?([\w.-]+)['\"]?\s*:")
MOST_SUGGESTED = 20  # files that are looked for by a name that is near


@dataclass(slots=True)
class Report:
    """`folder`: of the workflow's file; paths of SQL files and of called workflows count from it."""

    project: Project
    folder: str
    problems: list[Problem] = field(default_factory=list)
    _used: dict[str, frozenset[str]] = field(default_factory=dict)
    _exported: frozenset[str] | None = None

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

    def exported(self, name: str) -> bool:
        """Whether some file of the project exports it."""
        if self._exported is None:
            self._exported = exported_in(self.project)
        return name in self._exported

    def used(self, path: str) -> frozenset[str]:
        """The names of variables in the ${…} of a file of the project."""
        if path not in self._used:
            self._used[path] = names_in(self.project[path])
        return self._used[path]


def exported_in(project: Project) -> frozenset[str]:
    """The names that any file of the project exports, as far as its lines tell: a file that call> runs has those of
    the file that calls it."""
    texts = [text for path, text in project.items() if path.endswith((".dig", ".yml", ".yaml"))]
    included = {posixpath.basename(path) for text in texts for path in INCLUDED.findall(text)}
    whole = [text for path, text in project.items() if posixpath.basename(path) in included]
    lines = [line for text in texts for line in _in_exports(text)] + [
        line for text in whole for line in text.split("\n")
    ]
    return frozenset(found[1] for line in lines if (found := KEY.match(line)))


def _in_exports(text: str) -> Iterator[str]:
    """The lines below `_export:` that are indented further."""
    depth = None
    for line in text.split("\n"):
        indent = len(line) - len(line.lstrip())
        if line.strip() and depth is not None and indent <= depth:
            depth = None
        if depth is not None:
            yield line
        elif EXPORT.match(line):
            depth = indent


def names_in(text: str) -> frozenset[str]:
    """The names that the ${…} of a text use; properties of others (a.b) are left out."""
    return frozenset(name for found in EXPRESSION.findall(text) for name in NAME.findall(found))
