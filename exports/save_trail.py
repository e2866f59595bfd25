"""What the audit trail says about a query that was saved, in the console or by the API."""

from typing import Any

from django.http import HttpRequest

from accounts import audit
from exports import schedule_words
from exports.models import Query
from exports.timing import Timing


def created(query: Query, schedule: Timing | None, *, request: HttpRequest) -> None:
    audit.record("query.create", query, request=request)
    _schedule(query, None, schedule, request)


def updated(query: Query, before: Timing | None, after: Timing | None, *, request: HttpRequest) -> None:
    """`before`, `after`: when the query ran by itself, and when it does now."""
    audit.record("query.update", query, request=request, version=query.version)
    _schedule(query, before, after, request)


def _schedule(query: Query, before: Timing | None, after: Timing | None, request: HttpRequest) -> None:
    changes: dict[str, Any] = schedule_words.changes(before, after)
    if changes:
        deed = "create" if before is None else "remove" if after is None else "update"
        audit.record(f"schedule.{deed}", query, request=request, version=query.version, **changes)
