import json
import time
import uuid
from typing import Any

from linecapi import attempts, printing
from linecapi.attempts import Attempt
from linecapi.declared import Call, at_least, command, one_of, option
from linecapi.options import file_or_text
from linecapi.problems import Exit, Problem, Refused

NUMBER = option("attempt", metavar="ATTEMPT", help="the attempt's number")
WAIT = option("-w", "--wait", action="store_true", help="wait for its end; exit code 3 for an error, 4 if killed")
PROJECT = option("project", nargs="?", metavar="PROJECT", help="only those of this project")
WORKFLOW = option("workflow", nargs="?", metavar="WORKFLOW", help="only those of this workflow of it")
MOST = option("-n", "--max", type=at_least(1, 1000), default=20, metavar="N", help="how many (default: 20)")
TRUNCATED = {"daily": "day", "hourly": "hour", "schedule": "schedule"}
HEADS = ("Attempt", "Session", "Project", "Workflow", "Session time", "Status", "Started", "Retry name")


@command(
    "wf:start",
    "Run a workflow for a session time",
    option("project", metavar="PROJECT", help="the project's name"),
    option("workflow", metavar="WORKFLOW", help="the workflow's name, without .dig"),
    option(
        "-t",
        "--session",
        default="now",
        metavar="TIME",
        help="now (default), hourly, daily, schedule, or '2026-11-30 09:00:00' in the workflow's time zone",
    ),
    option("-p", "--param", action="append", default=[], metavar="KEY=VALUE", help="a parameter; may be repeated"),
    option("-P", "--params", metavar="JSON|@FILE", help="parameters as a JSON object"),
    option("-r", "--revision", metavar="NAME", help="a revision by its name (default: the latest)"),
    option("--retry", metavar="NAME", help="names a further attempt of a session that has one"),
    WAIT,
    examples=("shop daily", "shop daily -t 2026-11-30 -p brand=a -w", "shop daily -t schedule --json"),
)
def wf_start(call: Call) -> None:
    """hourly and daily are the begin of this hour or day, schedule the next time of the workflow's schedule."""
    args = call.args
    params = _params(args.params, args.param)
    found = attempts.workflow(call.td, args.project, args.workflow, args.revision)
    wanted = {
        "workflowId": found["id"],
        "sessionTime": _session_time(call, found["id"], args.session),
        "retryAttemptName": args.retry,
        "params": params,
    }
    _started(call, wanted)


def _session_time(call: Call, workflow: str, text: str) -> str:
    """What the server makes of it, in the workflow's time zone."""
    if text == "now" or text in TRUNCATED:
        given = {"session_time": f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())}", "mode": TRUNCATED.get(text)}
    else:
        day = len(text) == len("2026-11-30")
        given = {"session_time": f"{text}T00:00:00" if day else text.strip().replace(" ", "T", 1), "mode": None}
    path = "/api/workflows/{id}/truncated_session_time"
    return str(call.td.workflow("GET", path, "sessionTime", given=given, id=workflow)["sessionTime"])


def _params(given: str | None, pairs: list[str]) -> dict[str, Any]:
    try:
        params = json.loads(file_or_text(given) or "{}")
    except ValueError as error:
        raise Problem(f"The parameters are no JSON: {error}", Exit.USAGE) from error
    if not isinstance(params, dict):
        raise Problem("The parameters must be a JSON object.", Exit.USAGE)
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise Problem(f"Write a parameter as KEY=VALUE, not {pair}.", Exit.USAGE)
        params[name] = value
    return params


def _started(call: Call, wanted: dict[str, Any]) -> None:
    try:
        made = call.td.workflow("PUT", "/api/attempts", "id", json=wanted)
    except Refused as refused:
        raise (attempts.already(refused) if refused.status == 409 else refused) from refused
    if call.args.wait:
        printing.note(f"Attempt {made['id']} is started.")
        made = attempts.follow(call.td, made["id"])
    if call.json:
        printing.as_json(made)
    elif call.args.wait:
        printing.fields({"Attempt": made["id"], "Status": attempts.status(made)})
    else:
        print(f"Attempt {made['id']} is started.\nUse 'linecapi wf:log -f {made['id']}' to follow it.")
    if call.args.wait:
        attempts.check(made)


@command(
    "wf:attempts",
    "List attempts, the latest first",
    PROJECT,
    WORKFLOW,
    MOST,
    option("-a", "--all", action="store_true", help="all attempts of a session, not only the last one"),
    option("-S", "--session", metavar="ID", help="only those of this session"),
    option("--status", **one_of("running", "success", "error", "killed"), help="only those that stand so"),
    examples=("", "shop daily -n 50", "--status error --json", "-S 12"),
)
def wf_attempts(call: Call) -> None:
    args = call.args
    given = {"page_size": args.max}
    if args.session:
        found = call.td.workflow("GET", "/api/sessions/{id}/attempts", "attempts", given=given, id=args.session)
    else:
        given |= {"project": args.project, "workflow": args.workflow, "status": args.status}
        given |= {"include_retried": "true" if args.all else None}
        found = call.td.workflow("GET", "/api/attempts", "attempts", given=given)
    if call.json:
        printing.as_json(found["attempts"])
    else:
        printing.table(HEADS, map(_line, found["attempts"]))


