"""The files of a revision, as the processes of this server remember them."""

from collections import OrderedDict
from collections.abc import Callable, Sized
from functools import lru_cache
from threading import Lock
from typing import Any, Generic, TypeVar

from workflows import archives, definitions
from workflows.dig.model import Workflow
from workflows.dig.nodes import plain
from workflows.dig.problems import DigError
from workflows.dig.reading import read
from workflows.dig.yaml import load
from workflows.models import Revision

T = TypeVar("T", bound=Sized)
MOST_REMEMBERED = 20_000_000
MOST_REVISIONS = 32


def files(revision: int) -> dict[str, bytes]:
    """By path; not to be changed. Raises Revision.DoesNotExist."""
    return _files(revision)


def texts(revision: int) -> dict[str, str]:
    return _texts(revision)


@lru_cache(maxsize=32)
def workflow(revision: int, file: str) -> Workflow:
    """The workflow, or the part that call> runs, in a file of the revision. Raises DigError."""
    return read(_texts(revision), file)


def workflows(revision: int) -> dict[str, Workflow]:
    """By name. Raises DigError."""
    return definitions.workflows(_texts(revision))


@lru_cache(maxsize=200)
def config(revision: int, file: str) -> dict[str, Any]:
    """What a .dig file of the revision says, with what it includes, as plain data; {} if it cannot be read."""
    try:
        found = plain(load(_texts(revision), file))
    except DigError:
        return {}
    return found if isinstance(found, dict) else {}


class _Remembered(Generic[T]):
    """The maps by path of the revisions that were asked for last, up to MOST_REMEMBERED characters or bytes."""

    def __init__(self, read: Callable[[int], dict[str, T]]) -> None:
        self.read, self.lock = read, Lock()
        self.known: OrderedDict[int, dict[str, T]] = OrderedDict()

    def __call__(self, revision: int) -> dict[str, T]:
        with self.lock:
            if (known := self.known.get(revision)) is not None:
                self.known.move_to_end(revision)
                return known
        found = self.read(revision)
        with self.lock:
            self.known[revision] = found
            while len(self.known) > MOST_REVISIONS or (len(self.known) > 1 and self._size() > MOST_REMEMBERED):
                self.known.popitem(last=False)
        return found

    def _size(self) -> int:
        return sum(len(content) for files in self.known.values() for content in files.values())

    def cache_clear(self) -> None:
        self.known.clear()


@_Remembered
def _files(revision: int) -> dict[str, bytes]:
    return archives.unpack(bytes(Revision.objects.values_list("archive", flat=True).get(pk=revision)))


@_Remembered
def _texts(revision: int) -> dict[str, str]:
    return archives.texts(_files(revision))
