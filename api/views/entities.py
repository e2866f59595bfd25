"""Activations once more, in the form of JSON:API."""

from typing import Any

from django.http import JsonResponse

from accounts.models import Role
from api import audience_objects as objects
from api.audience_objects import EXECUTION, SYNDICATION
from api.declared import TEXT, Answer, Call, Param, array, endpoint, number_in_path, record
from api.errors import invalid, missing
from api.syndication_params import CHANGED, CREATED
from api.views.audiences import ID, TAG
from api.views.syndications import create, delete, run, update
from audiences.models import Activation, Segment

MEDIA = "application/vnd.treasuredata.v1+json"
DOCUMENT = record(data=record(id=TEXT, type=TEXT, attributes=SYNDICATION))
DOCUMENTS = record(data=array(record(id=TEXT, type=TEXT, attributes=SYNDICATION)))
DATA = Param(
    "data", "object", "A JSON:API resource: its attributes are what the other form of this call takes", required=True
)


@endpoint("GET", "/entities/segments/{segment}/syndications", tag=TAG, answer=DOCUMENTS, media=(MEDIA,))
def entity_list(call: Call, segment: str) -> Answer:
    """List the activations of a segment, as JSON:API."""
    found = objects.syndications().filter(segment=_segment(segment))
    return _document([_resource(one) for one in objects.syndications_shown(found)])


@endpoint(
    "POST",
    "/entities/segments/{segment}/syndications",
    role=Role.EDITOR,
    tag=TAG,
    params=(DATA,),
    answer=DOCUMENT,
    media=(MEDIA,),
)
def entity_create(call: Call, segment: str) -> Answer:
    """Make an activation, as JSON:API."""
    found = _segment(segment)
    return _one(create(call, found, *_attributes(call, CREATED)))


@endpoint("GET", "/entities/segments/{segment}/syndications/{syndication}", tag=TAG, answer=DOCUMENT, media=(MEDIA,))
def entity_show(call: Call, segment: str, syndication: str) -> Answer:
    """Show an activation, as JSON:API."""
    return _one(objects.syndication(_segment(segment), syndication))


@endpoint(
    "PATCH",
    "/entities/segments/{segment}/syndications/{syndication}",
    role=Role.EDITOR,
    tag=TAG,
    params=(DATA,),
    answer=DOCUMENT,
    media=(MEDIA,),
)
def entity_update(call: Call, segment: str, syndication: str) -> Answer:
    """Change what is given of an activation, as JSON:API."""
    return _one(update(call, objects.syndication(_segment(segment), syndication), *_attributes(call, CHANGED)))


@endpoint("DELETE", "/entities/segments/{segment}/syndications/{syndication}", role=Role.EDITOR, tag=TAG, answer=ID)
def entity_delete(call: Call, segment: str, syndication: str) -> Answer:
    """Delete an activation. Its jobs stay; while one of them is active this is 409."""
    return delete(call, objects.syndication(_segment(segment), syndication))


@endpoint(
    "POST",
    "/entities/segments/{segment}/syndications/{syndication}/run",
    role=Role.EDITOR,
    tag=TAG,
    answer=record(data=record(id=TEXT, type=TEXT, attributes=EXECUTION)),
    media=(MEDIA,),
)
def entity_run(call: Call, segment: str, syndication: str) -> Answer:
    """Run an activation once, beside its schedule. The answer is the job, as JSON:API."""
    ran = run(call, objects.syndication(_segment(segment), syndication))
    return _document({"id": ran["jobId"], "type": "syndication_execution", "attributes": ran})


def _attributes(call: Call, params: tuple[Param, ...]) -> tuple[dict[str, Any], frozenset[str]]:
    """What the other form of the call would have: (the parameters, clean; those that were given)."""
    data = call["data"]
    given = data.get("attributes") if isinstance(data, dict) else None
    if not isinstance(given, dict):
        raise invalid("data", "must be an object with attributes")
    return {param.name: param.clean(given.get(param.name)) for param in params}, frozenset(given)


def _document(data: Any) -> JsonResponse:
    return JsonResponse({"data": data}, content_type=MEDIA, json_dumps_params={"ensure_ascii": False})


def _one(activation: Activation) -> JsonResponse:
    return _document(_resource(objects.syndication_shown(activation)))


def _resource(shown: dict[str, Any]) -> dict[str, Any]:
    return {"id": shown["id"], "type": "syndication", "attributes": shown}


def _segment(number: str) -> Segment:
    found = objects.segments().filter(pk=number_in_path(number, "Segment")).first()
    if found is None:
        raise missing(f"Segment {number}")
    return found
