"""td_for_each> and td_wait>: what a query's rows decide about the run."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pyarrow as pa

from exports.models import Job
from workflows.dig.operators import MOST_LOOPS
from workflows.operators import bodies, td_jobs, td_params, td_rows, values
from workflows.operators.base import Done, Later, Outcome, Step, TaskFailed, operator

INTERVAL, SHORTEST_INTERVAL = timedelta(minutes=10), timedelta(seconds=30)


@operator("td_for_each")
def td_for_each(step: Step) -> Outcome:
    """Run _do once for each row of a query."""
    return td_jobs.through(step, td_jobs.query(step), partial(_each_row, step))


def _each_row(step: Step, job: Job) -> Done:
    rows = job.result_rows or 0
    if rows > MOST_LOOPS:
        advice = "Let the query select fewer rows, or do in SQL what is done for each."
        raise TaskFailed(f"Job {job.pk} gave {rows:,} rows; td_for_each> takes up to {MOST_LOOPS:,}.", advice)
    found = td_rows.first(job, MOST_LOOPS)
    step.log(f"Job {job.pk} gave {rows:,} row{'' if rows == 1 else 's'}.")
    each = bodies.each(step, ((f"+td-for-each-{n}", {"td": {"each": row}}) for n, row in enumerate(found)))
    return replace(each, stored=td_jobs.stored(job))


@operator("td_wait")
def td_wait(step: Step) -> Outcome:
    """Repeat a query until its first value is true."""
    interval = _interval(step)
    tries = step.memory.get("tries", 1)
    key = f"{step.key}-{tries}"

    def answered(job: Job) -> Outcome:
        if _holds(job):
            return Done()
        step.log(f"Job {job.pk}: not yet. The query is repeated in {values.spoken(interval)}.")
        return Later(memory={"tries": tries + 1}, at=step.now + interval)

    return td_jobs.through(step, td_jobs.query(step), answered, key=key, tries=tries)


def _interval(step: Step) -> timedelta:
    given = td_params.given(step, "interval")
    return INTERVAL if given is None else values.duration(given, "interval", least=SHORTEST_INTERVAL)


def _holds(job: Job) -> bool:
    """Whether the first value is given, and neither false nor 0, as in digdag: any text is true."""
    table = td_rows.kept(job).head(1)
    if not len(table) or not table.num_columns:
        return False
    value = table.column(0)[0]
    countable = (pa.types.is_boolean, pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)
    return bool(value.as_py()) if any(is_of(value.type) for is_of in countable) else value.is_valid
