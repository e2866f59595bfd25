"""What differs between two revisions of a project, for people to read."""

from collections.abc import Sequence
from dataclasses import dataclass

from exports import differences
from exports.differences import Line
from workflows import editing
from workflows.archives import Files

LONGEST = 200_000  # characters of a text whose lines are compared
MOST_LINES = 5_000  # of it
MOST_PAIRS = 3_000_000  # of lines that are the same, of all files together: so many are looked at for the longest match


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
    left = _Left()
    changes = [_change(path, kind, old, new, left) for kind, paths in kinds.items() for path in paths]
    return sorted(changes, key=lambda change: editing.in_tree(change.path))


@dataclass
class _Left:
    pairs: int = MOST_PAIRS

    def take(self, before: str, after: str) -> bool:
        """Whether these two can be compared, too, in the time that a page may take."""
        if max(len(before), len(after)) > LONGEST:
            return False
        old, new = (text.splitlines() for text in (before, after))
        if max(len(old), len(new)) > MOST_LINES:
            return False
        pairs = differences.pairs(old, new) + len(old) + len(new)
        if pairs > self.pairs:
            return False
        self.pairs -= pairs
        return True


def _change(path: str, kind: str, old: Files, new: Files, left: _Left) -> FileChange:
    before, after = (editing.text_of(files.get(path, b"")) for files in (old, new))
    if before is None or after is None:
        return FileChange(path, kind, [], "It is no text.")
    if not left.take(before, after):
        return FileChange(path, kind, [], "It is too long to be compared here.")
    hunks = differences.lines(before, after)
    return FileChange(path, kind, hunks, "" if hunks else _same(before, after))


def _same(before: str, after: str) -> str:
    return "Only how its lines end differs." if before or after else "It is empty."
