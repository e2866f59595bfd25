from linecapi import jobs, printing, results, waiting
from linecapi.declared import Call, at_least, command, option
from linecapi.jobs import Job

JOB = option("job_id", metavar="ID", help="the job's number")
KILLED = {"running": "is killed"}  # what waits is canceled
HEADS = ("JobID", "Status", "Start", "Elapsed", "Rows", "Priority", "Type", "Database", "Result", "Query")


@command(
    "job:list",
    "List jobs, the newest first",
    option("max", nargs="?", type=at_least(1, 1000), default=20, help="how many (default: 20)"),
    option("-p", "--page", type=at_least(1), default=1, metavar="N", help="the N-th so many"),
    option("-s", "--skip", type=at_least(0), default=0, metavar="N", help="leave out the first N"),
    option("-R", "--running", dest="status", action="store_const", const="running", help="only those that run"),
    option("-S", "--success", dest="status", action="store_const", const="success", help="only those that succeeded"),
    option("-E", "--error", dest="status", action="store_const", const="error", help="only those that ended in error"),
    examples=("", "50 -E", "--json"),
    aliases=("jobs",),
)
def job_list(call: Call) -> None:
    args = call.args
    first = args.skip + args.max * (args.page - 1)
    found = call.td.list_jobs(first, first + args.max - 1, args.status)
    if call.json:
        printing.as_json(list(map(jobs.shown, found)))
    else:
        printing.table(HEADS, map(_line, found))


def _line(job: Job) -> tuple[object, ...]:
    return (
        job["job_id"],
        job["status"],
        printing.moment(job["start_at"]),
        jobs.elapsed(job),
        jobs.rows(job),
        jobs.priority(job),
        job["type"],
        job["database"],
        printing.target(job["result"]),
        job["query"],
    )


@command(
    "job:show",
    "Show a job",
    JOB,
    option("-v", "--verbose", action="store_true", help="with what it logged"),
    option("-w", "--wait", action="store_true", help="wait until it has ended; exit code 3 for an error, 4 if killed"),
    examples=("19", "-w 19", "-v 19", "19 --json"),
    aliases=("job",),
)
def job_show(call: Call) -> None:
    args = call.args
    job = waiting.wait(call.td, args.job_id) if args.wait else call.td.show_job(args.job_id)
    if call.json:
        printing.as_json(jobs.shown(job))
    else:
        printing.fields(_fields(job, verbose=args.verbose))
    if args.wait:
        waiting.check(job)


def _fields(job: Job, *, verbose: bool) -> dict[str, object]:
    said = {
        "JobID": job["job_id"],
        "Status": job["status"],
        "Type": job["type"],
        "Database": job["database"],
        "Start At": printing.moment(job["start_at"]),
        "End At": printing.moment(job["end_at"]),
        "Elapsed": jobs.elapsed(job),
        "Priority": jobs.priority(job),
        "Retry limit": job["retry_limit"],
        "Output": printing.masked(job["result"]),
        "Rows": jobs.rows(job),
        "Query": job["query"],
    }
    if verbose:
        said |= {"Log": jobs.log(job), "Details": jobs.log(job, "stderr")}
    return said


@command("job:status", "Tell a job's status, in one word", JOB, examples=("19",))
def job_status(call: Call) -> None:
    """The words: queued, running, success, error, killed."""
    status = call.td.job_status(call.args.job_id)
    call.tell(status, job_id=call.args.job_id, status=status)


@command("job:kill", "Stop a job", JOB, examples=("19",), aliases=("kill",))
def job_kill(call: Call) -> None:
    """A job that has already ended stays as it is, and that is no error."""
    job_id = call.args.job_id
    former = call.td.kill(job_id)
    now = f"has already finished ({former})" if former in jobs.FINISHED else KILLED.get(former or "", "is canceled")
    call.tell(f"Job {job_id} {now}.", job_id=job_id, former_status=former)


@command(
    "job:result",
    "Write the rows of a job",
    JOB,
    *results.OPTIONS,
    examples=("19", "19 -f csv -c", "19 -o events.csv", "19 -l 10 --json"),
)
def job_result(call: Call) -> None:
    """A job that ended in error has no rows: exit code 3, or 4 if it was killed."""
    results.check(call)
    job = call.td.show_job(call.args.job_id)
    waiting.check(job)
    results.write(call, job)
