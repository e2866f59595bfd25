"""Segments of Audience Studio, and how many customers a rule holds for."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from accounts import audit
from accounts.models import Role
from api import audience_objects as objects
from api.audience_objects import SEGMENT
from api.declared import INTEGER, TEXT, Answer, Call, Param, array, endpoint, record
from api.errors import ApiError, all_invalid, invalid
from api.views.audiences import ID, TAG
from audiences import compiled, counting, segments
from audiences.activations import NotCompiled
from audiences.counting import NotBuilt
from audiences.models import Folder, ParentSegment, Segment
from audiences.rules.problems import RuleError
from audiences.segments import Conflict, Counted, Draft
from exports.errors import NameTaken, NotPossible
from warehouse.engines.base import EngineError

EVERYONE = {"type": "And", "conditions": []}
COUNT = record(id=TEXT, status=TEXT, count=INTEGER, population=INTEGER, sql=TEXT)
RULE = Param("rule", "object", "Treasure Data's rule JSON; of a new segment, without one: everyone")
PARAMS = (
    Param("description", most=2000),
    Param("segmentFolderId", help="The folder that it is in; empty: the top"),
    RULE,
)


@endpoint("GET", "/audiences/{audience}/segments", tag=TAG, answer=array(SEGMENT))
def segment_list(call: Call, audience: str) -> Answer:
    """List the segments of a parent segment. `population` is how many customers were counted last, or null."""
    return [objects.segment_shown(one) for one in objects.segments().filter(parent_segment=objects.audience(audience))]


@endpoint(
    "POST",
    "/audiences/{audience}/segments",
    role=Role.EDITOR,
    tag=TAG,
    params=(Param("name", required=True, most=segments.NAME_LENGTH), *PARAMS),
    answer=SEGMENT,
)
def segment_create(call: Call, audience: str) -> Answer:
    """Make a segment."""
    parent = objects.audience(audience)
    rule = EVERYONE if call["rule"] is None else call["rule"]
    draft = Draft(_name(call, None), call["description"] or "", _folder(call, parent, None), _rule(parent, rule))
    try:
        made = segments.create(parent, draft, user=call.user)
    except NameTaken as error:
        raise _taken() from error
    except RuleError as error:
        raise _wrong(error) from error
    audit.record("segment.create", made, request=call.request, parent_segment=parent.name)
    return objects.segment_shown(objects.segment(parent, str(made.pk)))


@endpoint("GET", "/audiences/{audience}/segments/{segment}", tag=TAG, answer=SEGMENT)
def segment_show(call: Call, audience: str, segment: str) -> Answer:
    """Show a segment with its rule."""
    return objects.segment_shown(objects.segment(objects.audience(audience), segment))


@endpoint(
    "PUT",
    "/audiences/{audience}/segments/{segment}",
    role=Role.EDITOR,
    tag=TAG,
    params=(Param("name", most=segments.NAME_LENGTH), *PARAMS),
    answer=SEGMENT,
)
def segment_update(call: Call, audience: str, segment: str) -> Answer:
    """Change what is given of a segment. What sends it, or another one that refers to it, sends by the new rule from
    its next run on."""
    parent = objects.audience(audience)
    found = objects.segment(parent, segment)
    base: datetime = found.updated_at
    draft = Draft(
        _name(call, found),
        found.description if "description" not in call.given else call["description"] or "",
        _folder(call, parent, found),
        found.rule if call["rule"] is None else _rule(parent, call["rule"], found),
    )
    try:
        changed = segments.update(found, draft, base=base, user=call.user)
    except NameTaken as error:
        raise _taken() from error
    except RuleError as error:
        raise _wrong(error) from error
    except NotCompiled as error:
        raise ApiError(409, f"An activation would not be possible any more. {error}") from error
    except Conflict as error:
        raise ApiError(409, "Somebody else changed the segment meanwhile. Try again.") from error
    if changed:
        audit.record("segment.update", found, request=call.request, parent_segment=parent.name)
    return objects.segment_shown(objects.segment(parent, segment))


@endpoint("DELETE", "/audiences/{audience}/segments/{segment}", role=Role.EDITOR, tag=TAG, answer=ID)
def segment_delete(call: Call, audience: str, segment: str) -> Answer:
    """Delete a segment. One that another segment refers to, or an activation sends, stays."""
    parent = objects.audience(audience)
    found = objects.segment(parent, segment)
    name, number = found.name, found.pk
    users = segments.users(found)
    try:
        segments.delete(found)
    except NotPossible as error:
        named = [{"kind": "segment", "name": one.name} for one in users.segments]
        named += [{"kind": "activation", "name": one.name} for one in users.activations]
        raise ApiError(409, str(error), {"used_by": named} if named else None) from error
    audit.record("segment.delete", request=call.request, name=name, segment=number, parent_segment=parent.name)
    return {"id": str(number)}


@endpoint(
    "POST",
    "/audiences/{audience}/segments/queries",
    tag=TAG,
    params=(RULE, Param("segmentId", help="The segment whose rule is meant, where none is given")),
    answer=COUNT,
)
def segment_count(call: Call, audience: str) -> Answer:
    """Count the customers for whom a rule holds. The answer comes when they are counted, with the SQL that did it."""
    parent = objects.audience(audience)
    found = objects.segment(parent, call["segmentId"]) if call["segmentId"] else None
    if found is None and call["rule"] is None:
        raise invalid("rule", "is required, or a segmentId")
    rule = found.rule if call["rule"] is None and found else _rule(parent, call["rule"], found)
    try:
        sql = compiled.count_sql(parent, rule, found)
        counted = counting.count(parent, sql, user=call.user, asked=counting.ALONE)
    except RuleError as error:
        raise _wrong(error) from error
    except NotBuilt as error:
        raise ApiError(409, "The parent segment has not been built yet: build it first.") from error
    except EngineError as error:
        raise ApiError(422, error.message) from error
    if found and call["rule"] is None:
        segments.count(found, Counted(counted.count, timezone.now()))
    number = call["segmentId"] or ""
    return {"id": number, "status": "success", "count": counted.count, "population": counted.total, "sql": sql}


# --- read ---------------------------------------------------------------------------------------------------------


def _name(call: Call, segment: Segment | None) -> str:
    name: str = (call["name"] or (segment.name if segment else "")).strip()
    if not name:
        raise invalid("name", "is required")
    return name


def _folder(call: Call, parent: ParentSegment, segment: Segment | None) -> Folder | None:
    if "segmentFolderId" not in call.given:
        return segment.folder if segment else None
    return objects.folder(parent, call["segmentFolderId"]) if call["segmentFolderId"] else None


def _rule(parent: ParentSegment, data: Any, segment: Segment | None = None) -> dict[str, Any]:
    """As it is kept. Raises ApiError."""
    try:
        return compiled.parsed(parent, data, segment).to_json()
    except RuleError as error:
        raise _wrong(error) from error


def _wrong(error: RuleError) -> ApiError:
    return all_invalid({f"rule.{path}" if path else "rule": text for path, text in error.problems})


def _taken() -> ApiError:
    return ApiError(409, "The folder has a segment of this name.")
