"""Data Workbench > Jobs: the history, and one job as it goes on."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts import audit
from accounts.access import editor, viewer
from exports import (
    filters,
    job_again,
    job_files,
    job_list,
    job_notes,
    job_pages,
    job_parts,
    makers,
    resending,
    resuming,
    table_targets,
    texts,
    waiting,
)
from exports import job_words as words
from exports.filters import CUSTOM, PERIODS, JobFilter
from exports.models import Job, JobReason, Outcome, Query
from exports.schedule_models import Schedule
from exports.views.parts import is_partial, vary
from integrations.sources import destinations

NO_RESULT = "X-Result-Shown"


@viewer
@require_GET
def jobs(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    chosen = JobFilter.parse(request.GET, now)
    page = filters.page(chosen, request.GET)
    jobs = job_list.listed(page.pks)
    context = {
        "filter": chosen,
        "schedule": chosen.schedule and Schedule.objects.select_related("query").filter(pk=chosen.schedule).first(),
        "page": page,
        "rows": job_list.rows(jobs, now),
        "active": any(not job.finished for job in jobs),
        "here": request.get_full_path(),
        "newer": chosen.encode(**page.newer),
        "older": chosen.encode(**page.older),
        "outcomes": _outcomes(chosen),
        "kpis": job_list.kpis(now),
        "in_progress": _in_progress(now),
    }
    if is_partial(request):
        return vary(render(request, "exports/jobs/_live.html", context))
    return vary(render(request, "exports/jobs.html", context | _choices()))


def _outcomes(chosen: JobFilter) -> list[tuple[str, str, int]]:
    counts = chosen.counts()
    return [(value, label, counts[value]) for value, label in [("", "All"), *Outcome.choices]]


def _in_progress(now: datetime) -> dict[str, Any]:
    found = job_list.in_progress()
    oldest = words.roughly((now - found["oldest"]).total_seconds()) if found["oldest"] else ""
    return found | {"oldest": oldest}


def _choices() -> dict[str, Any]:
    return {
        "queries": Query.objects.saved().values_list("pk", "name"),
        "destinations": destinations().values_list("pk", "name"),
        "periods": [(value, label) for value, (label, _) in PERIODS.items()] + [(CUSTOM, "From … to …")],
    }


@viewer
@require_GET
def job(request: HttpRequest, pk: int) -> HttpResponse:
    job = _find(pk)
    context = _context(request, job)
    if is_partial(request):
        context["result_is_new"] = NO_RESULT in request.headers and job.result_path
        return vary(render(request, "exports/job/_live.html", context))
    return vary(render(request, "exports/job.html", context))


@editor
@require_POST
def values(request: HttpRequest, pk: int) -> HttpResponse:
    """The page with the values of the result's first rows as they are: personal data too."""
    job = _find(pk)
    audit.record("job.reveal", job, request=request, name=job.name)
    result = job_parts.result(job, reveal=True)
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "exports/job/_result.html", {"job": job, "result": result})
    return render(request, "exports/job.html", _context(request, job) | {"result": result})


def _find(pk: int) -> Job:
    return get_object_or_404(
        Job.objects.select_related("query", "authentication__base", "created_by", "schedule"), pk=pk
    )


def _context(request: HttpRequest, job: Job) -> dict[str, Any]:
    now, where = timezone.now(), words.zone(job)
    sent = job_parts.sent(job)
    reasons = list(JobReason.objects.filter(job=job))
    log, more_log = job_pages.log_lines(job, now)
    return {
        "job": job,
        "table": table_targets.of(job),
        "status": words.status(job, now),
        "mode": words.mode(job),
        "options": words.options(job),
        "started": words.clock(job.started_at or job.created_at, where, now),
        "by": words.by_whom(job),
        "scheduled": words.scheduled(job),
        "took": words.took(job, now),
        "says": job_pages.announcement(job),
        "progress": job_pages.progress(job, sent, now, waiting.waits_for([job]).get(job.pk)),
        "waterfall": job_pages.waterfall(job) if job.exports else [],
        "sum_text": words.sum_text(job) if job.exports else "",
        "fields": job_pages.by_field(reasons),
        "notes": job_notes.job_notes(job, reasons),
        "sent": sent,
        "requests": job_parts.requests(job, request.GET, now),
        "here": request.get_full_path(),
        "settings": job_parts.settings_used(job),
        "engine": texts.engine_of_job(job),
        "mapping": job_parts.mapping_used(job),
        "result": job_parts.result(job),
        "can_download": job_files.available(job),
        "family": resending.family(job),
        "maker": makers.of(job),
        "sql": job_pages.sql_lines(job),
        "log": log,
        "more_log": more_log,
        "stop_text": job_pages.stop_text(job),
        "resume": resuming.offer(job, now),
        "left": job.unknown_ahead + job.not_attempted,
        "again_text": job_again.text(job, sent, now),
        "service": words.service(job),
    }
