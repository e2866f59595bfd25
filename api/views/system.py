from api.declared import TEXT, Answer, Call, endpoint, record


@endpoint("GET", "/v3/system/server_status", role=None, tag="System", answer=record(status=TEXT))
def server_status(call: Call) -> Answer:
    """Whether the server is up. The toolbelt asks before each command, without a key."""
    return {"status": "ok"}
