"""What goes wrong with a call, in the form that Treasure Data's clients read."""

from collections.abc import Mapping
from typing import Any

from django.http import JsonResponse

WORDS = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Resource not found",
    405: "Method Not Allowed",
    409: "Conflict",
    411: "Length Required",
    413: "Payload Too Large",
    415: "Unsupported Media Type",
    416: "Range Not Satisfiable",
    422: "Validation failed",
    429: "Too Many Requests",
    500: "Internal Server Error",
}


class ApiError(Exception):
    """The call cannot be answered as asked: the HTTP status, what is wrong, and for programs `details`."""

    def __init__(self, status: int, message: str, details: Mapping[str, Any] | None = None, **headers: str) -> None:
        super().__init__(message)
        self.status, self.message, self.details, self.headers = status, message, details, headers


def invalid(name: str, says: str) -> ApiError:
    """A parameter that cannot be used: 422, with its name."""
    return ApiError(422, f"Validation failed: {name}: {says}", {name: [says]})


def all_invalid(problems: Mapping[str, str]) -> ApiError:
    """Several parameters that cannot be used: 422, with what is wrong by name."""
    says = " ".join(f"{name}: {text}" for name, text in problems.items())
    return ApiError(422, f"Validation failed: {says}", {name: [text] for name, text in problems.items()})


def missing(what: str) -> ApiError:
    return ApiError(404, f"{what} does not exist.")


def body_of(error: ApiError) -> dict[str, Any]:
    """Ruby's client shows `message`, Java's `error` and `text`, Python's the whole body; digdag reads `status`."""
    body = {
        "error": WORDS.get(error.status, "Error"),
        "message": error.message,
        "text": error.message,
        "severity": "error",
        "status_code": error.status,
        "status": error.status,
    }
    return body | ({"details": dict(error.details)} if error.details else {})


def response(error: ApiError) -> JsonResponse:
    headers = {name.replace("_", "-"): value for name, value in error.headers.items()}
    if error.status == 401:
        headers["WWW-Authenticate"] = "TD1"
    shown = {"ensure_ascii": False}  # digdag prints the body as it comes
    return JsonResponse(body_of(error), status=error.status, headers=headers, json_dumps_params=shown)
