"""Stop a job, let it go on, run it again."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts import audit
from accounts.access import editor
from exports import accounting, jobs, resuming, sent_on
from exports.models import Job, RowsFrom


@editor
@require_POST
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    job = get_object_or_404(Job, pk=pk)
    if jobs.stop(job):
        audit.record("job.stop", job, request=request, name=job.name)
    else:
        messages.warning(request, "The job had ended before it could be stopped.")
    return redirect("exports:job", job.pk)


@editor
@require_POST
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    job = get_object_or_404(Job.objects.select_related("authentication"), pk=pk)
    offer = resuming.offer(job, timezone.now())
    if not offer or offer.why_not:
        messages.error(request, f"This job cannot go on: {offer.why_not if offer else 'nothing is left to send'}.")
    elif resuming.resume(job):
        audit.record("job.resume", job, request=request, name=job.name, row=job.position + 1, unknown=job.unknown_ahead)
    return redirect("exports:job", job.pk)


@editor
@require_POST
def run_again(request: HttpRequest, pk: int) -> HttpResponse:
    job = get_object_or_404(Job.objects.select_related("query", "authentication"), pk=pk)
    if job.rows_from == RowsFrom.PARTS:
        messages.error(request, "Whoever sent the parts of this bulk import performs it again, by the API.")
        return redirect("exports:job", job.pk)
    if job.exports and not job.authentication:
        messages.error(request, f"The authentication {job.destination} was deleted: this job cannot run again.")
        return redirect("exports:job", job.pk)
    other = None if accounting.anything_sent(job) else sent_on.sent_by_another(job)
    if other:
        messages.error(request, f"Job {other} has sent these rows, or sends them now: this job does not run again.")
        return redirect("exports:job", job.pk)
    again = jobs.run_again(job, user=request.user)  # type: ignore[arg-type]
    audit.record("job.run_again", again, request=request, name=again.name, of=job.pk)
    messages.success(request, f"This is job {again.pk}: it does again what job {job.pk} did.")
    return redirect("exports:job", again.pk)
