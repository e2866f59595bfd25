"""What the Project Editor shows: each file with its text or what was typed, and what is wrong with it."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from workflows import editing
from workflows.archives import Files
from workflows.dig.problems import Problem
from workflows.editing import Edit

FIELD = re.compile(r"path-([0-9]{1,5}|new)")
MORE = "There is more text in this project than one page holds."
TOO_LONG = f"With more than {editing.MOST_CHARACTERS:,} characters, this file is too long to be edited here."
LANGUAGES = {"dig": "yaml", "yml": "yaml", "yaml": "yaml", "sql": "sql"}


@dataclass(frozen=True)
class File:
    """A file in the form. `text`: None for one that is not edited here: `why` says so."""

    n: str  # of its fields, such as path-N
    was: str
    path: str
    text: str | None
    gone: bool
    why: str
    problems: int

    @property
    def language(self) -> str:
        return LANGUAGES.get(self.path.rpartition(".")[2], "text")

    @property
    def elsewhere(self) -> bool:
        """Whether it can be edited on a page of the same project that opens with it."""
        return self.why == MORE

    @property
    def rows(self) -> int:
        """Lines of the field that there is without JavaScript."""
        return min(40, max(8, (self.text or "").count("\n") + 2))


NEW = File("new", "", "", "", False, "", 0)
"""What a new file begins as."""


@dataclass(frozen=True)
class Told:
    """A problem, and the number of the form's file that has it ("" if it is none of them)."""

    problem: Problem
    n: str

    @property
    def where(self) -> str:
        place = self.problem.place
        return str(place) if place.file else ""


def posted(data: Mapping[str, str]) -> dict[str, Edit]:
    """The files as they were sent, by the numbers of their fields."""
    numbers = [found[1] for name in data if (found := FIELD.fullmatch(name))]
    return {n: _edit(data, n) for n in numbers}


def _edit(data: Mapping[str, str], n: str) -> Edit:
    path = data[f"path-{n}"].strip()
    return Edit(data.get(f"was-{n}", ""), path, data.get(f"text-{n}"), f"gone-{n}" in data)


def shown(files: Files, chosen: str = "") -> list[File]:
    """All files of a revision: what fits into one form has its text, the `chosen` file first of all."""
    texts = editing.editable(files, chosen)
    ordered = sorted(files, key=editing.in_tree)
    return [
        File(str(n), path, path, texts.get(path), False, _why(files[path], path in texts), 0)
        for n, path in enumerate(ordered)
    ]


def shown_again(edits: Mapping[str, Edit], files: Files, problems: Iterable[Problem]) -> list[File]:
    """What was sent, as it was sent, with the number of its problems."""
    count = Counter(problem.place.file for problem in problems)
    return [
        File(
            n,
            edit.was,
            edit.path,
            edit.text,
            edit.gone,
            _why(files.get(edit.was, b""), edit.text is not None),
            count[edit.path],
        )
        for n, edit in edits.items()
        if not edit.blank
    ]


def told(problems: Sequence[Problem], files: Iterable[File]) -> list[Told]:
    numbers = {one.path or one.was: one.n for one in files}
    return [Told(problem, numbers.get(problem.place.file, "")) for problem in problems]


def _why(content: bytes, has_text: bool) -> str:
    if has_text:
        return ""
    text = editing.text_of(content)
    if text is None:
        return f"This file is no text: {len(content):,} bytes. It can be renamed and deleted here."
    return TOO_LONG if len(text) > editing.MOST_CHARACTERS else MORE
