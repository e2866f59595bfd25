"""td> and td_run>: a query as a job, and what its result leaves for the tasks after it."""

import re
from datetime import UTC, datetime
from functools import partial

from accounts.models import User
from exports import jobs, schedules
from exports.models import Job, Query
from workflows.operators import td_files, td_jobs, td_params, td_rows, td_targets, values
from workflows.operators.base import Done, Outcome, Step, TaskFailed, operator
from workflows.script.zones import zone_of

NUMBER = re.compile(r"[1-9][0-9]{0,17}")


@operator("td")
def td(step: Step) -> Outcome:
    """Run a query, and send its result to a table or a destination if asked to."""
    return td_jobs.through(step, partial(_start, step), partial(_ended, step))


def _start(step: Step, user: User, key: str) -> Job:
    _check_params(step)
    to = td_targets.where(step, user)
    return td_jobs.query(step, target=to.target, table=to.table)(user, key)


@operator("td_run")
def td_run(step: Step) -> Outcome:
    """Run a saved query once, beside its schedule, with all that it is saved with."""
    return td_jobs.through(step, partial(_run, step), partial(_ended, step))


def _run(step: Step, user: User, key: str) -> Job:
    _check_params(step)
    query, moment = _saved(step), _session_time(step)
    try:
        return schedules.run_now(query, user=user, scheduled_for=moment, domain_key=key)
    except Query.DoesNotExist:
        raise TaskFailed(f"The query “{query.name}” was deleted in this moment.") from None


def _saved(step: Step) -> Query:
    """By its number, or its name. A name of digits alone counts if no query has that number."""
    said = values.text(step.command, "td_run>")
    queries = Query.objects.saved()
    by_number = queries.filter(pk=int(said)).first() if NUMBER.fullmatch(said) else None
    found = by_number or (queries.filter(name=said).first() if "\0" not in said else None)
    if found is None:
        raise TaskFailed(
            f"There is no saved query {values.shown(said)}.", "Give its name, or its number as in its URL."
        )
    return found


def _session_time(step: Step) -> datetime:
    """A time without an offset is one of the workflow's zone."""
    given = td_params.given(step, "session_time")
    if given is None:
        return td_jobs.session_time(step)
    text = values.text(given, "session_time")
    try:
        moment = datetime.fromisoformat(text)
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=zone_of(step.attempt.timezone))).astimezone(UTC)
        if not 1970 <= moment.year < 9000:
            raise ValueError
    except (ValueError, OverflowError):
        raise values.must_be("session_time", "a time such as 2026-11-30T15:00:00+09:00", text) from None
    return moment


def _check_params(step: Step) -> None:
    """Before a job runs, not after it."""
    for name in ("preview", "store_last_results"):
        td_params.flag(step, name)
    td_files.path(step)


def _ended(step: Step, job: Job) -> Done:
    td_jobs.tell(step, job)
    if td_params.flag(step, "preview"):
        step.log(td_rows.preview(job))
    td_files.keep(step, job)
    if not td_params.flag(step, "store_last_results"):
        return Done(td_jobs.stored(job))
    row = next(iter(td_rows.first(job, 1)), {})
    return Done(td_jobs.stored(job, last_results=row), reset=[("td", "last_results")])


@operator("td_result_export")
def td_result_export(step: Step) -> Outcome:
    """Send the kept result of a job to a destination, without querying again."""
    return td_jobs.through(step, partial(_export, step), partial(_sent, step))


def _export(step: Step, user: User, key: str) -> Job:
    job = _exported(step)
    to = td_targets.connection(step, user)
    made = jobs.export_result(job, user=user, target=to.target, table=to.table, domain_key=key)
    made.name = td_jobs.name(step)
    made.save(update_fields=["name"])
    return made


def _sent(step: Step, job: Job) -> Done:
    td_jobs.tell(step, job)
    return Done(td_jobs.stored(job))


def _exported(step: Step) -> Job:
    """The job of `job_id`, which has a result. Raises TaskFailed."""
    number = values.number(td_params.given(step, "job_id"), "job_id", 1)
    job = Job.objects.filter(pk=number).first()
    if job is None:
        raise TaskFailed(f"“job_id”: there is no job {number}.", "The last one is ${td.last_job_id}.")
    if not job.result_path:
        ended = "has no result" if job.finished else "has not finished: there is no result yet"
        raise TaskFailed(f"“job_id”: job {number} {ended}.")
    td_rows.kept(job)
    return job
