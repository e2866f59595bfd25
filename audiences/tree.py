"""The tree of a parent segment: folders, and the segments in them, drawn with few SQL queries whatever its size."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Q

from audiences.models import Folder, ParentSegment, Segment


@dataclass
class Branch:
    """A folder (None: the top) with what is in it. `total`: the segments in it and in the folders below."""

    folder: Folder | None
    folders: "list[Branch]" = field(default_factory=list)
    segments: list[Any] = field(default_factory=list)  # with their number of activations as `sent`

    @property
    def total(self) -> int:
        return len(self.segments) + sum(branch.total for branch in self.folders)

    @property
    def empty(self) -> bool:
        return not (self.folders or self.segments)


def of(parent: ParentSegment, search: str = "") -> Branch:
    """All of it, or what a search leaves: segments by name and description, and folders by name with all in them."""
    folders = list(Folder.objects.filter(parent_segment=parent))
    segments = Segment.objects.filter(parent_segment=parent).defer("rule").order_by("name")
    segments = segments.annotate(sent=Count("activations"))
    if search:
        named = _below({one.pk for one in folders if search.casefold() in one.name.casefold()}, folders)
        words = Q(name__icontains=search) | Q(description__icontains=search)
        segments = segments.filter(words | Q(folder__in=named))
        return _pruned(_grown(folders, segments), named)
    return _grown(folders, segments)


def _grown(folders: Iterable[Folder], segments: Iterable[Segment]) -> Branch:
    inside, held = defaultdict(list), defaultdict(list)
    for folder in folders:
        inside[folder.parent_id].append(folder)
    for segment in segments:
        held[segment.folder_id].append(segment)

    def branch(folder: Folder | None) -> Branch:
        pk = folder.pk if folder else None
        return Branch(folder, [branch(one) for one in inside[pk]], held[pk])

    return branch(None)


def _below(chosen: set[int], folders: Iterable[Folder]) -> set[int]:
    """Those folders, and all in them."""
    found = set(chosen)
    while more := {one.pk for one in folders if one.parent_id in found} - found:
        found |= more
    return found


def _pruned(branch: Branch, named: set[int]) -> Branch:
    """Without the folders in which nothing was found."""
    kept = [_pruned(one, named) for one in branch.folders]
    branch.folders = [one for one in kept if not one.empty or (one.folder and one.folder.pk in named)]
    return branch
