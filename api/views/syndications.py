"""Activations of Audience Studio, which Treasure Data's API calls syndications."""

from collections.abc import Mapping
from typing import Any

from accounts import audit
from accounts.models import Role
from api import audience_objects as objects
from api.audience_objects import EXECUTION, SYNDICATION
from api.declared import Answer, Call, array, endpoint
from api.syndication_params import CHANGED, CREATED, refused, wanted
from api.views.audiences import ID, TAG
from audiences import activations
from audiences.models import Activation, Segment


@endpoint("GET", "/audiences/{audience}/syndications", tag=TAG, answer=array(SYNDICATION))
def audience_syndications(call: Call, audience: str) -> Answer:
    """List the activations of all segments of a parent segment."""
    parent = objects.audience(audience)
    return objects.syndications_shown(objects.syndications().filter(segment__parent_segment=parent))


@endpoint("GET", "/audiences/{audience}/segments/{segment}/syndications", tag=TAG, answer=array(SYNDICATION))
def syndication_list(call: Call, audience: str, segment: str) -> Answer:
    """List the activations of a segment, each with its last executions."""
    found = objects.segment(objects.audience(audience), segment)
    return objects.syndications_shown(objects.syndications().filter(segment=found))


@endpoint(
    "POST",
    "/audiences/{audience}/segments/{segment}/syndications",
    role=Role.EDITOR,
    tag=TAG,
    params=CREATED,
    answer=SYNDICATION,
)
def syndication_create(call: Call, audience: str, segment: str) -> Answer:
    """Make an activation. Without a repeatUnit it runs once: at startAt, or at once."""
    found = objects.segment(objects.audience(audience), segment)
    return objects.syndication_shown(create(call, found, call.params, call.given))


@endpoint("GET", "/audiences/{audience}/segments/{segment}/syndications/{syndication}", tag=TAG, answer=SYNDICATION)
def syndication_show(call: Call, audience: str, segment: str, syndication: str) -> Answer:
    """Show an activation."""
    return objects.syndication_shown(_found(audience, segment, syndication))


@endpoint(
    "PUT",
    "/audiences/{audience}/segments/{segment}/syndications/{syndication}",
    role=Role.EDITOR,
    tag=TAG,
    params=CHANGED,
    answer=SYNDICATION,
)
def syndication_update(call: Call, audience: str, segment: str, syndication: str) -> Answer:
    """Change what is given of an activation."""
    return objects.syndication_shown(update(call, _found(audience, segment, syndication), call.params, call.given))


@endpoint(
    "DELETE",
    "/audiences/{audience}/segments/{segment}/syndications/{syndication}",
    role=Role.EDITOR,
    tag=TAG,
    answer=ID,
)
def syndication_delete(call: Call, audience: str, segment: str, syndication: str) -> Answer:
    """Delete an activation. Its jobs stay; while one of them is active this is 409."""
    return delete(call, _found(audience, segment, syndication))


@endpoint(
    "POST",
    "/audiences/{audience}/segments/{segment}/syndications/{syndication}/run",
    role=Role.EDITOR,
    tag=TAG,
    answer=EXECUTION,
)
def syndication_run(call: Call, audience: str, segment: str, syndication: str) -> Answer:
    """Run an activation once, beside its schedule."""
    return run(call, _found(audience, segment, syndication))


# --- what is done --------------------------------------------------------------------------------------------------


def _found(audience: str, segment: str, syndication: str) -> Activation:
    return objects.syndication(objects.segment(objects.audience(audience), segment), syndication)


def create(call: Call, segment: Segment, params: Mapping[str, Any], given: frozenset[str]) -> Activation:
    chosen = wanted(params, given, None)
    with refused():
        made, job = activations.create(segment, chosen, user=call.user)
    audit.record("activation.create", made, request=call.request, segment=segment.name, job=job.pk if job else None)
    return objects.syndication(segment, str(made.pk))


def update(call: Call, activation: Activation, params: Mapping[str, Any], given: frozenset[str]) -> Activation:
    chosen = wanted(params, given, activations.of(activation))
    with refused():
        if activations.update(activation, chosen, user=call.user):
            audit.record("activation.update", activation, request=call.request, segment=activation.segment.name)
    return objects.syndication(activation.segment, str(activation.pk))


def delete(call: Call, activation: Activation) -> dict[str, Any]:
    name, number = activation.name, activation.pk
    with refused():
        activations.delete(activation)
    audit.record("activation.delete", request=call.request, name=name, activation=number)
    return {"id": str(number)}


def run(call: Call, activation: Activation) -> dict[str, Any]:
    with refused():
        job = activations.run_now(activation, user=call.user)
    audit.record("activation.run", activation, request=call.request, job=job.pk)
    return objects.execution(job)
