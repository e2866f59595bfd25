"""What is told of workflows, and waiting for an attempt. All of it is as digdag's API answers."""

import gzip
from collections.abc import Iterator
from typing import Any

from urllib3.exceptions import HTTPError

from linecapi import printing
from linecapi.problems import Exit, Problem, Refused, Unanswered
from linecapi.progress import Line
from linecapi.service import Service
from linecapi.waiting import FIRST, GROWTH, LONGEST, SILENCE

Attempt = dict[str, Any]
EXITS = {"error": Exit.JOB_ERROR, "killed": Exit.JOB_KILLED}
PAGE = 100


def project(td: Service, name: str) -> dict[str, Any]:
    """Raises Problem."""
    found = td.workflow("GET", "/api/projects", "projects", given={"name": name})["projects"]
    if not found:
        raise Problem(f"Project {name} does not exist. See linecapi wf:projects.", Exit.NOT_FOUND)
    return dict(found[0])


def workflow(td: Service, project_name: str, name: str, revision: str | None = None) -> dict[str, Any]:
    """Raises Problem."""
    number = project(td, project_name)["id"]
    given = {"name": name, "revision": revision}
    found = td.workflow("GET", "/api/projects/{id}/workflows", "workflows", given=given, id=number)["workflows"]
    if not found:
        raise Problem(f"Project {project_name} has no workflow {name}.", Exit.NOT_FOUND)
    return dict(found[0])


def schedules(td: Service, project_name: str | None, name: str | None) -> Iterator[dict[str, Any]]:
    """All of them, those of a project, or that of a workflow. Raises Problem."""
    number = project(td, project_name)["id"] if project_name else None
    path = "/api/projects/{id}/schedules" if number else "/api/schedules"
    last = None
    while True:
        given = {"workflow": name, "last_id": last}
        found = td.workflow("GET", path, "schedules", given=given, **({"id": number} if number else {}))["schedules"]
        yield from found
        if len(found) < PAGE:
            return
        last = found[-1]["id"]


def schedule(td: Service, project_name: str, name: str) -> dict[str, Any]:
    """Raises Problem."""
    for found in schedules(td, project_name, name):
        return found
    raise Problem(f"Workflow {name} of project {project_name} has no schedule.", Exit.NOT_FOUND)


def show(td: Service, number: str) -> Attempt:
    return td.workflow("GET", "/api/attempts/{id}", "done", id=number)


def status(attempt: Attempt) -> str:
    """running, success, error or killed."""
    if not attempt["done"]:
        return "running"
    return "success" if attempt["success"] else "killed" if attempt["cancelRequested"] else "error"


def time(text: str | None) -> str:
    """2026-03-01T00:00:00+09:00 → 2026-03-01 00:00:00 +09:00."""
    moment = text or ""
    if moment.startswith("9999-"):
        return "never"
    return f"{moment[:10]} {moment[11:19]} {moment[19:].replace('Z', 'UTC')}".strip()


def log_files(td: Service, number: str, task: str | None) -> list[dict[str, Any]]:
    given = {"task": task}
    return list(td.workflow("GET", "/api/logs/{id}/files", "files", given=given, id=number)["files"])


def log_lines(td: Service, number: str, file: str) -> list[str]:
    """Of one task. Raises Problem."""
    packed = td.ask("GET", "/api/logs/{id}/files/{file}", id=number, file=file)
    try:
        return gzip.decompress(packed).decode("utf-8", "replace").splitlines()
    except (OSError, EOFError) as error:
        raise Problem(f"The log {file} of attempt {number} cannot be read: {error}.") from error


class Log:
    """The log of an attempt, of which each line is told once."""

    def __init__(self, td: Service, number: str, task: str | None) -> None:
        self.td, self.number, self.task = td, number, task
        self.sizes: dict[str, int] = {}
        self.told: dict[str, int] = {}

    def news(self) -> Iterator[tuple[str, str]]:
        """(task, line) of what came since the call before, task by task."""
        for file in log_files(self.td, self.number, self.task):
            name = file["fileName"]
            if file["fileSize"] <= self.sizes.get(name, 0):
                continue
            lines = log_lines(self.td, self.number, name)
            yield from ((file["taskName"], line) for line in lines[self.told.get(name, 0) :])
            self.sizes[name], self.told[name] = file["fileSize"], len(lines)


def follow(td: Service, number: str, log: Log | None = None) -> Attempt:
    """The attempt, once it has ended; its log is printed as it comes. Ctrl-C ends the waiting. Raises Problem."""
    line = Line()
    line.says = "running"
    try:
        return _ended(td, number, log, line)
    except KeyboardInterrupt:
        line.clear()
        printing.note(f"Attempt {number} goes on. To stop it: linecapi wf:kill {number}")
        raise
    finally:
        line.clear()


def _ended(td: Service, number: str, log: Log | None, line: Line) -> Attempt:
    pause, silent = FIRST, 0.0
    while True:
        try:
            attempt = show(td, number)
            told = print_news(log, line) if log else False
            silent, line.says = 0.0, status(attempt)
            if attempt["done"]:
                return attempt
            pause = FIRST if told else pause
        except (Unanswered, HTTPError) as error:
            silent, line.says = silent + pause, "the server does not answer, trying again"
            if silent > SILENCE:
                raise Problem(f"{error} Attempt {number} may go on: linecapi wf:log -f {number}") from error
        line.show()
        td.sleep(pause)
        pause = min(pause * GROWTH, LONGEST)


def print_news(log: Log, line: Line | None = None) -> bool:
    """Whether there was any."""
    found = False
    for task, text in log.news():
        if line and not found:
            line.clear()
        found = True
        print(f"{printing.cell(task)}  {printing.cell(text)}", flush=True)
    return found


def check(attempt: Attempt) -> None:
    """Raises Problem, with an exit code of its own, for an attempt that ended in error or was killed."""
    word = status(attempt)
    if word in EXITS:
        ended = "was killed" if word == "killed" else "ended in error"
        says = f"Attempt {attempt['id']} {ended}. See linecapi wf:log {attempt['id']}"
        raise Problem(f"{says}, or run what failed again: linecapi wf:retry {attempt['id']}", EXITS[word])


def already(refused: Refused) -> Problem:
    """What a start is told where the session has an attempt."""
    return Problem(f"{refused} To run it again: linecapi wf:retry --all ATTEMPT, or wf:start --retry NAME.")
