"""What a job's page shows of its progress and its rows: pure functions of the job and what lies beside it."""

import math
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.safestring import SafeString

from exports import job_words as words
from exports import table_targets
from exports.job_words import End
from exports.models import Job, JobLog, JobReason, JobState, Mode, Outcome, Phase, RowsFrom
from integrations.catalog import connector

LOG_LINES = 200


@dataclass(frozen=True)
class Sent:
    """A job's requests in numbers. `first`: when the first one left; `last`: the number of the latest."""

    n: int = 0
    sending: int = 0
    last: int = 0
    first: datetime | None = None
    retried: int = 0
    failed: int = 0


@dataclass(frozen=True)
class Progress:
    """`percent`: None while nobody can know it. `ends`: the bar and its legend."""

    headline: str
    detail: str = ""
    percent: int | None = None
    ends: list[End] = field(default_factory=list)

    @property
    def in_words(self) -> str:
        return ", ".join(f"{end.rows:,} {end.word.lower()}" for end in self.ends if end.rows)


@dataclass(frozen=True)
class Step:
    """One bar of the waterfall, in percent of the rows read."""

    word: str
    says: str
    rows: int
    percent: str
    start: float
    width: float
    tone: str


@dataclass(frozen=True)
class FieldReasons:
    """What was wrong with one field; `reasons`: (sentence, masked sample, rows). `width`: percent of the widest."""

    name: str
    rows: int
    width: float
    reasons: list[tuple[str, str, int]]


@dataclass(frozen=True)
class LogLine:
    at: SafeString
    level: str
    text: str


# --- progress -----------------------------------------------------------------------------------------------------


def progress(job: Job, sent: Sent, now: datetime, before: int | None = None) -> Progress | None:
    """Where an active job stands; None when it is over. `before`: the job of its schedule that has to end first."""
    if job.finished:
        return None
    if job.state == JobState.QUEUED and before:
        return Progress(f"Waiting for job {before}", "The jobs of a schedule run one at a time, in their order.")
    if job.state == JobState.QUEUED:
        return Progress("Waiting for a worker", "Goes on as soon as one is free.", ends=_ends(job))
    if job.state == JobState.RETRY_WAIT and not job.result_path:
        return Progress("The query waits to be repeated", f"Retry {job.query_tries} of {job.retry_limit} {_at(job)}.")
    if not job.result_path:
        return _querying(job) if job.phase == Phase.QUERYING else _taking(job)
    if not job.exports:
        return Progress(f"Writing table {table.name}" if (table := table_targets.of(job)) else "Keeping the result")
    return _exporting(job, sent, now)


def _querying(job: Job) -> Progress:
    rows = f"{job.result_rows:,} rows so far" if job.result_rows else ""
    percent = None if job.progress is None else min(99, int(job.progress))
    return Progress(f"Querying {job.database_name}", rows, percent)


def _taking(job: Job) -> Progress:
    if job.rows_from == RowsFrom.PARTS:
        return Progress("Reading the parts")
    return Progress(f"Taking the rows of job {job.parent_id}" if job.parent_id else "Starting")


def _exporting(job: Job, sent: Sent, now: datetime) -> Progress:
    ends, settled = _ends(job), job.rows - job.not_attempted
    percent = min(99, int(100 * settled / job.rows)) if job.rows else None
    if job.state == JobState.RETRY_WAIT:
        return Progress(_wait_headline(job, sent), _wait_detail(job, now), percent, ends)
    if job.phase == Phase.CHECKING:
        return Progress("Checking every row", _while_checking(job), None, ends)
    if not sent.n:
        return Progress("Preparing the first request", "", percent, ends)
    return Progress(f"Request {sent.last:,} of about {about(job, sent):,}", _pace(job, sent, now), percent, ends)


def _while_checking(job: Job) -> str:
    if job.mode == Mode.VALIDATE:
        return "This is a validation: nothing is sent."
    return "Nothing is sent if one row is invalid."


def _ends(job: Job) -> list[End]:
    return words.ends(job) if job.rows and job.mode != Mode.VALIDATE else []


def about(job: Job, sent: Sent) -> int:
    """How many requests it will be: those answered, and the rows left by as many events a request as the settings say,
    if as many of them are valid as so far."""
    settled = job.rows - job.not_attempted
    valid = 1 - job.invalid / settled if settled else 1
    size: int = job.settings.get("max_records", 1000)
    left = math.ceil(job.not_attempted * valid / size)
    return max(sent.last, sent.last - sent.sending + left)


def _pace(job: Job, sent: Sent, now: datetime) -> str:
    """Like "About 2 min 50 s left at 16,700 events a minute"."""
    seconds = (now - sent.first).total_seconds() if sent.first else 0
    settled = job.rows - job.not_attempted
    if seconds <= 0 or not settled:
        return ""
    left = words.duration(job.not_attempted * seconds / settled)
    return f"About {left} left at {round(job.accepted * 60 / seconds):,} events a minute"


