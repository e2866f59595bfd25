from api import openapi
from api.declared import TEXT, Answer, Call, Schema, endpoint, record

ANY: Schema = {"type": "object"}


@endpoint("GET", "/v3/system/server_status", role=None, tag="System", answer=record(status=TEXT))
def server_status(call: Call) -> Answer:
    """Whether the server is up. The toolbelt asks before each command, without a key."""
    return {"status": "ok"}


@endpoint(
    "GET",
    "/api/openapi.json",
    role=None,
    tag="System",
    answer=record(openapi=TEXT, info=ANY, paths=ANY, components=ANY),
)
def openapi_document(call: Call) -> Answer:
    """Describe this API in OpenAPI 3.1."""
    return openapi.document()
