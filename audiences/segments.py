"""Segments: what people do with them. What refers to a segment keeps it from being deleted."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from accounts.models import User
from audiences import activations
from audiences.locks import lock
from audiences.models import Activation, Folder, ParentSegment, Segment
from audiences.rules.problems import RuleError
from exports.errors import NameTaken, NotPossible
from exports.queries import copy_name

NAME_LENGTH = 255
Json = dict[str, Any]


class Conflict(Exception):
    """Someone else saved the segment meanwhile; `segment` is what is stored now."""

    def __init__(self, segment: Segment) -> None:
        super().__init__(f"“{segment.name}” was saved meanwhile.")
        self.segment = segment


@dataclass(frozen=True)
class Counted:
    """How many customers a rule was found to hold for, and when."""

    count: int
    at: datetime


@dataclass(frozen=True)
class Draft:
    """What a rule builder holds. `rule`: as `to_json` of audiences.rules gives it; `counted`: its count, if known."""

    name: str
    description: str
    folder: Folder | None
    rule: Json
    counted: Counted | None = None


@dataclass(frozen=True)
class Users:
    """What a segment cannot be deleted under: segments that refer to it, and activations that send it."""

    segments: list[Segment]
    activations: list[Activation]

    def __bool__(self) -> bool:
        return bool(self.segments or self.activations)


def create(parent: ParentSegment, draft: Draft, *, user: User | None) -> Segment:
    """Raises NameTaken, and RuleError where a segment that the rule refers to was just deleted."""
    made = Segment(parent_segment=parent, created_by=user, updated_by=user, **_columns(draft))
    _count(made, draft.counted)
    try:
        with transaction.atomic():
            lock(parent.pk)
            _check_references(parent, draft.rule, None)
            made.save()
    except IntegrityError as error:
        raise NameTaken from error
    return made


def update(segment: Segment, draft: Draft, *, base: datetime, user: User | None) -> bool:
    """Save over what was stored at `base`, and have activations send by it; False if nothing is different.

    Raises Conflict if someone else saved since, what `create` raises, and NotCompiled. `segment` is what is stored
    afterwards.
    """
    with transaction.atomic():
        lock(segment.parent_segment_id)
        segment.refresh_from_db()
        if segment.updated_at != base:
            raise Conflict(segment)
        columns, same_rule = _columns(draft), segment.rule == draft.rule
        if not same_rule:
            _check_references(segment.parent_segment, draft.rule, segment)
        if all(getattr(segment, name) == value for name, value in columns.items()):
            return False
        for name, value in columns.items():
            setattr(segment, name, value)
        if draft.counted or not same_rule:
            _count(segment, draft.counted)
        if not same_rule:
            _uncount_those_above(segment)
        segment.updated_by = user
        _save(segment)
        activations.recompile(segment.parent_segment, user=user)
    return True


def move(segment: Segment, folder: Folder | None, *, user: User | None) -> None:
    """Into a folder of its parent segment, or to the top. Raises NameTaken."""
    segment.folder, segment.updated_by = folder, user
    _save(segment, fields=["folder", "updated_by", "updated_at"])


def duplicate(segment: Segment, *, user: User | None) -> Segment:
    """A copy in the same folder, with a name of its own."""
    beside = Segment.objects.filter(parent_segment=segment.parent_segment_id, folder=segment.folder_id)
    taken = set(beside.filter(name__startswith="Copy ").values_list("name", flat=True))
    name = copy_name(segment.name, taken)
    counted = Counted(segment.count, segment.counted_at) if segment.count is not None and segment.counted_at else None
    draft = Draft(name, segment.description, segment.folder, segment.rule, counted)
    return create(segment.parent_segment, draft, user=user)


def delete(segment: Segment) -> None:
    """Raises NotPossible while something uses it."""
    with transaction.atomic():
        lock(segment.parent_segment_id)
        if users(segment):
            raise NotPossible(f"“{segment.name}” is in use.")
        try:
            segment.delete()
        except ProtectedError as error:  # an activation that came just now
            raise NotPossible(f"“{segment.name}” is in use.") from error


def users(segment: Segment) -> Users:
    """Those that use it directly."""
    others = Segment.objects.filter(parent_segment=segment.parent_segment_id).values_list("pk", "rule")
    found = Segment.objects.in_bulk([pk for pk, rule in others if segment.pk in referred(rule)])
    return Users(sorted(found.values(), key=str), list(segment.activations.all()))


def referable(parent: ParentSegment, segment: Segment | None = None) -> dict[int, Segment]:
    """Those that a rule of `segment` may refer to: all but itself and those that build upon it."""
    found = Segment.objects.filter(parent_segment=parent).in_bulk()
    above = _above(segment.pk, found) if segment else set()
    return {pk: one for pk, one in found.items() if pk not in above}


def _above(pk: int, every: dict[int, Segment]) -> set[int]:
    """Itself, and those that build upon it."""
    refers, above = {pk: set(referred(one.rule)) for pk, one in every.items()}, {pk}
    while more := {pk for pk, inside in refers.items() if inside & above} - above:
        above |= more
    return above


def _uncount_those_above(segment: Segment) -> None:
    """Its rule has changed, and what theirs hold for with it."""
    above = _above(segment.pk, Segment.objects.filter(parent_segment=segment.parent_segment_id).in_bulk())
    Segment.objects.filter(pk__in=above - {segment.pk}).update(count=None, counted_at=None)


def referred(rule: Any) -> Iterator[int]:
    """The numbers of the segments that a rule's JSON refers to directly."""
    if isinstance(rule, dict):
        if rule.get("type") == "Reference" and str(rule.get("id", "")).isdecimal():
            yield int(rule["id"])
        for one in rule.get("conditions") or ():
            yield from referred(one)


def count(segment: Segment, counted: Counted) -> None:
    """Keep a count of the rule that `segment` was loaded with, unless that has been changed meanwhile."""
    found = Segment.objects.filter(pk=segment.pk, updated_at=segment.updated_at)
    found.update(count=counted.count, counted_at=counted.at)
    _count(segment, counted)


def _check_references(parent: ParentSegment, rule: Json, segment: Segment | None) -> None:
    """Others may have been saved since the rule was read. Raises RuleError."""
    wanted = set(referred(rule))
    if wanted and wanted - referable(parent, segment).keys():
        raise RuleError([("", "A segment that it refers to was deleted meanwhile, or refers to this one now.")])


def _columns(draft: Draft) -> dict[str, Any]:
    return {name: getattr(draft, name) for name in ("name", "description", "folder", "rule")}


def _count(segment: Segment, counted: Counted | None) -> None:
    segment.count = counted.count if counted else None
    segment.counted_at = counted.at if counted else None


def _save(segment: Segment, fields: list[str] | None = None) -> None:
    try:
        with transaction.atomic():
            segment.save(update_fields=fields)
    except IntegrityError as error:
        raise NameTaken from error
