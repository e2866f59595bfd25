"""Where a result goes, as calls say it: `result`, or `result_connection_id` with `result_connection_settings`."""

from api.declared import LARGEST, Call, Param
from api.errors import invalid
from exports import result_targets
from exports.result_targets import ResultProblem, Where

RESULT_PARAMS = (
    Param(
        "result",
        help='Where the result goes: JSON such as {"type": "line_conversion", …}, td://@/database/table, or the name '
        "of an authentication",
    ),
    Param("result_connection_id", "integer", help="In place of result: an authentication's number", maximum=LARGEST),
    Param("result_connection_settings", "object", help="What completes or overrides that authentication's settings"),
)


def where(call: Call, stored: Where | None = None) -> Where:
    """Credentials in it are kept, encrypted. Raises ApiError."""
    try:
        return result_targets.read(
            call["result"] or "",
            connection_id=call["result_connection_id"],
            connection_settings=_object(call),
            stored=stored,
            user=call.user,
        )
    except ResultProblem as problem:
        raise invalid(problem.name, problem.says) from problem


def _object(call: Call) -> dict[str, object] | None:
    given = call["result_connection_settings"]
    if given is not None and not isinstance(given, dict):
        raise invalid("result_connection_settings", "must be a JSON object")
    return given
