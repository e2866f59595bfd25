"""Results of jobs: fetch one, or send it on to a destination."""

from datetime import timedelta
from pathlib import Path

from django.db import transaction
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEntry, Role
from api import job_objects, ranges
from api.declared import Answer, Call, Param, endpoint
from api.errors import ApiError, invalid
from api.job_objects import JOB
from api.ranges import Body
from api.result_params import RESULT_PARAMS, where
from api.views.jobs import OPTION_PARAMS, TAG, one_of_its_key, options
from exports import jobs, packed, result_formats
from exports.job_files import ResultGone
from exports.job_parts import kept_file
from exports.models import Job
from exports.packed import Packed
from exports.result_formats import FORMATS, MSGPACK
from exports.result_values import has_floats
from exports.results import KeptResult

GZ = "msgpack.gz"
GZ_MEDIA = "application/gzip"
AT_ONCE, ONE_DOWNLOAD = timedelta(seconds=10), timedelta(hours=1)


@endpoint(
    "GET",
    "/v3/job/result/{job_id}",
    role=Role.EDITOR,
    tag=TAG,
    params=(
        Param("format", help="Rows are arrays, in jsonl objects", choices=(*FORMATS, GZ), default="json"),
        Param("header", "boolean", help="Whether the names of the columns come first", default=False),
        Param("nullify_special", "boolean", help="Whether NaN and the infinities are null", default=False),
    ),
    media=(*(form.media for form in FORMATS.values()), GZ_MEDIA),
)
def job_result(call: Call, job_id: str) -> Answer:
    """Fetch the rows of a job's result, with raw values.

    msgpack and msgpack.gz come with their length and may be fetched in parts. json is one array a line, jsonl one
    object a line. Dates, times and decimals are text, as Trino has them; NaN and the infinities are text where JSON has
    no word for them.
    """
    job = job_objects.find(job_id)
    try:
        return _answer(call, job, KeptResult(_kept(job)))
    except (ResultGone, FileNotFoundError) as error:
        raise _gone(job) from error


def _gone(job: Job) -> ApiError:
    return ApiError(404, f"The result of job {job.pk} was deleted. Run the query again.")


def _kept(job: Job) -> Path:
    """Raises ApiError 404 if there never was one, and ResultGone if there is none any more."""
    if not job.result_path:
        ended = "has no result" if job.finished else "has not finished: there is no result yet"
        raise ApiError(404, f"Job {job.pk} {ended}.")
    path = kept_file(job)
    if path is None:
        raise ResultGone
    return path


def _answer(call: Call, job: Job, kept: KeptResult) -> HttpResponseBase:
    name, header, nullify = call["format"], call["header"], call["nullify_special"]
    in_parts = name in ("msgpack", GZ) and not (nullify and any(map(has_floats, kept.schema.types)))
    if in_parts:
        body = _body(job, packed.of(job), name == GZ, MSGPACK.header(kept.schema.names) if header else b"")
        wanted = ranges.part(call.request, body)
        _record(call, job, wanted)
        answer = ranges.served(body, wanted)
    else:
        rows = result_formats.stream(kept, FORMATS[name.removesuffix(".gz")], header=header, nullify=nullify)
        media = GZ_MEDIA if name == GZ else FORMATS[name].media
        _record(call, job, None)
        answer = StreamingHttpResponse(packed.compressed(rows) if name == GZ else rows, content_type=media)
    answer["Cache-Control"] = "private, no-store"
    return answer


def _body(job: Job, found: Packed, compressed: bool, header: bytes) -> Body:
    """The packed result, or the msgpack in it, with the header before it."""
    first = b"".join(packed.compressed([header])) if compressed and header else header
    size = len(first) + (found.size if compressed else found.unpacked)
    tag = f'"{job.pk}-{found.size}-{found.unpacked}{"-gz" * compressed}{"-header" * bool(header)}"'
    read = packed.behind(first, found.read if compressed else found.read_unpacked)
    return Body(size, tag, GZ_MEDIA if compressed else MSGPACK.media, read)


def _record(call: Call, job: Job, part: tuple[int, int] | None) -> None:
    """Once for each download, however many parts it is fetched in, and several at a time."""
    with transaction.atomic():
        list(Job.objects.select_for_update().filter(pk=job.pk).values("pk"))
        if part is None or not _recorded(call, job, AT_ONCE if part[0] == 0 else ONE_DOWNLOAD):
            rows, name = job.result_rows, f"result.{call['format']}"
            audit.record("job.download_result", job, request=call.request, name=job.name, file=name, rows=rows)


def _recorded(call: Call, job: Job, within: timedelta) -> bool:
    mine = AuditEntry.objects.filter(user=call.user, at__gt=timezone.now() - within)
    return mine.filter(action="job.download_result", target_kind="job", target_id=str(job.pk)).exists()


@endpoint(
    "POST",
    "/v3/job/result_export/{job_id}",
    role=Role.EDITOR,
    tag=TAG,
    params=(*RESULT_PARAMS, *OPTION_PARAMS),
    answer=JOB,
)
def result_export(call: Call, job_id: str) -> Answer:
    """Send the kept result of a job to a destination or into a table, without querying again: a new job."""
    job = job_objects.find(job_id)
    try:
        _kept(job)
    except ResultGone as error:
        raise _gone(job) from error
    with transaction.atomic(), one_of_its_key(call):
        to = where(call)
        if not (to.target or to.table):
            raise invalid("result", "is required")
        key, how = call["domain_key"], options(call)
        sending = jobs.export_result(job, user=call.user, target=to.target, table=to.table, options=how, domain_key=key)
        audit.record("job.result_export", sending, request=call.request, name=sending.name, of=job.pk)
    return job_objects.job_object(job_objects.find(str(sending.pk)), call.request)


@endpoint("POST", "/v3/export/run/{database}/{table}", role=Role.EDITOR, tag=TAG)
def export_run(call: Call, database: str, table: str) -> Answer:
    """Refuse to export a table to S3, which is not supported: issue a query, and give where its result goes."""
    says = "Exports of tables to S3 are not supported. Issue a query, and give as result where its rows go."
    raise ApiError(422, says)