def _line(attempt: Attempt) -> tuple[object, ...]:
    return (
        attempt["id"],
        attempt["sessionId"],
        attempt["project"]["name"],
        attempt["workflow"]["name"],
        attempts.time(attempt["sessionTime"]),
        attempts.status(attempt),
        attempts.time(attempt["createdAt"]),
        attempt.get("retryAttemptName"),
    )


@command(
    "wf:sessions",
    "List sessions, the latest first",
    PROJECT,
    WORKFLOW,
    MOST,
    examples=("", "shop daily -n 50", "--json"),
)
def wf_sessions(call: Call) -> None:
    """A session that its schedule skipped says why."""
    args = call.args
    given = {"page_size": args.max, "workflow": args.workflow, "include_skipped": "true"}
    if args.project:
        number = attempts.project(call.td, args.project)["id"]
        found = call.td.workflow("GET", "/api/projects/{id}/sessions", "sessions", given=given, id=number)["sessions"]
    else:
        found = call.td.workflow("GET", "/api/sessions", "sessions", given=given)["sessions"]
    if call.json:
        printing.as_json(found)
    else:
        printing.table(("Session", "Project", "Workflow", "Session time", "Attempt", "Status"), map(_session, found))


def _session(session: dict[str, Any]) -> tuple[object, ...]:
    last = session.get("lastAttempt")
    status = attempts.status(last) if last else f"skipped: {session.get('skipped')}" if session.get("skipped") else ""
    names = session["project"]["name"], session["workflow"]["name"]
    return session["id"], *names, attempts.time(session["sessionTime"]), last["id"] if last else None, status


@command("wf:tasks", "List the tasks of an attempt", NUMBER, examples=("31", "31 --json"))
def wf_tasks(call: Call) -> None:
    found = call.td.workflow("GET", "/api/attempts/{id}/tasks", "tasks", id=call.args.attempt)["tasks"]
    if call.json:
        printing.as_json(found)
    else:
        printing.table(("Task", "State", "Started", "Updated", "Error"), map(_task, found))


def _task(task: dict[str, Any]) -> tuple[object, ...]:
    error = (task.get("error") or {}).get("message")
    moments = attempts.time(task.get("startedAt")), attempts.time(task["updatedAt"])
    return task["fullName"], task["state"], *moments, error


@command(
    "wf:log",
    "Print what the tasks of an attempt logged",
    NUMBER,
    option("task", nargs="?", metavar="+TASK", help="only tasks whose full names begin so"),
    option(
        "-f", "--follow", action="store_true", help="go on until it has ended; exit code 3 for an error, 4 if killed"
    ),
    examples=("31", "-f 31", "31 +daily+load"),
)
def wf_log(call: Call) -> None:
    args = call.args
    log = attempts.Log(call.td, args.attempt, args.task)
    if args.follow and call.json:
        raise Problem("-f prints lines as they come; --json all at once. Give one of them.", Exit.USAGE)
    if args.follow:
        attempts.check(attempts.follow(call.td, args.attempt, log))
    elif call.json:
        printing.as_json([{"task": task, "line": line} for task, line in log.news()])
    else:
        attempts.print_news(log)


@command("wf:kill", "Stop an attempt", NUMBER, examples=("31",))
def wf_kill(call: Call) -> None:
    """Its jobs are killed too, and no more tasks of it start. One that has ended is an error."""
    number = call.args.attempt
    stopped = call.td.workflow("POST", "/api/attempts/{id}/kill", "id", json={}, id=number)
    call.tell(f"Attempt {number} is being killed.", **stopped)


@command(
    "wf:retry",
    "Run an attempt's session once more: what failed, or everything",
    NUMBER,
    option("-a", "--all", action="store_true", help="run everything, not only what failed and what comes after it"),
    option("--from", dest="task", metavar="+TASK", help="run everything from this task on"),
    option("-l", "--latest", action="store_true", help="with the latest revision, not the attempt's own"),
    option("-n", "--name", metavar="NAME", help="names the new attempt (default: one is made up)"),
    WAIT,
    examples=("31", "--all 31", "31 --from +daily+load", "-l -w 31"),
)
def wf_retry(call: Call) -> None:
    args = call.args
    if args.all and args.task:
        raise Problem("Give --all or --from, not both.", Exit.USAGE)
    before = attempts.show(call.td, args.attempt)
    workflow = before["workflow"].get("id")
    if args.latest or not workflow:
        workflow = attempts.workflow(call.td, before["project"]["name"], before["workflow"]["name"])["id"]
    mode = {"mode": "from", "from": args.task} if args.task else {"mode": "failed"}
    wanted = {
        "workflowId": workflow,
        "sessionTime": before["sessionTime"],
        "retryAttemptName": args.name or str(uuid.uuid4()),
        "params": before["params"],
        "resume": None if args.all else {"attemptId": before["id"], **mode},
    }
    _started(call, wanted)
