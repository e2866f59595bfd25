"""A schedule's own page, and what people do with it: pause, resume, run now, backfill."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import audit
from accounts.access import editor, viewer
from exports import schedule_pages, schedule_words, schedules, timing
from exports.backfill_forms import BackfillForm
from exports.errors import NotPossible
from exports.schedule_models import Schedule
from exports.timing import ScheduleError
from exports.views.queries import me

PAGE_SIZE = 25


@viewer
@require_GET
def schedule(request: HttpRequest, pk: int) -> HttpResponse:
    found, now = _find(pk), timezone.now()
    page = Paginator(schedule_pages.history(found), PAGE_SIZE).get_page(request.GET.get("page"))
    times = timing.of(found)
    context = {
        "schedule": found,
        "sentence": schedule_words.sentence(times),
        "facts": schedule_words.facts(times),
        "runs": schedule_pages.upcoming(found, now),
        "last_slot": schedule_words.last_slot(times) if found.ended else "",
        "page": page,
        "rows": schedule_pages.rows(list(page), schedule_pages.zone_of(found), now),
        "failure": schedule_pages.last_failure(found),
    }
    return render(request, "exports/schedule.html", context)


@editor
@require_POST
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    found = _find(pk)
    if schedules.pause(found, user=me(request)):
        audit.record("schedule.pause", found.query, request=request)
        messages.success(request, "The schedule is paused: no slot runs until someone resumes it.")
    return redirect("exports:schedule", pk)


@editor
@require_POST
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    found = _find(pk)
    try:
        resumed = schedules.resume(found, user=me(request))
    except ScheduleError as error:
        messages.error(request, f"The schedule cannot be resumed: {error}")
        return redirect("exports:schedule", pk)
    if not found.enabled:
        audit.record("schedule.resume", found.query, request=request, was=found.disabled_why)
        goes_on = "No slot is left: it has ended." if resumed.ended else "It goes on from its next slot."
        messages.success(request, f"The schedule is enabled. {goes_on}")
    return redirect("exports:schedule", pk)


@editor
@require_POST
def run_now(request: HttpRequest, pk: int) -> HttpResponse:
    found = _find(pk)
    job = schedules.run_now(found.query, user=me(request))
    audit.record("schedule.run_now", found.query, request=request, job=job.pk, version=job.query_version)
    messages.success(request, f"Job {job.pk} runs the saved query once, beside the slots of its schedule.")
    return redirect("exports:job", job.pk)


@editor
@require_http_methods(["GET", "POST"])
def backfill(request: HttpRequest, pk: int) -> HttpResponse:
    """First the slots that would run are shown; a post runs them."""
    found = _find(pk)
    given = request.POST if request.method == "POST" else request.GET
    form = BackfillForm(given if "first" in given else None, schedule=found)
    plan = form.plan(timezone.now())
    if request.method == "GET" or not plan:
        context = {"schedule": found, "form": form, "plan": plan, "n": sum(slot.runs for slot in plan)}
        status = 422 if form.is_bound and not plan else 200
        return render(request, "exports/schedule_backfill.html", context, status=status)
    return _backfill(request, found, form)


def _backfill(request: HttpRequest, found: Schedule, form: BackfillForm) -> HttpResponse:
    first, count = form.cleaned_data["first"], form.cleaned_data["count"]
    try:
        done = schedules.backfill(found, first, count)
    except (NotPossible, ScheduleError) as error:
        messages.error(request, str(error))
        return redirect("exports:schedule", found.pk)
    made = [job.pk for job in done.jobs]
    audit.record("schedule.backfill", found.query, request=request, first=first.isoformat(), jobs=made)
    known = f" {len(done.known)} had a job already." if done.known else ""
    messages.success(request, f"{len(made)} slot{'' if len(made) == 1 else 's'} queued.{known}")
    return redirect("exports:schedule", found.pk)


def _find(pk: int) -> Schedule:
    target = "query__export_target__authentication"
    return get_object_or_404(Schedule.objects.select_related("query__database", "changed_by", target), pk=pk)
