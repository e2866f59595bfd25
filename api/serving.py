"""One call, from its route to its answer: the key, the role, the parameters, the view, and every error as JSON."""

import logging
from collections.abc import Callable, Mapping

from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, JsonResponse, UnreadablePostError
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from api.declared import Answer, Call, Endpoint, storable
from api.errors import ApiError, response
from api.reading import key_of, length, of_address, parameters

logger = logging.getLogger(__name__)


def view_of(endpoints: Mapping[str, Endpoint]) -> Callable[..., HttpResponseBase]:
    """The Django view of one path. `endpoints`: by method."""

    @csrf_exempt  # a key is no cookie: no other site's page can send it
    def view(request: HttpRequest, **names: str) -> HttpResponseBase:
        answer = _answered(endpoints, request, names)
        answer.setdefault("Cache-Control", "no-store")  # keys and personal data
        return answer

    return view


def _answered(endpoints: Mapping[str, Endpoint], request: HttpRequest, names: Mapping[str, str]) -> HttpResponseBase:
    try:
        return _served(endpoints, request, names)
    except ApiError as error:
        return response(error)
    except Http404 as error:
        return response(ApiError(404, str(error) or "There is no such thing."))
    except PermissionDenied as error:
        return response(ApiError(403, str(error) or "You may not do this."))
    except (BadRequest, SuspiciousOperation, UnreadablePostError) as error:
        return response(ApiError(400, str(error) or "The request cannot be read."))
    except Exception:
        logger.exception("The API failed")
        return response(ApiError(500, "The console had an error, which is in its log."))


def _served(endpoints: Mapping[str, Endpoint], request: HttpRequest, names: Mapping[str, str]) -> HttpResponseBase:
    endpoint = endpoints.get("GET" if request.method == "HEAD" else request.method or "")
    if endpoint is None:
        allowed = ", ".join(sorted({*endpoints, *(["HEAD"] if "GET" in endpoints else [])}))
        raise ApiError(405, f"{request.method} is not served here, only {allowed}.", Allow=allowed)
    length(request)  # no body comes in chunks: Django would read nothing of it
    key = key_of(request) if endpoint.role else None
    if key:
        request.user, request.api_key = key.user, key  # type: ignore[attr-defined]  # the second for the audit trail
    if key and endpoint.role and not key.may(endpoint.role):
        raise ApiError(403, f"This needs the role {endpoint.role.label.lower()}.")
    if not all(map(storable, names.values())):
        raise ApiError(404, "There is no such thing.")
    given = of_address(request) if endpoint.body else parameters(request)
    params = {param.name: param.clean(given.get(param.name)) for param in endpoint.params}
    return _as_response(endpoint.view(Call(request, params, frozenset(given), key), **names))


def _as_response(answer: Answer) -> HttpResponseBase:
    if isinstance(answer, HttpResponseBase):
        return answer
    return JsonResponse(answer, safe=False, json_dumps_params={"ensure_ascii": False})


@csrf_exempt
def unknown(request: HttpRequest) -> HttpResponseBase:
    return response(ApiError(404, f"{request.method} {request.path} is not served here."))
