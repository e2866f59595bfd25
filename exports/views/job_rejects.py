"""A job's rejected rows: looking at them, checking them again, sending those that are valid now."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts import audit
from accounts.access import editor, viewer
from exports import job_files, reject_pages, resending
from exports import job_words as words
from exports.errors import NotPossible
from exports.filters import number
from exports.models import Job
from exports.views.queries import me


@viewer
@require_GET
def rejects(request: HttpRequest, pk: int) -> HttpResponse:
    """The groups, and masked rows of the one that `field` and `code` name, else the largest; from byte `from` on."""
    job = _find(pk)
    groups = reject_pages.groups(job)
    named = (request.GET.get("field", ""), request.GET.get("code", ""))
    chosen = next((group for group in groups if (group.field, group.code) == named), groups[0] if groups else None)
    start = min(number(request.GET.get("from", "")) or 0, job.rejects_bytes)
    context = {
        "job": job,
        "service": words.service(job),
        "groups": groups,
        "vanished": reject_pages.vanished(job),
        "chosen": chosen,
        "page": reject_pages.page(job, chosen, start) if chosen else None,
        "start": start,
        "can_download": job_files.available(job),
    }
    response = render(request, "exports/job_rejects.html", context)
    response["Cache-Control"] = "no-store"
    return response


@editor
@require_GET
def fix(request: HttpRequest, pk: int) -> HttpResponse:
    """What checking the rejected rows again would do now."""
    job = _find(pk)
    context = {"job": job, "service": words.service(job), "found": resending.look(job)}
    return render(request, "exports/job_fix.html", context)


@editor
@require_POST
def recheck(request: HttpRequest, pk: int) -> HttpResponse:
    job = _find(pk)
    return _started(
        request, job, "job.recheck", resending.recheck, back="exports:job_fix", version=job.query and job.query.version
    )


@editor
@require_POST
def send(request: HttpRequest, pk: int) -> HttpResponse:
    job = _find(pk)
    return _started(request, job, "job.resend", resending.send, back="exports:job", rows=job.not_attempted)


def _started(
    request: HttpRequest, job: Job, action: str, start: Callable[..., Job], *, back: str, **details: Any
) -> HttpResponse:
    """Start a job with rows of this one, and show it; or say at `back` why that cannot be."""
    try:
        started = start(job, user=me(request))
    except NotPossible as error:
        messages.error(request, str(error))
        return redirect(back, job.pk)
    audit.record(action, started, request=request, name=started.name, of=job.pk, **details)
    return redirect("exports:job", started.pk)


def _find(pk: int) -> Job:
    found = Job.objects.exclude(connector_key="").select_related("query__database", "query__source", "authentication")
    return get_object_or_404(found, pk=pk)
