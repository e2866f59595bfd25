"""The OpenAPI 3.1 document of what is served, computed from the declared endpoints."""

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

from api.declared import ENDPOINTS, INTEGER, TEXT, Endpoint, Param, Schema

JSON = "application/json"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
BYTES = "application/octet-stream"
ABOUT = """\
The API of this console speaks Treasure Data's v3: td-client, pytd, the toolbelt and digdag call it unchanged. Its \
API of Audience Studio is served under /audiences and /entities.

Parameters of a POST may be sent as a form or as JSON; an empty text means that a parameter is not given. Errors are \
JSON too, with `message` for people and, where parameters are wrong, `details` by their names."""
ERROR: Schema = {
    "type": "object",
    "properties": {
        "error": {**TEXT, "description": "The kind of error"},
        "message": {**TEXT, "description": "What is wrong"},
        "text": {**TEXT, "description": "The same as message: some clients read this one"},
        "severity": {"const": "error"},
        "status_code": {**INTEGER, "minimum": 400, "maximum": 599},
        "status": {"description": "The same as status_code, for digdag; of an attempt that is in the way, its own"},
        "details": {"type": "object", "description": "What is wrong with each parameter, by its name"},
    },
    "required": ["error", "message", "text", "severity", "status_code"],
}


@cache
def document() -> dict[str, Any]:
    """The whole document; what is served does not change while the process lives."""
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in ENDPOINTS:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = operation(endpoint)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Linecapi Console", "version": "3", "description": ABOUT},
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in tags(ENDPOINTS)],
        "paths": paths,
        "components": {
            "schemas": {"Error": ERROR},
            "responses": {
                "Error": {"description": "What is wrong", "content": _json({"$ref": "#/components/schemas/Error"})}
            },
            "securitySchemes": {
                "TD1": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "`TD1 YOUR_KEY`, `Bearer YOUR_KEY` or the key alone. Make one in My Settings.",
                }
            },
        },
    }


def tags(endpoints: Iterable[Endpoint]) -> list[str]:
    """In the order of their first endpoints."""
    return list(dict.fromkeys(endpoint.tag for endpoint in endpoints))


def name_of(endpoint: Endpoint) -> str:
    """GET /v3/job/show/{job_id} → get_v3_job_show_job_id."""
    return re.sub(r"[^a-z0-9]+", "_", f"{endpoint.method} {endpoint.path}".lower()).strip("_")


def operation(endpoint: Endpoint) -> dict[str, Any]:
    needs = f"Needs the role {endpoint.role.label.lower()}." if endpoint.role else "Needs no key."
    found: dict[str, Any] = {
        "operationId": name_of(endpoint),
        "tags": [endpoint.tag],
        "summary": endpoint.summary,
        "description": f"{endpoint.description} {needs}".strip(),
        "security": [{"TD1": []}] if endpoint.role else [],
        "parameters": [_in_path(name) for name in endpoint.names],
        "responses": {"200": _answer(endpoint), "4XX": {"$ref": "#/components/responses/Error"}},
    }
    if endpoint.body:
        found["requestBody"] = {"required": True, "description": endpoint.body, "content": {BYTES: {}}}
    if endpoint.params and endpoint.method != "GET" and not endpoint.body:
        found["requestBody"] = _body(endpoint.params)
    else:
        found["parameters"] += [_in_query(param) for param in endpoint.params]
    return found


def _in_path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {**TEXT, "minLength": 1}}


def _in_query(param: Param) -> dict[str, Any]:
    found = {"name": param.name, "in": "query", "required": param.required, "schema": schema_of(param, as_text=True)}
    return found | ({"description": param.help} if param.help else {})


def _body(params: tuple[Param, ...]) -> dict[str, Any]:
    """The same parameters as JSON and as forms."""
    content = _json(_fields(params, as_text=False))
    for media in FORMS:
        content[media] = {"schema": _fields(params, as_text=True)}
    return {"required": any(param.required for param in params), "content": content}


def _fields(params: tuple[Param, ...], *, as_text: bool) -> Schema:
    fields = {param.name: schema_of(param, as_text=as_text) for param in params}
    for param in params:
        fields[param.name] = {**fields[param.name], **({"description": param.help} if param.help else {})}
    return {"type": "object", "properties": fields, "required": [param.name for param in params if param.required]}


def schema_of(param: Param, *, as_text: bool) -> Schema:
    """`as_text`: where everything is text, an object is JSON in it."""
    given = {"minimum": param.minimum, "maximum": param.maximum, "default": param.default}
    found = {name: value for name, value in given.items() if value is not None}
    match param.kind:
        case "text":
            found |= {"type": "string", "maxLength": param.most}
            found |= {"enum": list(param.choices)} if param.choices else {}
            found |= {"minLength": 1} if param.required else {}
        case "object":
            found |= {"type": "string", "contentMediaType": JSON} if as_text else {}
        case kind:
            found |= {"type": kind}
    return found


def _answer(endpoint: Endpoint) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for media in endpoint.media:
        content[media] = {"schema": endpoint.answer} if media == JSON and endpoint.answer else {}
    return {"description": "Done", "content": content}


def _json(schema: Schema) -> dict[str, Any]:
    return {JSON: {"schema": schema}}
