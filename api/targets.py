"""Where a result goes, as calls say it: three parameters that several endpoints have."""

from collections.abc import Iterator
from contextlib import contextmanager

from api.declared import Call, Param
from api.errors import invalid
from exports import result_targets
from exports.result_targets import ResultProblem, Where

RESULT = Param(
    "result",
    help='Where the result goes: JSON like {"type": "line_conversion", …}, the name of a saved authentication, or '
    "td://@/database/table?mode=append or replace",
)
CONNECTION = Param("result_connection_id", "integer", "A saved authentication, in place of result", minimum=1)
SETTINGS = Param("result_connection_settings", "object", "What completes or overrides that authentication")
PARAMS = (RESULT, CONNECTION, SETTINGS)


def where(call: Call, *, stored: Where | None = None) -> Where:
    """What the call's PARAMS say. `stored`: where it went until now. Raises ApiError 422, naming the key."""
    settings = call["result_connection_settings"]
    if settings is not None and not isinstance(settings, dict):
        raise invalid("result_connection_settings", "must be a JSON object")
    with named():
        return result_targets.read(
            call["result"] or "",
            connection_id=call["result_connection_id"],
            connection_settings=settings,
            stored=stored,
            user=call.user,
        )


@contextmanager
def named(instead: str = "") -> Iterator[None]:
    """A problem becomes the API's error; `instead`: the parameter's name where it is not called result."""
    try:
        yield
    except ResultProblem as problem:
        name = instead if instead and problem.name == RESULT.name else problem.name
        raise invalid(name, problem.says) from problem
