"""Resume: a job that ended before its last row goes on where it stood, with everything that was frozen in it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from exports import dispatch, jobs, sent_on
from exports.endings import SAME_MAPPING
from exports.exporter.mapping import check_mapping, from_json
from exports.job_files import available
from exports.job_words import service
from exports.models import Job, JobRequest, JobState, Mode
from integrations.catalog import connector

REPEATS_DROPPED = timedelta(days=30)  # by the destination, from first acceptance on; no event left before the job began
ENDED_EARLY = (JobState.ERROR, JobState.KILLED)


@dataclass(frozen=True)
class Offer:
    """Whether a job can go on. `why_not`: in words, "" if it can. `until`: unknown events stand in the way after it.
    `same_mapping`: the job ended because of its mapping, which Resume does not change."""

    why_not: str = ""
    until: datetime | None = None
    same_mapping: bool = False


def offer(job: Job, now: datetime) -> Offer | None:
    """None for a job with nothing left to send."""
    if job.state not in ENDED_EARLY or not job.result_path or job.mode == Mode.VALIDATE or job.position >= job.rows:
        return None
    until = job.started_at + REPEATS_DROPPED if job.unknown_ahead and job.started_at else None
    return Offer(_obstacle(job, until, now), until, SAME_MAPPING in job.advice)


def _obstacle(job: Job, until: datetime | None, now: datetime) -> str:
    if not available(job):
        return "its kept result was deleted"
    if not job.authentication:
        return f"the authentication {job.destination} was deleted"
    if not job.settings.get("ignore_invalid_records", True) and (job.invalid or job.refused):
        return "Ignore Invalid Records is off, and not all rows are valid"
    if check_mapping(connector(job.connector_key), from_json(job.mapping), [name for name, _ in job.columns]):
        return "its column mapping does not fit the query"
    if other := sent_on.sent_by_another(job):
        return f"job {other} has sent these rows, or sends them now"
    if until and until < now:
        return f"{service(job)} may have the unknown events, and drops repeats for 30 days only, which are over"
    return ""


def resume(job: Job) -> bool:
    """Let the job wait for a worker again; its unknown rows are sent once more. False: it has changed meanwhile."""
    now = timezone.now()
    with transaction.atomic():
        if job.parent:
            sent_on.lock(job.parent)
        if sent_on.sent_by_another(job):
            return False
        moved = Job.objects.filter(pk=job.pk, state=job.state, position=job.position, finished_at=job.finished_at)
        taken = moved.update(
            state=JobState.QUEUED,
            finished_at=None,
            error="",
            advice="",
            error_line=None,
            error_kind="",
            not_attempted=F("rows") - F("position"),
            unknown=F("position") - F("invalid") - F("accepted") - F("refused"),
            tries=0,
            takeovers=0,
            throttled_since=None,
            kill_requested=False,
            next_attempt_at=now,
            hinted_at=None,
        )
        if taken:
            # Until they are answered anew, their events may be at the destination.
            requests = job.requests.filter(state=JobRequest.State.UNKNOWN, first_row__gte=job.position)
            requests.update(state=JobRequest.State.RETRYING)
            jobs.log(job, f"Resumed at row {job.position + 1:,}.")
            dispatch.hint_if_room(job.pk, now)
    return bool(taken)
