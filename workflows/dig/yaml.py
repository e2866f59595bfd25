"""A .dig file of a project, as digdag reads it: YAML with `!include`, and the place of every key and value.

`!include : 'path'` merges the map of another file into the map it stands in: what the file says replaces what stands
above it (maps are merged key by key), and what stands below replaces what the file says. The path counts from the
folder of the file that includes, and stays in it.
"""

import posixpath
import unicodedata
from collections.abc import Iterator, Mapping

from yaml import nodes as composed

from workflows.dig.composing import DEEPEST, TAG, Alias, Text, compose
from workflows.dig.mistakes import TIGHT_INCLUDE
from workflows.dig.nodes import Entry, Map, Node, Scalar, Sequence
from workflows.dig.numbers import atom
from workflows.dig.problems import MOST_PROBLEMS, DigError, Place, Problem

Project = Mapping[str, str]  # path from the project's root, with slashes → text

INCLUDE, MERGE = "!include", TAG + "merge"
DEEPEST_INCLUDE = 10
MOST_NODES = 200_000  # of all workflows of a project, with what they include and each use of an alias
MOST_TEXT = 1_000_000  # characters of all these files


def load(project: Project, path: str) -> Map:
    """The map that the file says. Raises DigError with all that is wrong."""
    return Files(project).load(path)


class Files:
    """Loads files of a project; each text is parsed once."""

    def __init__(self, project: Project) -> None:
        self.project, self.left = project, MOST_NODES
        self._parsed: dict[str, tuple[Text, composed.Node | None]] = {}

    def load(self, path: str) -> Map:
        """The map that the file says. Raises DigError with all that is wrong."""
        if path not in self.project:
            raise DigError([Problem(Place(path), f"The project has no file {path}.")])
        loading = _Loading(self)
        loaded = loading.file(path, ())
        if loading.problems:
            raise DigError(loading.problems)
        return loaded

    def parsed(self, path: str) -> tuple[Text, composed.Node | None]:
        if path not in self._parsed:
            text = Text(path, self.project[path])
            if sum(len(other.text) for other, _ in self._parsed.values()) + len(text.text) > MOST_TEXT:
                told = f"The .dig files of a project can have {MOST_TEXT // 1000:,} KB together, and no more."
                raise DigError([Problem(Place(path), told)])
            self._parsed[path] = text, compose(text)
        return self._parsed[path]


class _Loading:
    """One workflow file with all that it includes; counts nodes and gathers problems."""

    def __init__(self, files: Files) -> None:
        self.files, self.problems, self.depth = files, list[Problem](), 0

    def stop(self, place: Place, text: str) -> DigError:
        return DigError([*self.problems, Problem(place, text)])

    def file(self, path: str, within: tuple[str, ...]) -> Map:
        """within: the files that include this one, the outermost first."""
        text, root = self.files.parsed(path)
        start = Place(path)
        if root is None or (isinstance(root, composed.ScalarNode) and not root.value):
            self.problems.append(Problem(start, "The file is empty; it must be a map of keys and values."))
            return Map({}, start)
        node = _Converting(self, text, (*within, path)).node(root)
        if not isinstance(node, Map):
            self.problems.append(Problem(node.place, "The file must be a map: lines of “key: value”."))
            return Map({}, start)
        return node


