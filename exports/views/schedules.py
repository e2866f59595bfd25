"""Data Workbench > Schedules: all schedules, and how many runs the next 24 hours bring."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.access import viewer
from exports import schedule_list, schedule_load
from exports.schedule_list import STATES, ScheduleFilter

PAGE_SIZE = 25


@viewer
@require_GET
def schedules(request: HttpRequest) -> HttpResponse:
    chosen = ScheduleFilter.parse(request.GET)
    page = Paginator(chosen.apply().select_related("query"), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "filter": chosen,
        "states": STATES.items(),
        "page": page,
        "rows": schedule_list.rows(list(page), timezone.now()),
    }
    return render(request, "exports/schedules.html", context)


@viewer
@require_GET
def load(request: HttpRequest) -> HttpResponse:
    """The chart: a part of the page, or a page of its own without JavaScript."""
    template = "exports/schedules/_load.html" if request.htmx else "exports/schedules/load.html"  # type: ignore[attr-defined]
    return render(request, template, {"load": schedule_load.load(timezone.now())})
