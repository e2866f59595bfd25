"""A project's files as people edit them in the browser: which ones, what they changed, and what that makes.

Browsers send text with CRLF at the ends of lines; a file whose text is the same keeps its bytes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from workflows import archives
from workflows.archives import ArchiveError, Files
from workflows.dig.problems import Place, Problem

MOST_TEXTS = 100  # files in one form
MOST_CHARACTERS = 1_000_000  # of these, together
LONGEST_NOTE = 255


@dataclass(frozen=True)
class Edit:
    """One file as it was sent. `was`: its path before, "" for a new one; `text`: None for one that is no text."""

    was: str
    path: str
    text: str | None
    gone: bool = False

    @property
    def blank(self) -> bool:
        """The empty form of a new file."""
        return not (self.was or self.path.strip() or (self.text or "").strip())


class NotApplied(ValueError):
    """The edits do not fit together or with the project: `problems`, each with its file."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


def text_of(content: bytes) -> str | None:
    """The text of a file with \\n at the ends of its lines; None if it is no text that people can edit."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else _plain(text)


def editable(files: Files, chosen: str = "") -> dict[str, str]:
    """The texts that fit into one form, by path: workflows first, and before all of them the `chosen` file."""
    texts, left = dict[str, str](), MOST_CHARACTERS
    for path in sorted(files, key=lambda path: (path != chosen, not path.endswith(".dig"), path)):
        text = text_of(files[path])
        if text is not None and len(text) <= left and len(texts) < MOST_TEXTS:
            texts[path] = text
            left -= len(text)
    return dict(sorted(texts.items(), key=lambda item: in_tree(item[0])))


def in_tree(path: str) -> tuple[bool, str]:
    """By this, files stand in the order of a tree: those of the top folder, then folders."""
    return "/" in path, path


def apply(edits: Iterable[Edit], files: Files) -> dict[str, bytes]:
    """The files with these edits; those that no edit names stay. Raises NotApplied."""
    made, problems = dict(files), list[Problem]()
    meant = [edit for edit in edits if not edit.blank]
    for edit in meant:
        made.pop(edit.was, None)
    for edit in meant:
        if edit.gone:
            continue
        if told := _wrong_path(edit, made):
            problems.append(Problem(Place(edit.path or edit.was), told))
            continue
        made[edit.path] = _content(edit, files)
    if problems:
        raise NotApplied(problems)
    return made


def _wrong_path(edit: Edit, made: Files) -> str:
    if not edit.path:
        return "Every file needs a path, such as daily.dig or queries/events.sql."
    try:
        clean = archives.clean_path(edit.path)
    except ArchiveError as error:
        return str(error)
    if clean != edit.path:
        return f"Write this path as {clean}."
    if edit.path in made:
        return f"Two files cannot both be called {edit.path}."
    above = [path for path in made if path.startswith(f"{edit.path}/") or edit.path.startswith(f"{path}/")]
    return f"{min(above, key=len)} is there already; a path is a file or a folder, not both." if above else ""


def _content(edit: Edit, files: Files) -> bytes:
    before = files.get(edit.was, b"")
    if edit.text is None:
        return before
    text, old = _plain(edit.text), text_of(before)
    if edit.was and text == old:
        return before
    return (text.replace("\n", "\r\n") if b"\r\n" in before else text).encode()


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


@dataclass(frozen=True)
class Changes:
    """What differs between two states of a project: paths."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    edited: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.edited)

    @property
    def all(self) -> frozenset[str]:
        return frozenset((*self.added, *self.removed, *self.edited))

    def in_words(self) -> str:
        """ "Edited daily.dig; added a.sql and b.sql", at most as long as a note."""
        told = ((self.edited, "edited"), (self.added, "added"), (self.removed, "removed"))
        words = "; ".join(f"{word} {_listed(paths)}" for paths, word in told if paths)
        return (words[:1].upper() + words[1:])[:LONGEST_NOTE]


def changes(old: Files, new: Files) -> Changes:
    return Changes(
        added=tuple(sorted(new.keys() - old.keys())),
        removed=tuple(sorted(old.keys() - new.keys())),
        edited=tuple(sorted(path for path in old.keys() & new.keys() if old[path] != new[path])),
    )


def onto(latest: Files, base: Files, mine: Files) -> dict[str, bytes]:
    """The latest files with what `mine` changed of `base`; where both changed a file, it is as in `mine`."""
    own = changes(base, mine)
    kept = {path: content for path, content in latest.items() if path not in own.removed}
    return kept | {path: mine[path] for path in (*own.added, *own.edited)}


def _listed(paths: Sequence[str]) -> str:
    if len(paths) > 3:
        return f"{len(paths)} files"
    return " and ".join([", ".join(paths[:-1]), paths[-1]] if len(paths) > 1 else paths)
