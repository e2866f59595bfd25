"""A job's rows and log as files. Rows hold raw personal data: editors only, and on record."""

from collections.abc import Callable, Iterator

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_GET

from accounts import audit
from accounts.access import editor, viewer
from exports import job_files
from exports import job_words as words
from exports.job_files import ResultGone
from exports.models import Job

Download = HttpResponse | StreamingHttpResponse
CSV = "text/csv; charset=utf-8"
JSON_LINES = "application/x-ndjson"
GONE = "The kept result of this job was deleted, so its rows cannot be downloaded any more. Run the job again."


@editor
@require_GET
def rejects_csv(request: HttpRequest, pk: int) -> Download:
    return _download(request, pk, "job.download_rejects", job_files.rejects_csv, "rejects.csv", CSV)


@editor
@require_GET
def rejects_jsonl(request: HttpRequest, pk: int) -> Download:
    return _download(request, pk, "job.download_rejects", job_files.rejects_jsonl, "rejects.jsonl", JSON_LINES)


@editor
@require_GET
def result_csv(request: HttpRequest, pk: int) -> Download:
    return _download(request, pk, "job.download_result", job_files.result_csv, "result.csv", CSV)


def _download(
    request: HttpRequest, pk: int, action: str, read: Callable[[Job], Iterator[bytes]], name: str, kind: str
) -> Download:
    job = get_object_or_404(Job, pk=pk)
    try:
        content = read(job)
    except ResultGone:
        messages.error(request, GONE)
        return redirect("exports:job", job.pk)
    rows = job.result_rows if action == "job.download_result" else job.invalid + job.refused
    audit.record(action, job, request=request, name=job.name, file=name, rows=rows)
    return _file(content, f"job-{job.pk}-{name}", kind)


@viewer
@require_GET
def log_text(request: HttpRequest, pk: int) -> Download:
    """Every line of the log; it holds no personal data."""
    job = get_object_or_404(Job, pk=pk)
    return _file(_log_lines(job), f"job-{job.pk}-log.txt", "text/plain; charset=utf-8")


def _log_lines(job: Job) -> Iterator[bytes]:
    where = words.zone(job)
    for line in job.log.order_by("pk").iterator():
        at = line.at.astimezone(where).isoformat(timespec="seconds")
        yield f"{at} {line.level:<5} {line.text}\n".encode()


def _file(content: Iterator[bytes], name: str, kind: str) -> StreamingHttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingHttpResponse(content, content_type=kind, headers=headers)
