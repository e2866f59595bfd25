from typing import Any

from linecapi import attempts, printing
from linecapi.declared import Call, at_least, command, option
from linecapi.problems import Exit, Problem

PROJECT = option("project", metavar="PROJECT", help="the project's name")
WORKFLOW = option("workflow", metavar="WORKFLOW", help="the workflow's name")
DRY_RUN = option("--dry-run", action="store_true", help="tell what would be, and do nothing")
HEADS = ("Id", "Project", "Workflow", "Next session", "Next run", "Paused", "Problem")


@command(
    "wf:schedules",
    "List the schedules of workflows",
    option("project", nargs="?", metavar="PROJECT", help="only those of this project"),
    option("workflow", nargs="?", metavar="WORKFLOW", help="only that of this workflow of it"),
    examples=("", "shop daily", "--json"),
)
def wf_schedules(call: Call) -> None:
    found = list(attempts.schedules(call.td, call.args.project, call.args.workflow))
    if call.json:
        printing.as_json(found)
    else:
        printing.table(HEADS, map(_line, found))


def _line(schedule: dict[str, Any]) -> tuple[object, ...]:
    return (
        schedule["id"],
        schedule["project"]["name"],
        schedule["workflow"]["name"],
        attempts.time(schedule["nextScheduleTime"]),
        attempts.time(schedule["nextRunTime"]),
        attempts.time(schedule.get("disabledAt")),
        schedule.get("problem"),
    )


@command("wf:disable", "Pause the schedule of a workflow", PROJECT, WORKFLOW, examples=("shop daily",))
def wf_disable(call: Call) -> None:
    changed = _changed(call, "disable", {})
    call.tell(f"The schedule of '{call.args.workflow}' is paused.", **changed)


@command("wf:enable", "Let a paused schedule go on with its next session", PROJECT, WORKFLOW, examples=("shop daily",))
def wf_enable(call: Call) -> None:
    """Sessions whose time passed during the pause do not run; wf:backfill runs them."""
    changed = _changed(call, "enable", {"skipSchedule": True})
    call.tell(f"The schedule of '{call.args.workflow}' goes on. {_next(changed)}", **changed)


@command(
    "wf:skip",
    "Leave out sessions that come next",
    PROJECT,
    WORKFLOW,
    option("-n", "--count", type=at_least(1, 1000), metavar="N", help="so many"),
    option("-t", "--until", metavar="TIME", help="all before this session time, in the workflow's time zone"),
    DRY_RUN,
    examples=("shop daily -n 1", "shop daily -t '2026-12-24 00:00:00'"),
)
def wf_skip(call: Call) -> None:
    args = call.args
    if (args.count is None) == (args.until is None):
        raise Problem("Say how many with -n, or up to when with -t.", Exit.USAGE)
    wanted = {"count": args.count, "nextTime": _local(args.until) if args.until else None, "dryRun": args.dry_run}
    changed = _changed(call, "skip", wanted)
    call.tell(f"{'Nothing is changed. It would be: ' if args.dry_run else ''}{_next(changed)}", **changed)


@command(
    "wf:backfill",
    "Run sessions of past times",
    PROJECT,
    WORKFLOW,
    option("start", metavar="TIME", help="the first session time, in the workflow's time zone"),
    option("-n", "--count", type=at_least(1, 100), metavar="N", help="so many (default: all, up to 100)"),
    option("--name", metavar="NAME", help="names a further attempt of sessions that have one; else they are left out"),
    DRY_RUN,
    examples=("shop daily 2026-11-01 -n 7", "shop daily '2026-11-01 00:00:00' --name again --dry-run"),
)
def wf_backfill(call: Call) -> None:
    args = call.args
    wanted = {"fromTime": _local(args.start), "count": args.count, "attemptName": args.name, "dryRun": args.dry_run}
    made = _changed(call, "backfill", wanted)["attempts"]
    if call.json:
        printing.as_json(made)
        return
    print(f"{len(made):,} sessions {'would run' if args.dry_run else 'run'}.")
    lines = ((None if args.dry_run else one["id"], attempts.time(one["sessionTime"])) for one in made)
    printing.table(("Attempt", "Session time"), lines)


def _changed(call: Call, how: str, wanted: dict[str, Any]) -> dict[str, Any]:
    number = attempts.schedule(call.td, call.args.project, call.args.workflow)["id"]
    given = {name: value for name, value in wanted.items() if value is not None}
    return call.td.workflow("POST", f"/api/schedules/{{id}}/{how}", "id", json=given, id=number)


def _next(schedule: dict[str, Any]) -> str:
    session, run = attempts.time(schedule["nextScheduleTime"]), attempts.time(schedule["nextRunTime"])
    return f"Its next session is {session}, which starts at {run}." if session != "never" else "It runs no more."


def _local(text: str) -> str:
    """A day, or a day and a time."""
    return f"{text}T00:00:00" if len(text) == len("2026-11-30") else text.strip().replace(" ", "T", 1)
