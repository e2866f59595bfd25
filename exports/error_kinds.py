"""What has to happen before a job that failed can succeed."""

from exports.endings import JobFailed
from exports.engine import SourceUnusable
from exports.exporter.plan import PlanError
from exports.models import ErrorKind, Job
from integrations.secrets import SecretUnreadable
from warehouse.engines.base import EngineUnavailable, LimitExceeded, QueryFailed, QueryRejected

KINDS: tuple[tuple[type[Exception], ErrorKind], ...] = (  # the first that fits
    (SourceUnusable, ErrorKind.CONFIGURATION),
    (QueryRejected, ErrorKind.CONFIGURATION),
    (PlanError, ErrorKind.CONFIGURATION),
    (SecretUnreadable, ErrorKind.CONFIGURATION),
    (LimitExceeded, ErrorKind.LIMIT),
    (EngineUnavailable, ErrorKind.TRANSIENT),
)
LATER = (408, 425, 429)


def of(error: Exception, job: Job) -> ErrorKind:
    """The kind of the error that ended the job."""
    if isinstance(error, JobFailed):
        return error.kind or _of_failed(job)
    if isinstance(error, QueryFailed):
        return ErrorKind.CONFIGURATION if error.user_error else ErrorKind.TRANSIENT
    return next((kind for known, kind in KINDS if isinstance(error, known)), ErrorKind.FAULT)


def _of_failed(job: Job) -> ErrorKind:
    """By how far the job came: before it had its rows, someone has to correct something."""
    if not job.exports or not job.result_path or job.authentication_id is None:
        return ErrorKind.CONFIGURATION
    strict = not job.settings.get("ignore_invalid_records", True)
    last = job.requests.order_by("-number").first()
    code = last.attempts[-1]["code"] if last and last.attempts else 0
    if code is None or code in LATER or code >= 500:
        return ErrorKind.TRANSIENT
    if strict and (job.invalid or job.refused):
        return ErrorKind.DATA
    return ErrorKind.CONFIGURATION if 400 <= code < 500 else ErrorKind.FAULT