def _wait_headline(job: Job, sent: Sent) -> str:
    if job.throttled_since:
        return f"{words.service(job)} asked to slow down (429)"
    return f"Request {sent.last:,} waits to be repeated" if job.tries else "Waiting for its turn"


def _wait_detail(job: Job, now: datetime) -> str:
    at = _at(job)
    if job.throttled_since:
        return f"Goes on {at}. This uses up no retry."
    if job.tries:
        return f"Retry {job.tries} of {max_retry(job)} {at}."
    return f"Another job is sending to the same destination. Looks again {at}."


def _at(job: Job) -> str:
    return f"at {words.clock_text(job.next_attempt_at, words.zone(job))}"


def max_retry(job: Job) -> Any:
    """How often one request may be repeated."""
    given: dict[str, Any] = {**(job.authentication.public_settings() if job.authentication else {}), **job.settings}
    return given.get("max_retry") or connector(job.connector_key).setting("max_retry").default


# --- rows ---------------------------------------------------------------------------------------------------------


def waterfall(job: Job) -> list[Step]:
    """Rows read, and where each of them went; the five ends lie side by side and fill the first bar."""
    start, steps = 0.0, [Step("Rows read", "", job.rows, "100%" if job.rows else "0%", 0, 100, "f-ink")]
    for end in words.possible_ends(job):
        width = 100 * end.rows / job.rows if job.rows else 0
        # the thinnest bar that can be seen is half a percent wide
        told = words.percent(end.rows, end.share)
        steps.append(Step(end.word, end.says, end.rows, told, min(round(start, 2), 99.5), round(width, 2), end.tone))
        start += width
    return steps


def by_field(reasons: list[JobReason]) -> list[FieldReasons]:
    """The fields with the most rows first; "Whole record" stands for no field."""
    fields: dict[str, list[JobReason]] = {}
    for reason in reasons:
        fields.setdefault(reason.field, []).append(reason)
    sums = {name: sum(r.rows for r in found) for name, found in fields.items()}
    most = max(sums.values(), default=1)
    return [
        FieldReasons(
            name or "Whole record",
            sums[name],
            round(100 * sums[name] / most, 1),
            [(r.text, r.sample, r.rows) for r in found],
        )
        for name, found in sorted(fields.items(), key=lambda item: -sums[item[0]])
    ]


# --- text ---------------------------------------------------------------------------------------------------------


def sql_lines(job: Job) -> list[tuple[int, str, bool]]:
    """(number, text, whether the error is there) of each line."""
    return [(n, line, n == job.error_line) for n, line in enumerate(job.sql.splitlines(), 1)]


def log_lines(job: Job, now: datetime) -> tuple[list[LogLine], bool]:
    """The last LOG_LINES lines, the oldest first; whether there are more."""
    found = list(JobLog.objects.filter(job=job).order_by("-pk")[: LOG_LINES + 1])
    where = words.zone(job)
    day = (job.started_at or job.created_at).astimezone(where).date()
    lines = []
    for line in reversed(found[:LOG_LINES]):
        local = line.at.astimezone(where)
        text = f"{local:%H:%M:%S}" if local.date() == day else f"{local:%m-%d %H:%M:%S}"
        lines.append(LogLine(words.time_tag(local, text), line.level, line.text))
    return lines, len(found) > LOG_LINES


def announcement(job: Job) -> str:
    """What a screen reader is told when the job gets on: its phase, or how it ended."""
    name = ", ".join(filter(None, [job.name, words.mode(job).lower()]))
    if not job.finished:
        told = Phase(job.phase).label if job.phase else JobState(job.state).label
        return f"{name}: {told}"
    return ", ".join(filter(None, [f"{name}: {Outcome(job.outcome).label}", words.outcome_text(job)]))


def stop_text(job: Job) -> str:
    """What Stop does to this job, now."""
    if job.finished:
        return "This job has ended already."
    if job.rows_from == RowsFrom.PARTS:
        return "Reading is broken off. The parts stay, and the bulk import can be performed again."
    if not job.exports:
        into = " Its table stays as it was." if job.into and job.into_rows is None else ""
        return f"The query is broken off and its result is not kept.{into}"
    if job.mode == Mode.VALIDATE:
        return "The validation is broken off. It has sent nothing."
    if not job.result_path:
        return "The query is broken off. Nothing has been sent yet, and nothing will be."
    who = words.service(job)
    told = f"{job.accepted:,} events were accepted so far: they stay at {who} and cannot be recalled."
    flight = "If a request is in flight, its events become unknown: nobody can tell whether they were received."
    again = f"Resume goes on with them later; {who} drops what it has already, by deduplication_key, for 30 days."
    return f"{told} {flight} The rows not attempted yet are not sent. {again}"
