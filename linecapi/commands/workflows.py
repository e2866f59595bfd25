import getpass
import sys
import uuid
from pathlib import Path
from typing import Any

from linecapi import archive, attempts, printing, times
from linecapi.declared import Call, command, option
from linecapi.options import file_or_text, reason
from linecapi.problems import Exit, Problem, Refused

PROJECT = option("project", metavar="PROJECT", help="the project's name")
REVISION = option("-r", "--revision", metavar="NAME", help="a revision by its name (default: the latest)")
HEADS = ("Id", "Project", "Revision", "Updated")


@command("wf:projects", "List projects of workflows", examples=("", "--json"), aliases=("wf",))
def wf_projects(call: Call) -> None:
    found: list[dict[str, Any]] = []
    while True:
        given = {"last_id": found[-1]["id"] if found else None}
        page = call.td.workflow("GET", "/api/projects", "projects", given=given)["projects"]
        found += page
        if len(page) < attempts.PAGE:
            break
    if call.json:
        printing.as_json(found)
    else:
        lines = ((one["id"], one["name"], one["revision"], attempts.time(one["updatedAt"])) for one in found)
        printing.table(HEADS, lines)


@command(
    "wf:push",
    "Make the files of a folder the latest revision of a project",
    option("folder", metavar="DIR", help="the folder; - reads a .tar.gz from standard input"),
    option("-p", "--project", metavar="NAME", help="the project's name (default: that of the folder)"),
    option("-r", "--revision", metavar="NAME", help="what to call the revision (default: one is made up)"),
    option("--schedule-from", metavar="TIME", help="schedules run from then on, such as '2026-11-30 09:00:00 +0900'"),
    examples=(".", "workflows/shop -p shop -r v12", "-p shop - < shop.tar.gz"),
)
def wf_push(call: Call) -> None:
    """Workflows are the .dig files in the folder itself. What begins with a dot is left out.

    What is wrong in the files is told with file and line, and then nothing is changed.
    """
    args = call.args
    packed, name = _packed(args.folder, args.project)
    since = _iso(args.schedule_from, "--schedule-from") if args.schedule_from else None
    given = {"project": name, "revision": args.revision or str(uuid.uuid4()), "schedule_from": since}
    try:
        made = call.td.workflow("PUT", "/api/projects", "revision", given=given, data=packed)
    except Refused as refused:
        raise _told(refused, name) from refused
    call.tell(f"Project '{made['name']}' has the revision {made['revision']}.", **made)


def _packed(folder: str, name: str | None) -> tuple[bytes, str]:
    """→ the archive, and the project's name. Raises Problem."""
    if folder == "-":
        if not name:
            raise Problem("Give the project's name with -p: standard input has none.", Exit.USAGE)
        return sys.stdin.buffer.read(), name
    path = Path(folder)
    packed, files = archive.pack(path)
    printing.note(f"{len(files):,} files, {len(packed):,} bytes packed.")
    return packed, name or path.resolve().name


def _told(refused: Refused, project: str) -> Problem:
    """Each problem in the files has a line of its own."""
    problems = refused.details.get("problems") or ()
    if not problems:
        return refused
    for one in problems:
        printing.note(f"{one['file']}:{one['line']}: {one['message']}")
    count = f"{len(problems):,} problems" if len(problems) > 1 else "a problem"
    return Problem(f"Nothing was pushed to {project}: its files have {count}.")


def _iso(text: str, name: str) -> str:
    try:
        return f"{times.moment(text):%Y-%m-%dT%H:%M:%SZ}"
    except ValueError as error:
        raise Problem(f"{name} must be Unix seconds or like 2026-11-30 09:00:00, not {text}.", Exit.USAGE) from error


@command(
    "wf:download",
    "Write the files of a project into a folder",
    PROJECT,
    REVISION,
    option("-o", "--output", metavar="DIR", help="the folder (default: the project's name); - writes a .tar.gz"),
    examples=("shop", "shop -r v12 -o shop-v12", "shop -o - > shop.tar.gz"),
)
def wf_download(call: Call) -> None:
    args = call.args
    number = attempts.project(call.td, args.project)["id"]
    packed = call.td.ask("GET", "/api/projects/{id}/archive", given={"revision": args.revision}, id=number)
    if args.output == "-":
        sys.stdout.buffer.write(packed)
        return
    folder = Path(args.output or args.project)
    files = archive.unpack(packed, folder)
    call.tell(f"{len(files):,} files are in {folder}.", folder=str(folder), files=files)


@command(
    "wf:delete",
    "Delete a project with its sessions and secrets",
    PROJECT,
    option("-f", "--force", action="store_true", help="do not ask"),
    examples=("shop", "-f shop"),
)
def wf_delete(call: Call) -> None:
    """It asks first where there is a terminal; elsewhere it needs -f. The jobs that it made stay."""
    name = call.args.project
    call.agree(f"project {name} with its sessions and secrets")
    gone = call.td.workflow("DELETE", "/api/projects/{id}", "name", id=attempts.project(call.td, name)["id"])
    call.tell(f"Project '{name}' is deleted.", **gone)


@command(
    "wf:secrets",
    "List the keys of a project's secrets, set or delete some",
    PROJECT,
    option("-s", "--set", metavar="KEY", help="set it: the value is asked for, or read from standard input"),
    option("-v", "--value", metavar="@FILE", help="with -s: the file that holds the value (no history keeps that)"),
    option("-d", "--delete", metavar="KEY", action="append", default=[], help="delete it"),
    examples=(
        "shop",
        "shop -s line.access_token",
        "shop -s line.access_token < token.txt",
        "shop -d line.access_token",
    ),
)
def wf_secrets(call: Call) -> None:
    """A secret is for ${secret:KEY}. It is written, and never read again."""
    args = call.args
    if args.value is not None and not args.set:
        raise Problem("-v gives the value of -s: name the secret.", Exit.USAGE)
    number = attempts.project(call.td, args.project)["id"]
    if args.set:
        value = {"value": _secret(args.set, args.value)}
        call.td.workflow("PUT", "/api/projects/{id}/secrets/{key}", "key", json=value, id=number, key=args.set)
        call.tell(f"Secret '{args.set}' is set.", project=args.project, key=args.set)
    for key in args.delete:
        call.td.workflow("DELETE", "/api/projects/{id}/secrets/{key}", "key", id=number, key=key)
        call.tell(f"Secret '{key}' is deleted.", project=args.project, key=key)
    if not args.set and not args.delete:
        _list(call, number)


def _list(call: Call, number: str) -> None:
    found = call.td.workflow("GET", "/api/projects/{id}/secrets", "secrets", id=number)["secrets"]
    if call.json:
        printing.as_json([one["key"] for one in found])
    else:
        printing.table(("Key",), [(one["key"],) for one in found])


def _secret(key: str, given: str | None) -> str:
    """The value, without the line break at the end of a file. Raises Problem."""
    if given is not None:
        if not given.startswith("@"):
            raise Problem("-v takes @FILE: a value on the command line stays in the shell's history.", Exit.USAGE)
        value = file_or_text(given) or ""
    elif sys.stdin.isatty():
        value = getpass.getpass(f"{key}: ")
    else:
        try:
            value = sys.stdin.read().removesuffix("\n").removesuffix("\r")
        except (OSError, ValueError) as error:
            raise Problem(f"Standard input cannot be read: {reason(error)}", Exit.USAGE) from error
    if not value:
        raise Problem("The secret is empty.", Exit.USAGE)
    return value
