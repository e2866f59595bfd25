"""YAML text → PyYAML's nodes, with digdag's types of plain values.

Digdag reads YAML with SnakeYAML and a resolver of its own: numbers with colons and dates stay text, and so do yes, no,
on and off. A number that starts with a zero and has a point (0.5) stays text as well.
"""

import re
from bisect import bisect_right

from yaml.composer import Composer
from yaml.error import MarkedYAMLError, YAMLError
from yaml.events import AliasEvent
from yaml.nodes import Node
from yaml.parser import Parser
from yaml.reader import Reader, ReaderError
from yaml.resolver import BaseResolver
from yaml.scanner import Scanner

from workflows.dig.mistakes import explained
from workflows.dig.problems import DigError, Place, Problem

LONGEST_FILE = 256 * 1024  # characters
DEEPEST, MOST_NODES = 60, 50_000

TAG = "tag:yaml.org,2002:"
RESOLVED = (  # the first that fits is taken
    ("bool", r"(?:[Tt]rue|[Ff]alse)", "TtFf"),
    ("int", r"(?:[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+)", "-+0123456789"),
    (
        "float",
        (
            r"(?:[-+]?(?:\.[0-9]+|[1-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?"
            r"|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))"
        ),
        "-+0123456789.",
    ),
    ("merge", r"<<", "<"),
    ("null", r"(?:~|null|Null|NULL|)", ("~", "n", "N", "")),
)


class Text:
    """A file's text, which knows the line and column of a position in it."""

    def __init__(self, file: str, text: str) -> None:
        self.file, self.text = file, text
        self.starts = [0, *(found.end() for found in re.finditer(r"\r\n?|\n", text))]

    def place(self, index: int) -> Place:
        """index: of a character from 0; one past the end belongs to the last line that has text."""
        if index >= len(self.text):
            index = max(0, len(self.text.rstrip()) - 1)
        line = bisect_right(self.starts, index)
        return Place(self.file, line, index - self.starts[line - 1] + 1)


class Alias(Node):
    """*name, and the node that it stands for."""

    id = "alias"

    def __init__(self, event: AliasEvent, target: Node) -> None:
        super().__init__(target.tag, target, event.start_mark, event.end_mark)  # type: ignore[arg-type]

    @property
    def target(self) -> Node:
        node: Node = self.value
        return node


class _Resolver(BaseResolver):
    """Digdag's: which plain scalar is a number, a boolean or nothing."""


for _name, _pattern, _first in RESOLVED:
    _Resolver.add_implicit_resolver(TAG + _name, re.compile(rf"^{_pattern}$"), list(_first))


class _Composer(Reader, Scanner, Parser, Composer, _Resolver):
    def __init__(self, text: Text) -> None:
        Reader.__init__(self, text.text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)
        _Resolver.__init__(self)
        self.source, self.depth, self.nodes = text, 0, 0

    def compose_node(self, parent: Node | None, index: object) -> Node | None:
        """As PyYAML's, within limits; an anchor's name may be given again, as in SnakeYAML."""
        event = self.peek_event()  # type: ignore[no-untyped-call]
        self.nodes += 1
        if self.depth >= DEEPEST:
            raise self._error(event.start_mark.index, f"Values are nested more than {DEEPEST} levels deep.")
        if self.nodes > MOST_NODES:
            raise self._error(event.start_mark.index, f"A file can have {MOST_NODES:,} keys and values, and no more.")
        if not isinstance(event, AliasEvent):
            self.anchors.pop(getattr(event, "anchor", None), None)
        self.depth += 1
        node: Node | None = super().compose_node(parent, index)  # type: ignore[arg-type]
        self.depth -= 1
        return Alias(event, node) if isinstance(event, AliasEvent) and node else node

    def scan_plain_spaces(self, indent: int, start_mark: object) -> list[str] | None:
        """As PyYAML's, but tabs within and behind a plain text are taken, as by SnakeYAML."""
        length = 0
        while self.peek(length) in (" ", "\t"):
            length += 1
        spaces = self.prefix(length)
        if "\t" not in spaces:
            return super().scan_plain_spaces(indent, start_mark)
        self.forward(length)
        broken: list[str] | None = super().scan_plain_spaces(indent, start_mark)
        return [spaces] if broken == [] else broken

    def _error(self, index: int, text: str) -> DigError:
        return DigError([Problem(self.source.place(index), text)])


def compose(text: Text) -> Node | None:
    """The one document of the file, or None if it is empty. Raises DigError."""
    if len(text.text) > LONGEST_FILE:
        raise DigError([Problem(Place(text.file), f"A file can have {LONGEST_FILE // 1024} KB, and no more.")])
    composer = None
    try:
        composer = _Composer(text)
        found: Node | None = composer.get_single_node()
    except DigError:
        raise
    except MarkedYAMLError as error:
        raise DigError([_marked(error, text)]) from None
    except ReaderError as error:
        code = f"U+{ord(text.text[error.position]):04X}"
        told = f"The character {code} cannot stand in YAML. Remove it, or write it in double quotes as an escape."
        raise DigError([Problem(text.place(error.position), told)]) from None
    except (YAMLError, ValueError, OverflowError):  # the latter come from an escape such as "\UFFFFFFFF"
        at = text.place(composer.index if composer else 0)
        raise DigError([Problem(at, "This is not valid YAML: an escape or a directive here says nothing.")]) from None
    return found


def _marked(error: MarkedYAMLError, text: Text) -> Problem:
    at = error.problem_mark or error.context_mark
    index = at.index if at else 0
    opened = error.context_mark.index if error.context_mark else index
    told, at_opening = explained(error.context or "", error.problem or "", text.text, index, opened)
    if at_opening:
        index = opened
    return Problem(text.place(index), told)
