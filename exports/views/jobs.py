from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from accounts.access import viewer
from exports.models import Job


@viewer
@require_GET
def jobs(request: HttpRequest) -> HttpResponse:
    return render(request, "exports/jobs.html")


@viewer
@require_GET
def job(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "exports/job.html", {"job": get_object_or_404(Job, pk=pk)})
