"""Folders of segments: a tree for each parent segment."""

from collections.abc import Iterator

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from audiences.models import Folder, ParentSegment
from exports.errors import NameTaken, NotPossible

DEEPEST = 10
SEPARATOR = " / "


def create(parent: ParentSegment, name: str, inside: Folder | None) -> Folder:
    """A new, empty folder. Raises NameTaken, and NotPossible below DEEPEST levels."""
    if inside and len(path(inside)) >= DEEPEST:
        raise NotPossible(f"Folders go {DEEPEST} levels deep.")
    return _saved(Folder(parent_segment=parent, parent=inside, name=name))


def rename(folder: Folder, name: str) -> None:
    """Raises NameTaken."""
    folder.name = name
    _saved(folder)


def move(folder: Folder, inside: Folder | None) -> None:
    """With all that is in it. Raises NameTaken, and NotPossible into itself or below DEEPEST levels."""
    others = {one.pk: one for one in Folder.objects.filter(parent_segment=folder.parent_segment_id)}
    above = set(_above(inside, others))
    if folder.pk in above:
        raise NotPossible("A folder cannot go into itself.")
    if len(above) + _height(folder.pk, others) > DEEPEST:
        raise NotPossible(f"Folders go {DEEPEST} levels deep.")
    folder.parent = inside
    _saved(folder)


def delete(folder: Folder) -> None:
    """Raises NotPossible while something is in it."""
    if found := contents(folder):
        raise NotPossible(f"“{folder.name}” holds {found}.")
    try:
        folder.delete()
    except ProtectedError as error:  # something that came just now
        raise NotPossible(f"“{folder.name}” is not empty any more.") from error


def contents(folder: Folder) -> str:
    """What is directly in it: "2 folders and 1 segment", empty for an empty one."""
    counts = (("folder", folder.folders.count()), ("segment", folder.segments.count()))
    return " and ".join(f"{n:,} {what}{'' if n == 1 else 's'}" for what, n in counts if n)


def path(folder: Folder | None) -> list[str]:
    """The names from the top down to it."""
    if folder is None:
        return []
    others = {one.pk: one for one in Folder.objects.filter(parent_segment=folder.parent_segment_id)}
    return [others[pk].name for pk in _above(folder, others)][::-1]


def paths(*parents: int) -> dict[int, str]:
    """{folder: "Campaigns / Winback"} of all of these parent segments, in the order of the tree; one SQL query."""
    others = {one.pk: one for one in Folder.objects.filter(parent_segment__in=parents)}
    names = {pk: [others[p].name for p in _above(one, others)][::-1] for pk, one in others.items()}
    ordered = sorted(names, key=lambda pk: [name.casefold() for name in names[pk]])
    return {pk: SEPARATOR.join(names[pk]) for pk in ordered}


def _above(folder: Folder | None, others: dict[int, Folder]) -> Iterator[int]:
    """Itself, and then those that it is in."""
    at = folder.pk if folder else None
    while at is not None:
        yield at
        at = others[at].parent_id


def _height(pk: int, others: dict[int, Folder]) -> int:
    """How many levels it has, itself one of them."""
    return 1 + max((_height(one.pk, others) for one in others.values() if one.parent_id == pk), default=0)


def _saved(folder: Folder) -> Folder:
    try:
        with transaction.atomic():
            folder.save()
    except IntegrityError as error:
        raise NameTaken from error
    return folder
