"""Resume an attempt, run all of it again, kill it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from accounts import audit
from accounts.access import editor
from exports.errors import NotPossible
from exports.views.queries import me
from workflows import sessions
from workflows.views.attempts import find


@editor
@require_POST
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    """From the failed task on, or from the one that the form names."""
    found = find(pk)
    from_task, latest = request.POST.get("from_task", ""), "latest" in request.POST
    try:
        made = sessions.resume(found, user=me(request), from_task=from_task, latest=latest)
    except NotPossible as error:
        messages.error(request, f"This attempt cannot be resumed: {error}")
        return redirect("workflows:attempt", pk)
    audit.record("attempt.resume", made, request=request, of=pk, from_task=from_task, latest=latest)
    messages.success(request, f"This is attempt {made.pk}: it goes on with what attempt {pk} did not do.")
    return redirect("workflows:attempt", made.pk)


@editor
@require_POST
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    found, latest = find(pk), "latest" in request.POST
    try:
        made = sessions.retry(found, user=me(request), latest=latest)
    except NotPossible as error:
        messages.error(request, f"This attempt cannot be retried: {error}")
        return redirect("workflows:attempt", pk)
    audit.record("attempt.retry", made, request=request, of=pk, latest=latest)
    messages.success(request, f"This is attempt {made.pk}: it runs all tasks of the session anew.")
    return redirect("workflows:attempt", made.pk)


@editor
@require_POST
def kill(request: HttpRequest, pk: int) -> HttpResponse:
    found = find(pk)
    if sessions.kill(found, user=me(request)):
        audit.record("attempt.kill", found, request=request)
    else:
        messages.warning(request, "The attempt had ended before it could be killed.")
    return redirect("workflows:attempt", pk)
