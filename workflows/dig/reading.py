"""A .dig file → a Workflow."""

import posixpath
import re
from functools import lru_cache
from zoneinfo import ZoneInfo

from workflows.dig.directives import REFUSED, Directives, refusal
from workflows.dig.model import Workflow
from workflows.dig.nearest import suggestion
from workflows.dig.nodes import Entry, Map, Scalar, plain, written
from workflows.dig.problems import DigError, Place
from workflows.dig.report import Report
from workflows.dig.tasks import Tasks
from workflows.dig.yaml import Files, Project
from workflows.script import schedule

SUFFIX = ".dig"
TOP = ("timezone", "schedule", "_export", "_error", "_check", "_retry", "_parallel")
FORBIDDEN_FIRST = re.compile(r"[0-9+^@/\\:*?\"<>|]")


def read(project: Project, path: str) -> Workflow:
    """The workflow in the project's file. Raises DigError with all problems found."""
    return read_from(Files(project), path)


def read_from(files: Files, path: str) -> Workflow:
    """As `read`, for who reads several files of a project."""
    top = files.load(path)
    report = Report(files.project, posixpath.dirname(path))
    workflow = _Reader(report, top, path).workflow()
    if report.problems:
        raise DigError(report.problems)
    return workflow


class _Reader:
    def __init__(self, report: Report, top: Map, path: str) -> None:
        self.report, self.top, self.path = report, top, path
        self.name = posixpath.basename(path).removesuffix(SUFFIX)

    def workflow(self) -> Workflow:
        self._file_name()
        self._keys()
        tasks = Tasks(self.report)
        found = Directives(self.report, self.top, fixed=True)
        export, root, timezone = found.params("_export"), f"+{self.name}", self._timezone()
        bodies = {
            key: tasks.body(self.top.entries[key], root, export)
            for key in ("_error", "_check")
            if key in self.top.entries
        }
        return Workflow(
            name=self.name,
            file=self.path,
            timezone=timezone,
            schedule=self._schedule(timezone),
            export=export,
            parallel=found.parallel(),
            retry=found.retry(),
            error=bodies.get("_error"),
            check=bodies.get("_check"),
            tasks=tuple(
                tasks.task(entry, root, export) for entry in self.top.entries.values() if entry.name.startswith("+")
            ),
        )

    def _file_name(self) -> None:
        start = Place(self.path)
        if not self.path.endswith(SUFFIX):
            self.report.wrong(start, f"The name of a workflow's file ends with {SUFFIX}.")
        if not self.name or FORBIDDEN_FIRST.match(self.name) or len(self.name) > 255:
            self.report.wrong(
                start,
                "The name of a workflow starts with a letter or _, not with a digit or a sign, and has at most 255.",
            )

    def _keys(self) -> None:
        for entry in self.top.entries.values():
            if entry.name in REFUSED:
                self.report.wrong(entry.place, refusal(entry.name))
            elif entry.name not in TOP and not entry.name.startswith("+"):
                self.report.wrong(entry.place, self._unknown(entry))

    def _unknown(self, entry: Entry) -> str:
        if entry.name.endswith(">"):
            return f"{entry.name} must stand in a task: write +name: and indent {entry.name} below it."
        told = f"The workflow includes an unknown key, “{entry.name}”."
        if isinstance(entry.value, Map) and any(key.endswith(">") or key[0:1] == "+" for key in entry.value.entries):
            return f"{told} Did you mean +{entry.name}?"
        return told + suggestion(entry.name, TOP, f" Beside tasks (+name) there can be {', '.join(TOP)}.")

    def _timezone(self) -> str:
        entry = self.top.entries.get("timezone")
        if entry is None:
            return "UTC"
        name = entry.value.value if isinstance(entry.value, Scalar) else None
        if isinstance(name, str) and _is_zone(name):
            return name
        told = f"There is no time zone {written(entry.value)}. Write a name such as Asia/Tokyo, or UTC."
        self.report.wrong(entry.value.place, told)
        return "UTC"

    def _schedule(self, timezone: str) -> Map | None:
        entry = self.top.entries.get("schedule")
        if entry is None:
            return None
        if not isinstance(entry.value, Map):
            told = "“schedule” must be a map, such as daily>: 07:00:00 on a line below it."
            self.report.wrong(entry.value.place, told)
            return None
        try:
            schedule.parse(plain(entry.value), timezone)  # type: ignore[arg-type]
        except schedule.ScheduleError as error:
            found = entry.value.entries.get(error.key)
            self.report.wrong(found.place if found else entry.place, str(error))
        return entry.value


@lru_cache(maxsize=256)
def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        return False
    return True
