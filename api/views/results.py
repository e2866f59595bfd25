"""Saved results, as clients call authentications, and how they are found and checked."""

from collections.abc import Iterator
from contextlib import contextmanager

from accounts.models import Role
from api.declared import INTEGER, TEXT, Answer, Call, Param, array, endpoint, nullable, record
from api.errors import ApiError, invalid, missing
from exports import result_targets
from exports.result_grammar import CONNECTION, RESULT, ResultProblem
from integrations import authentications
from integrations.authentications import InUse, NameTaken
from integrations.models import Authentication
from integrations.sources import destinations

TAG = "Results"
SHORTEST, LONGEST = 3, 255  # characters of a name
SAVED = record(name=TEXT, result=TEXT)


@endpoint(
    "GET",
    "/v3/result/list",
    tag=TAG,
    answer=record(results=array(record(name=TEXT, url=TEXT, organization=nullable(TEXT)))),
)
def result_list(call: Call) -> Answer:
    """List the saved authentications that results can be sent to. Secrets are masked."""
    return {"results": [_result(one) for one in destinations()]}


def _result(one: Authentication) -> dict[str, str | None]:
    return {"name": one.name, "url": result_targets.shown_authentication(one), "organization": None}


@endpoint(
    "POST",
    "/v3/result/create/{name}",
    role=Role.EDITOR,
    tag=TAG,
    params=(Param("url", help='JSON like {"type": "line_conversion", "line_tag_id": …, "access_token": …}'),),
    answer=SAVED,
)
def result_create(call: Call, name: str) -> Answer:
    """Save an authentication under a name. What its export settings say counts wherever the name is given."""
    _check_name(name)
    if not call["url"]:
        raise ApiError(422, "'url' parameter is required", {"url": ["is required"]})
    with _named_as("url"):
        connector, values = result_targets.credentials(call["url"], user=call.user)
    try:
        authentications.create(connector=connector, name=name, values=values, tested=None, request=call.request)
    except NameTaken as error:
        raise ApiError(409, "Result must be unique") from error
    return {"name": name, "result": name}


def _check_name(name: str) -> None:
    if len(name) < SHORTEST:
        raise ApiError(422, "Validation failed: Name is too short", {"name": [f"{SHORTEST} characters at least"]})
    if len(name) > LONGEST:
        raise ApiError(422, "Validation failed: Name is too long", {"name": [f"{LONGEST} characters at most"]})
    if name != name.strip():
        raise invalid("name", "must not begin or end with a space")


@endpoint("POST", "/v3/result/delete/{name}", role=Role.EDITOR, tag=TAG, answer=SAVED)
def result_delete(call: Call, name: str) -> Answer:
    """Delete a saved authentication that no query and no active job uses."""
    try:
        authentications.delete(_named(name), request=call.request)
    except InUse as error:
        users = ", ".join(f"{use.kind} {use.name}" for use in error.uses[:3])
        raise ApiError(409, f"{name} cannot be deleted: it is used by {users}.") from error
    return {"name": name, "result": name}


@endpoint(
    "GET",
    "/v3/connections/lookup",
    tag=TAG,
    params=(Param("name", help="The exact name", required=True, most=LONGEST),),
    answer=record(id=INTEGER),
)
def connection_lookup(call: Call) -> Answer:
    """Find the number of a saved authentication by its name, for result_connection_id."""
    return {"id": _named(call["name"]).pk}


@endpoint(
    "POST",
    "/v3/connector_configs/validate_with_connection",
    role=Role.EDITOR,
    tag=TAG,
    params=(
        Param("type", help="A connector, like line_conversion", required=True, most=100),
        Param("settings", "object", required=True),
        Param("connection_id", "integer", "A saved authentication that the settings complete", minimum=1),
    ),
    answer=record(type=TEXT, settings={"type": "object"}),
)
def connector_config_validate(call: Call) -> Answer:
    """Check settings of a result without keeping them. Secrets are masked in the answer."""
    kind, settings = call["type"], call["settings"]
    if not isinstance(settings, dict):
        raise invalid("settings", "must be a JSON object")
    with _named_as("connection_id"):
        found = result_targets.checked(kind, settings, connection_id=call["connection_id"], user=call.user)
    return {"type": kind, "settings": found}


@contextmanager
def _named_as(name: str) -> Iterator[None]:
    """A problem becomes the API's error; `name`: what the parameter is called here."""
    try:
        yield
    except ResultProblem as problem:
        parameter = problem.name in (RESULT, CONNECTION)
        raise invalid(name if parameter else problem.name, problem.says) from problem


def _named(name: str) -> Authentication:
    found = destinations().filter(name=name).first()
    if found is None:
        raise missing(f"The authentication {name}")
    return found
