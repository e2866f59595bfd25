"""What *Run again* does with a job, in words."""

from datetime import datetime

from exports import job_words as words
from exports import table_targets
from exports.job_pages import Sent
from exports.models import Job, Mode, RowsFrom
from exports.resuming import REPEATS_DROPPED


def text(job: Job, sent: Sent, now: datetime) -> str:
    """What Run again does with this job, now."""
    return " ".join(filter(None, [_again_rows(job), _again_goes(job), _again_accepted(job, sent, now)]))


def _again_rows(job: Job) -> str:
    if job.rows_from == RowsFrom.REJECTS:
        return f"A new job checks the rows that job {job.parent_id} did not get through, by the same query as this one."
    if job.rows_from == RowsFrom.RESULT:
        return f"A new job sends the valid rows of job {job.parent_id} again."
    if job.rows_from == RowsFrom.KEPT:
        return f"A new job sends the rows of job {job.parent_id} again."
    return "The same SQL runs on the data as it is now, in a new job."


def _again_goes(job: Job) -> str:
    if table := table_targets.of(job):
        return f"Its result {table.says}{' once more' if table.mode != table_targets.REPLACE else ''}."
    if not job.exports:
        return ""
    if job.mode == Mode.VALIDATE:
        return "It is a validation again: nothing is sent."
    how = ", as test events" if job.mode == Mode.TEST else ""
    return f"Its result goes to {job.destination} with the same mapping and settings{how}."


def _again_accepted(job: Job, sent: Sent, now: datetime) -> str:
    if not job.accepted:
        return ""
    who, rows = words.service(job), f"{job.accepted:,} row{'' if job.accepted == 1 else 's'}"
    told = f"{who} accepted {rows} of this job already. It drops repeats, by deduplication_key, for 30 days only"
    if not sent.first or not job.finished:
        return f"{told}."
    end = (sent.first + REPEATS_DROPPED).astimezone(words.zone(job))
    day = f"{end.day} {end:%b %Y, %H:%M} {words.zone_name(end)}"
    return f"{told}: until {day}." if end > now else f"{told}: they ended on {day}, so what is sent again counts again."
