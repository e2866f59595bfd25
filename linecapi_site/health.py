"""What monitors ask: does the process answer, can the console work, and how is it getting on."""

import hmac
from collections.abc import Callable

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, JsonResponse
from django.views.decorators.http import require_safe
from django_q.brokers import get_broker
from prometheus_client import CONTENT_TYPE_LATEST

from accounts.audit import signed_in
from accounts.models import Role
from exports.vitals import vitals
from linecapi_site import metrics as measured

OK = "ok"


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """This process answers; nothing else is looked at."""
    return HttpResponse(OK, content_type="text/plain")


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Whether jobs can be started and run: 503 says in which part they cannot, and nothing more."""
    found = _states()
    ready = all(state == OK for state in found.values())
    return JsonResponse({"ready": ready, "checks": found}, status=200 if ready else 503)


def _states() -> dict[str, str]:
    """Without its database nothing else is asked, for that would only take longer."""
    found = {"database": _state(CHECKS["database"])}
    for name, check in list(CHECKS.items())[1:]:
        found[name] = _state(check) if found["database"] == OK else "not checked"
    return found


def _state(check: Callable[[], str]) -> str:
    try:
        return check()
    except Exception:  # whatever it is: the message of a driver may name hosts and users
        return "cannot be reached"


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return OK


def _broker() -> str:
    get_broker().queue_size()
    return OK


def _scheduler() -> str:
    return OK if vitals().ticking else "does not tick: no cluster is alive"


CHECKS = {"database": _database, "broker": _broker, "scheduler": _scheduler}


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """For Prometheus, with the token METRICS_TOKEN, and for signed-in admins."""
    user = signed_in(request)
    if not (_has_token(request) or (user and user.may(Role.ADMIN))):
        return HttpResponseForbidden("This needs the token of METRICS_TOKEN, or the role admin.\n", "text/plain")
    return HttpResponse(measured.text(), content_type=CONTENT_TYPE_LATEST)


def _has_token(request: HttpRequest) -> bool:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    expected = settings.METRICS_TOKEN
    return bool(expected) and kind == "Bearer" and hmac.compare_digest(token.encode(), expected.encode())