class _Converting:
    """The nodes of one file."""

    def __init__(self, loading: _Loading, text: Text, files: tuple[str, ...]) -> None:
        self.loading, self.text, self.files = loading, text, files
        self.open: set[int] = set()  # collections being converted: an alias to one of them would never end

    def node(self, node: composed.Node) -> Node:
        used = self.text.place(node.start_mark.index)
        node = _target(node)
        place = self.text.place(node.start_mark.index)
        self.loading.files.left -= 1
        if self.loading.files.left < 0:
            told = f"With aliases and included files, a project can have {MOST_NODES:,} keys and values, and no more."
            raise self.loading.stop(place, told)
        if self.loading.depth >= DEEPEST:
            raise self.loading.stop(place, f"Values are nested more than {DEEPEST} levels deep.")
        if isinstance(node, composed.ScalarNode):
            return self._scalar(node, place)
        if id(node) in self.open:
            return self._wrong(used, "An alias (*name) cannot stand inside of what it refers to.")
        self.open.add(id(node))
        self.loading.depth += 1
        collected = self._collection(node, place)
        self.loading.depth -= 1
        self.open.remove(id(node))
        return collected

    def _wrong(self, place: Place, text: str) -> Scalar:
        self.loading.problems.append(Problem(place, text))
        if len(self.loading.problems) >= MOST_PROBLEMS:
            raise DigError(self.loading.problems)
        return Scalar(None, place)

    def _scalar(self, node: composed.ScalarNode, place: Place) -> Scalar:
        if node.tag == INCLUDE:
            return self._wrong(place, "!include is a key, not a value: write !include : 'path' on a line of its own.")
        if not node.tag.startswith(TAG):
            return self._wrong(place, _unknown_tag(node.tag))
        try:
            return Scalar(atom(node.tag.removeprefix(TAG), node.value), place)
        except ValueError as error:
            return self._wrong(place, str(error))

    def _collection(self, node: composed.Node, place: Place) -> Node:
        if isinstance(node, composed.SequenceNode) and node.tag == TAG + "seq":
            return Sequence(tuple(self.node(item) for item in node.value), place)
        if isinstance(node, composed.MappingNode) and node.tag == TAG + "map":
            return Map(self._entries(node), place)
        return self._wrong(place, _unknown_tag(node.tag))

    def _entries(self, node: composed.MappingNode) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        own: dict[str, Place] = {}
        for key, value in ((_target(key), value) for key, value in node.value):
            place = self.text.place(key.start_mark.index)
            if key.tag == INCLUDE and isinstance(key, composed.ScalarNode):
                merge_into(entries, self._included(key, _target(value), place))
            elif (name := self._key(key, place, own)) is None:
                continue
            elif key.tag == MERGE:
                for entry in self._merged(_target(value), place):
                    entries.setdefault(entry.name, entry)
            else:
                entries[name] = Entry(name, self.node(value), place)
        return entries

    def _key(self, key: composed.Node, place: Place, own: dict[str, Place]) -> str | None:
        """The key's text, or None where it cannot be used."""
        if not isinstance(key, composed.ScalarNode) or key.tag == TAG + "null":
            self._wrong(place, "A key must be text. Where ${…} or {…} is meant as text, put it in quotes.")
            return None
        name: str = key.value
        if any(unicodedata.category(character) in ("Cc", "Cs") for character in name):
            self._wrong(place, "A key must be one line of text, without control characters.")
        elif name == "\\!include":
            self._wrong(place, "The backslash must go: write !include : 'path'. (Some shells put it before a “!”.)")
        elif not key.tag.startswith(TAG):
            self._wrong(place, _unknown_tag(key.tag))
        elif name in own:
            self._wrong(place, f"“{name}” stands in this map twice; the first is in line {own[name].line}.")
        else:
            own[name] = place
            return name
        return None

    def _merged(self, value: composed.Node, place: Place) -> Iterator[Entry]:
        """The entries that `<<` brings; of several maps, the first that has a key gives its value."""
        several = isinstance(value, composed.SequenceNode)
        for one in map(_target, value.value if several else [value]):
            if not isinstance(one, composed.MappingNode):
                self._wrong(place, "<< takes an alias of a map (*name), or a list of such.")
            elif isinstance(found := self.node(one), Map):
                yield from found.entries.values()

    def _included(self, key: composed.ScalarNode, value: composed.Node, place: Place) -> Map:
        nothing = Map({}, place)
        if key.value or not isinstance(value, composed.ScalarNode) or not value.value:
            self._wrong(place, "!include takes the path of a file: !include : 'path'.")
            return nothing
        path, told = self._target(value.value)
        if told:
            self._wrong(self.text.place(value.start_mark.index), told)
            return nothing
        return self.loading.file(path, self.files)

    def _target(self, name: str) -> tuple[str, str]:
        """The path from the project's root, and what is wrong with it or nothing."""
        folder = posixpath.dirname(self.text.file)
        path = posixpath.normpath(posixpath.join(folder, name))
        if "${" in name:
            return path, "!include cannot have ${…}: files are included before anything is computed."
        if path.startswith(("/", "../")) or (folder and not path.startswith(f"{folder}/")):
            return (
                path,
                f"“{name}” leads out of {folder or 'the project'}; a file includes files of its own folder only.",
            )
        if path in self.files:
            return path, f"{' includes '.join((*self.files[self.files.index(path) :], path))}: that never ends."
        if path not in self.loading.files.project:
            return path, f"The project has no file {path}."
        if len(self.files) >= DEEPEST_INCLUDE:
            return path, f"Files include each other more than {DEEPEST_INCLUDE} levels deep."
        return path, ""


def merge_into(entries: dict[str, Entry], added: Map) -> None:
    """Digdag's merging of an included file: maps key by key, all else is replaced."""
    for name, entry in added.entries.items():
        before = entries.get(name)
        if before and isinstance(before.value, Map) and isinstance(entry.value, Map):
            inner = dict(before.value.entries)
            merge_into(inner, entry.value)
            entries[name] = Entry(name, Map(inner, before.value.place), before.place)
        else:
            entries[name] = entry


def _target(node: composed.Node) -> composed.Node:
    return node.target if isinstance(node, Alias) else node


def _unknown_tag(tag: str) -> str:
    if tag.startswith(INCLUDE):
        return TIGHT_INCLUDE
    return f"The YAML tag {tag.replace(TAG, '!!')} is not known here. Text that starts with ! must stand in quotes."
