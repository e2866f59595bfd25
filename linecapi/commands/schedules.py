import time
from datetime import UTC, datetime
from typing import Any

from tdclient.util import parse_date

from linecapi import jobs, options, printing, times
from linecapi.declared import Call, at_least, command, option
from linecapi.options import needed_sql, result_of, sql_of
from linecapi.problems import Exit, Problem

NAME = option("name", metavar="NAME", help="the saved query's name")
TIMEZONE = option("-t", "--timezone", metavar="TZ", help="such as Asia/Tokyo (default: UTC)")
DELAY = option("-D", "--delay", type=at_least(0), metavar="SECONDS", help="start so much later")
LIST = ("Name", "Cron", "Timezone", "Next schedule", "Delay", "Priority", "Result", "Database", "Query")


@command(
    "sched:list",
    "List saved queries and their schedules",
    examples=("", "--json"),
    aliases=("scheds", "schedules", "sched"),
)
def sched_list(call: Call) -> None:
    found = call.td.read("/v3/schedule/list", "schedules")["schedules"]
    if call.json:
        printing.as_json([schedule | {"result": printing.masked(schedule.get("result"))} for schedule in found])
    else:
        printing.table(LIST, map(_line, found))


def _line(schedule: dict[str, Any]) -> tuple[object, ...]:
    return (
        schedule["name"],
        schedule.get("cron"),
        schedule.get("timezone"),
        _time(schedule.get("next_time")),
        schedule.get("delay"),
        jobs.priority(schedule),
        printing.target(schedule.get("result")),
        schedule.get("database"),
        schedule.get("query"),
    )


def _time(text: str | None) -> str:
    return printing.moment(parse_date(text or None))


@command(
    "sched:create",
    "Save a query, and run it by cron",
    NAME,
    option("cron", metavar="CRON", help="such as '0 9 * * *', @daily or @hourly; '' never runs by itself"),
    options.SQL,
    options.DATABASE,
    options.SQL_FILE,
    options.TYPE,
    TIMEZONE,
    DELAY,
    options.RESULT,
    options.PRIORITY,
    options.RETRY,
    examples=(
        "daily_events @daily -d shop -t Asia/Tokyo -r line_capi_test -q events.sql",
        "by_hand '' -d shop 'SELECT * FROM events'",
    ),
)
def sched_create(call: Call) -> None:
    args = call.args
    values = _values(call) | {"cron": args.cron, "query": needed_sql(args)}
    made = call.td.send("/v3/schedule/create/{name}", "start", values, name=args.name)
    starts = f"It starts at {_time(made['start'])}." if made["start"] else "It never runs by itself."
    _say(call, made, f"Schedule '{args.name}' is created. {starts}")


@command(
    "sched:update",
    "Change a saved query",
    NAME,
    option("-n", "--newname", metavar="NAME", help="another name"),
    option("-s", "--schedule", metavar="CRON", help="another cron; '' to run no more by itself"),
    option("-d", "--database", metavar="DB", help="another database"),
    option("sql", nargs="?", metavar="SQL", help="another query; - reads it from standard input"),
    options.SQL_FILE,
    option("-T", "--type", metavar="TYPE", help="how the query is read: hive, presto, trino"),
    TIMEZONE,
    DELAY,
    options.RESULT,
    options.PRIORITY,
    options.RETRY,
    examples=("daily_events -s '0 9 * * *' -t Asia/Tokyo", "daily_events -q events.sql", "daily_events -r ''"),
)
def sched_update(call: Call) -> None:
    args = call.args
    more = {"name": args.newname, "cron": args.schedule, "query": sql_of(args)}
    values = _values(call) | {name: value for name, value in more.items() if value is not None}
    if not values:
        raise Problem("Say what to change: see linecapi sched:update --help.", Exit.USAGE)
    made = call.td.send("/v3/schedule/update/{name}", "name", values, name=args.name)
    _say(call, made, f"Schedule '{args.name}' is updated.")


def _values(call: Call) -> dict[str, Any]:
    """What is given of the options that a schedule's creation and change share."""
    args = call.args
    values = {
        "database": args.database,
        "type": args.type,
        "timezone": args.timezone,
        "delay": args.delay,
        "result": result_of(args),
        "priority": args.priority,
        "retry_limit": args.retry,
    }
    return {name: value for name, value in values.items() if value is not None}


def _say(call: Call, answer: dict[str, Any], text: str) -> None:
    call.tell(text, **(answer | {"result": printing.masked(answer.get("result"))}))


@command("sched:delete", "Delete a saved query and its schedule", NAME, examples=("daily_events",))
def sched_delete(call: Call) -> None:
    answer = call.td.send("/v3/schedule/delete/{name}", "cron", name=call.args.name)
    _say(call, answer, f"Schedule '{call.args.name}' is deleted.")


@command(
    "sched:history",
    "List the runs of a saved query",
    NAME,
    option("max", nargs="?", type=at_least(1, 1000), default=20, help="how many (default: 20)"),
    examples=("daily_events", "daily_events 100 --json"),
)
def sched_history(call: Call) -> None:
    args = call.args
    asked = {"from": 0, "to": args.max}
    found = call.td.read("/v3/schedule/history/{name}", "history", asked, name=args.name)["history"]
    if call.json:
        printing.as_json([job | {"result": printing.masked(job.get("result"))} for job in found])
    else:
        heads = ("JobID", "Time", "Status", "Priority", "Result")
        printing.table(heads, map(_past, found))


def _past(job: dict[str, Any]) -> tuple[object, ...]:
    result = printing.target(job.get("result"))
    return job["job_id"], _time(job.get("scheduled_at")), job.get("status"), jobs.priority(job), result


@command(
    "sched:run",
    "Run a saved query for a time in its schedule",
    NAME,
    option("time", nargs="?", default="now", metavar="TIME", help="now (default), Unix seconds, 2026-11-30 09:00:00"),
    option("-n", "--num", type=at_least(1, 10), metavar="N", help="so many times in a row, from TIME on"),
    examples=("daily_events", "daily_events '2026-11-30 00:00:00' -n 3"),
)
def sched_run(call: Call) -> None:
    """TIME is what the query gets as TD_SCHEDULED_TIME(); without a time zone it is read as UTC."""
    args = call.args
    moment = _unix(args.time)
    values = {"num": args.num} if args.num else {}
    started = call.td.send("/v3/schedule/run/{name}/{time}", "jobs", values, name=args.name, time=moment)["jobs"]
    if call.json:
        printing.as_json(started)
    else:
        print(f"Scheduled {len(started)} jobs from {datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S} UTC.")
        printing.table(("JobID", "Time"), [(job["job_id"], _time(job.get("scheduled_at"))) for job in started])


def _unix(text: str) -> int:
    try:
        return int(time.time()) if text == "now" else times.unix(text)
    except ValueError as error:
        says = f"The time {text} must be now, Unix seconds, or like 2026-11-30 09:00:00."
        raise Problem(says, Exit.USAGE) from error
