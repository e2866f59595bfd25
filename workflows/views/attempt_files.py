"""The files that tasks of an attempt downloaded. Rows hold raw personal data: editors only, and on record."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from accounts import audit
from accounts.access import editor
from exports.job_files import ResultGone
from workflows import downloads
from workflows.models import TaskJob


@editor
@require_GET
def csv(request: HttpRequest, pk: int, job: int) -> HttpResponse | StreamingHttpResponse:
    made = TaskJob.objects.select_related("job").filter(task__attempt=pk, job=job).exclude(file="").first()
    if made is None:
        raise Http404
    try:
        content = downloads.content(made.job)
    except (ResultGone, FileNotFoundError):
        messages.error(request, f"{made.file} was deleted with the result of job {job}. Run the task again.")
        return redirect(f"{reverse('workflows:attempt', args=[pk])}?task={made.task_id}")
    audit.record(
        "job.download_result",
        made.job,
        request=request,
        name=made.job.name,
        file=made.file,
        rows=made.job.result_rows,
    )
    name = content_disposition_header(as_attachment=True, filename=made.file.rpartition("/")[2])
    headers = {
        "Content-Disposition": name or "attachment",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return StreamingHttpResponse(content, content_type=downloads.MEDIA, headers=headers)
