"""What a message says: plain text, without personal data and values of rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.urls import reverse

from exports import job_words
from exports.models import ErrorKind, Job
from exports.notify.models import Event
from exports.schedule_models import Schedule

SUBJECTS = {
    Event.SUCCESS: "{name}: job {pk} succeeded",
    Event.FAILURE: "{name}: job {pk} failed",
    Event.RECOVERY: "{name}: job {pk} succeeded again",
    Event.REJECTS: "{name}: {share} of the rows of job {pk} were rejected",
    Event.DISABLED: "{name}: job {pk} failed, and the schedule is disabled",
}
ADVICE: dict[str, str] = {
    ErrorKind.CONFIGURATION: "Correct the query, its mapping or its authentication.",
    ErrorKind.DATA: "Correct the rows that were rejected; the job's page has the reasons.",
    ErrorKind.LIMIT: "Make the query smaller, or ask the admin of this server for a higher limit.",
    ErrorKind.TRANSIENT: "Run it again later.",
    ErrorKind.FAULT: "Tell the admin of this server; its log has the details.",
}
ENABLE = "Then enable the schedule again: until somebody does, it does not run."


@dataclass(frozen=True)
class Text:
    subject: str
    body: str


def link(view: str, *args: object) -> str:
    """The page's full address, or "" while it is not known under which name this console is reached."""
    return f"{settings.SITE_URL}{reverse(view, args=args)}" if settings.SITE_URL else ""


def of_job(event: Event, job: Job, *, failures: int = 0) -> Text:
    """`failures`: such errors in a row, this one included."""
    subject = SUBJECTS[event].format(name=_one_line(job.name), pk=job.pk, share=rejected_share(job))
    about = [_headline(event, job), *_why(event, job, failures)]
    return _text(subject, [about, list(_facts(job)), list(_links(job.query_id, job))])


def of_schedule(schedule: Schedule, why: str) -> Text:
    """A schedule was disabled though no job failed: it cannot be read."""
    name = _one_line(schedule.query.name)
    about = [f"The schedule of the query “{name}” is disabled.", f"Cause: {why}"]
    about.append(f"What to do: Correct the schedule. {ENABLE}")
    return _text(f"{name}: the schedule is disabled", [about, list(_links(schedule.query_id))])


def of_test(name: str, who: str) -> Text:
    """What *Send a test* sends through the channel `name`."""
    about = [f"{who} sent this test through the channel “{name}” of Linecapi Console. Notifications arrive here."]
    address = link("exports:jobs")
    return _text(f"Linecapi Console: test of “{_one_line(name)}”", [about, [f"Jobs: {address}"] if address else []])


def rejected_percent(job: Job) -> float:
    return 100 * (job.invalid + job.refused) / job.rows if job.rows else 0.0


def rejected_share(job: Job) -> str:
    return job_words.percent(job.invalid + job.refused, job_words.share(job.invalid + job.refused, job.rows))


def _text(subject: str, parts: list[list[str]]) -> Text:
    return Text(subject[:400], "\n\n".join("\n".join(part) for part in parts if part) + "\n")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _headline(event: Event, job: Job) -> str:
    which = f"Job {job.pk} of the query “{_one_line(job.name)}”"
    return {
        Event.SUCCESS: f"{which} succeeded.",
        Event.FAILURE: f"{which} failed.",
        Event.DISABLED: f"{which} failed, and its schedule is disabled.",
        Event.RECOVERY: f"{which} succeeded. It is the first success after a failure.",
        Event.REJECTS: f"{which} succeeded, but {rejected_share(job)} of its rows were rejected.",
    }[event]


def _why(event: Event, job: Job, failures: int) -> Iterator[str]:
    if event == Event.REJECTS:
        yield f"Cause: {job.invalid:,} rows were invalid by the column mapping, {job.refused:,} were refused."
        yield "What to do: Open the job: it has the reasons by field. Correct the data, then use Fix and resend."
    elif event in (Event.SUCCESS, Event.RECOVERY):
        yield "There is nothing to do."
    else:
        yield f"Cause: {job.error}"
        advice = job.advice or ADVICE.get(job.error_kind, "Open the job to see what happened.")
        yield f"What to do: {advice} {ENABLE if event == Event.DISABLED else ''}".strip()
        yield from _in_a_row(event, job, failures)


def _in_a_row(event: Event, job: Job, failures: int) -> Iterator[str]:
    if event == Event.DISABLED:
        yield f"{failures} jobs in a row ended in a configuration error."
    elif job.schedule_id and job.error_kind == ErrorKind.CONFIGURATION:
        yield f"Configuration errors in a row: {failures}. After 5 in a row the schedule is disabled."
    elif failures > 1:
        yield f"Failures in a row: {failures}."


def _facts(job: Job) -> Iterator[str]:
    yield f"Query: {_one_line(job.name)}"
    yield f"Job: {job.pk}"
    if job.exports:
        yield f"Destination: {_one_line(job.destination)}"
    if job.into:
        yield f"Table: {job.into['database']}.{job.into['table']}"
    if job.scheduled_for:
        yield f"Scheduled for: {_time(job, job.scheduled_for)}"
    if job.finished_at:
        yield f"Ended: {_time(job, job.finished_at)}"
    if job.exports:
        yield f"Rows: {job_words.sum_text(job)}"


def _time(job: Job, at: datetime) -> str:
    local = at.astimezone(job_words.zone(job))
    return f"{local:%Y-%m-%d %H:%M} {job_words.zone_name(local)}"


def _links(query_id: int | None, job: Job | None = None) -> Iterator[str]:
    if not settings.SITE_URL:
        return
    if job:
        yield f"Open the job: {link('exports:job', job.pk)}"
    if query_id:
        yield f"Open the query: {link('exports:query', query_id)}"
        yield f"Change its notifications: {link('exports:query_notifications', query_id)}"
