"""All attempts, and one of them as it goes on."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.access import viewer
from exports import job_words
from exports.views.parts import is_partial, vary
from workflows import attempt_list, attempt_pages
from workflows import attempt_words as words
from workflows.attempt_list import AttemptFilter
from workflows.models import Attempt, AttemptState, Revision
from workflows.shown_values import as_json
from workflows.task_tree import Look


@viewer
@require_GET
def attempts(request: HttpRequest) -> HttpResponse:
    now, chosen = timezone.now(), AttemptFilter.parse(request.GET)
    page = attempt_list.page(chosen, request.GET)
    found = attempt_list.listed(page.pks)
    counts = chosen.counts()
    context = {
        "filter": chosen,
        "page": page,
        "rows": attempt_list.rows(found, now),
        "total": counts[chosen.state],
        "states": [(value, label, counts[value]) for value, label in [("", "All"), *AttemptState.choices]],
        "workflows": attempt_list.workflows(chosen.project),
        "active": any(not attempt.finished for attempt in found),
        "here": request.get_full_path(),
        "newer": chosen.encode(**page.newer),
        "older": chosen.encode(**page.older),
    }
    if is_partial(request):
        return vary(render(request, "workflows/attempts/_list_live.html", context))
    context["projects"] = attempt_list.projects()
    return vary(render(request, "workflows/attempts/attempts.html", context))


@viewer
@require_GET
def attempt(request: HttpRequest, pk: int) -> HttpResponse:
    context = _context(request, find(pk))
    template = "_attempt_live.html" if is_partial(request) else "attempt.html"
    return vary(render(request, f"workflows/attempts/{template}", context))


def find(pk: int) -> Attempt:
    related = ("session", "workflow__project", "revision", "created_by", "resumed_from")
    return get_object_or_404(Attempt.objects.select_related(*related).defer("revision__archive"), pk=pk)


def _context(request: HttpRequest, attempt: Attempt) -> dict[str, Any]:
    now, look, where = timezone.now(), Look.parse(request.GET), words.zone(attempt)
    tasks, jobs = attempt_pages.tasks(attempt), attempt_pages.jobs(attempt)
    chosen = attempt_pages.details(attempt, look.task, jobs, now) if look.task else None
    log, more_log = ([], False) if chosen else attempt_pages.whole_log(attempt, tasks)
    others = attempt_pages.others(attempt.session)
    failed = attempt_pages.failed(tasks) if attempt.state == AttemptState.ERROR else None
    return {
        "attempt": attempt,
        "workflow": attempt.workflow,
        "project": attempt.workflow.project,
        "status": words.status(attempt),
        "session_time": words.session_time(attempt.session.session_time, where),
        "started": job_words.clock(attempt.created_at, where, now),
        "by": words.by_whom(attempt),
        "took": words.took(attempt, now),
        "params": as_json(attempt.params, attempt.workflow.project_id),
        "says": attempt_pages.announcement(attempt, tasks),
        "latest": _is_latest(attempt),
        "others": others[: attempt_pages.OTHERS],
        "more_others": len(others) > attempt_pages.OTHERS,
        "counts": words.counts(tasks),
        "failed": failed,
        "reason": attempt.error.removeprefix(f"{failed.full_name}: ") if failed else attempt.error,
        "rows": attempt_pages.rows(attempt, tasks, jobs, look, now),
        "axis": attempt_pages.axis(attempt, tasks, now),
        "chosen": chosen,
        "all_link": Look(None, look.opened, look.shut, look.tries, look.pages).encode(),
        "log": log,
        "more_log": more_log,
        "from_tasks": attempt_pages.from_tasks(tasks),
        "can_resume": attempt.state in (AttemptState.ERROR, AttemptState.KILLED),
        "here": request.get_full_path(),
    }


def _is_latest(attempt: Attempt) -> bool:
    """Whether what it runs is the project's latest revision."""
    newest = Revision.objects.filter(project=attempt.workflow.project_id).order_by("-pk").values_list("pk", flat=True)
    return newest.first() == attempt.revision_id
