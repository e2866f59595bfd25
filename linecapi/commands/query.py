from linecapi import jobs, options, printing, results, waiting
from linecapi.declared import Call, command, option
from linecapi.options import needed_sql, result_of

QUEUED = "Job {0} is queued.\nUse 'linecapi job:show {0}' to show the status."


@command(
    "query",
    "Run a query, and send its rows where -r says",
    options.DATABASE,
    options.SQL,
    options.SQL_FILE,
    options.TYPE,
    option("-w", "--wait", action="store_true", help="wait for its end, then write its rows, unless -r is given"),
    options.RESULT,
    options.PRIORITY,
    options.RETRY,
    option("--domain-key", metavar="K", help="refuse a second job with this key: so a repeated call starts one job"),
    *results.OPTIONS,
    option("-x", "--exclude", action="store_true", help="write no rows"),
    examples=(
        "-d shop 'SELECT * FROM events'",
        "-d shop -w -T presto -f csv -c -o events.csv -q events.sql",
        """-d shop -w -r line_capi_test -q events.sql""",
        """-d shop -w -r '{"type": "line_conversion", "td_authentication_id": 3}' -q events.sql""",
        "-d shop -w - < events.sql",
    ),
)
def query(call: Call) -> None:
    """With -w it waits, also while the server restarts; Ctrl-C leaves the job as it is."""
    args = call.args
    results.check(call)
    more = {"domain_key": args.domain_key} if args.domain_key else {}
    job_id = call.td.query(
        needed_sql(args),
        type=args.type,
        db=args.database,
        result_url=result_of(args),
        priority=args.priority,
        retry_limit=args.retry,
        **more,
    )
    if args.wait:
        _waited(call, job_id)
    else:
        call.tell(QUEUED.format(job_id), job_id=job_id, database=call.args.database)


def _waited(call: Call, job_id: str) -> None:
    args = call.args
    printing.note(QUEUED.format(job_id))
    job = waiting.ended_well(call.td, job_id)
    if not args.exclude and (args.result is None or args.format or args.output):
        results.write_if_any(call, job)
    elif call.json:
        printing.as_json(jobs.shown(job))
    else:
        told = {"Status": job["status"], "Rows": jobs.rows(job), "Elapsed": jobs.elapsed(job), "Log": jobs.log(job)}
        printing.fields({name: value for name, value in told.items() if value})
