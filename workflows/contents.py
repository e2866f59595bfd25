"""The files of a revision, as the processes of this server remember them."""

from functools import lru_cache
from typing import Any

from workflows import archives, definitions
from workflows.dig.model import Workflow
from workflows.dig.nodes import plain
from workflows.dig.problems import DigError
from workflows.dig.reading import read
from workflows.dig.yaml import load
from workflows.models import Revision


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


@lru_cache(maxsize=8)
def _files(revision: int) -> dict[str, bytes]:
    return archives.unpack(bytes(Revision.objects.values_list("archive", flat=True).get(pk=revision)))


@lru_cache(maxsize=8)
def _texts(revision: int) -> dict[str, str]:
    return archives.texts(_files(revision))
