"""What differs between two revisions of a project, for people to read."""

from collections.abc import Sequence
from dataclasses import dataclass

from exports import differences
from exports.differences import Line
from workflows import editing
from workflows.archives import Files

LONGEST = 200_000  # characters of a text whose lines are compared


@dataclass(frozen=True)
class FileChange:
    """`kind`: Added, Removed or Edited; `hunks`: the changed places; `why`: why there are none to show."""

    path: str
    kind: str
    hunks: Sequence[Sequence[Line]]
    why: str = ""


def compare(old: Files, new: Files) -> list[FileChange]:
    """In the order of a tree."""
    found = editing.changes(old, new)
    kinds = {"Added": found.added, "Removed": found.removed, "Edited": found.edited}
    changes = [_change(path, kind, old, new) for kind, paths in kinds.items() for path in paths]
    return sorted(changes, key=lambda change: editing.in_tree(change.path))


def _change(path: str, kind: str, old: Files, new: Files) -> FileChange:
    before, after = (editing.text_of(files.get(path, b"")) for files in (old, new))
    if before is None or after is None:
        return FileChange(path, kind, [], "It is no text.")
    if max(len(before), len(after)) > LONGEST:
        return FileChange(path, kind, [], "It is too long to be compared here.")
    hunks = differences.lines(before, after)
    return FileChange(path, kind, hunks, "" if hunks else _same(before, after))


def _same(before: str, after: str) -> str:
    return "Only how its lines end differs." if before or after else "It is empty."
