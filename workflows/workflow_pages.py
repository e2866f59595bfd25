"""What a workflow's page shows: its schedule, its sessions with their attempts, and its file."""

from dataclasses import dataclass
from datetime import datetime, tzinfo

from django.db.models import QuerySet
from django.utils.safestring import SafeString

from exports import job_words
from exports.schedule_words import away
from workflows import attempt_list, cleartext, contents, editing, highlighting, schedule_words, schedules
from workflows import attempt_words as words
from workflows.attempt_list import Row
from workflows.highlighting import Part
from workflows.models import Attempt, Session, Workflow, WorkflowSchedule
from workflows.script.schedule import Schedule, ScheduleError, Slot

NEXT = 5
EARLIER = 5  # attempts of a session that are named beside its latest


@dataclass(frozen=True)
class Upcoming:
    """A run to come, in words: the time of its session, and when it starts where that is another time."""

    session: SafeString
    starts: str
    away: str


@dataclass(frozen=True)
class Scheduled:
    """`problem`: why the schedule cannot be read; then there are no words and no runs."""

    schedule: WorkflowSchedule
    sentence: str
    facts: list[str]
    runs: list[Upcoming]
    problem: str = ""

    @property
    def ended(self) -> bool:
        return not self.problem and self.schedule.next_run_at is None


@dataclass(frozen=True)
class SessionRow:
    """`latest`: None for a session that was skipped. `earlier`: the attempts before it, the latest first; `hidden`: how
    many more there are."""

    session: Session
    at: SafeString
    latest: Row | None
    earlier: list[Row]
    hidden: int


def scheduled(workflow: Workflow, now: datetime) -> Scheduled | None:
    """None for a workflow that does not run by itself."""
    found = WorkflowSchedule.objects.select_related("paused_by", "run_as").filter(workflow=workflow).first()
    if found is None:
        return None
    try:
        schedule = schedules.read(found)
        slots = schedules.next_runs(found, NEXT)
    except ScheduleError as error:
        return Scheduled(found, "", [], [], str(error))
    where = schedule.zone
    runs = [
        Upcoming(
            session=job_words.time_tag(slot.session_time, words.session_time(slot.session_time, where)),
            starts=_starts(slot, where) if slot.run_time != slot.session_time else "",
            away=away(slot.run_time, now),
        )
        for slot in slots
    ]
    return Scheduled(found, schedule_words.sentence(found), _facts(schedule), runs)


def _starts(slot: Slot, where: tzinfo) -> str:
    """The time, with its day where that is not the day of the session."""
    session, run = (at.astimezone(where) for at in slot)
    return words.clock(run) if run.date() == session.date() else f"{run.day} {run:%b}, {words.clock(run)}"


def _facts(schedule: Schedule) -> list[str]:
    """What else is to be known of it, a sentence each."""
    told = []
    if schedule.skip_on_overtime:
        told.append("A session is skipped while the one before it runs.")
    if schedule.skip_delayed_by is not None:
        late = job_words.units(int(schedule.skip_delayed_by.total_seconds()))
        told.append(f"A session that would start more than {late} late is skipped.")
    return told


def sessions(workflow: Workflow) -> QuerySet[Session]:
    """Its sessions, the latest session time first."""
    return Session.objects.filter(workflow=workflow).order_by("-session_time")


def rows(workflow: Workflow, sessions: list[Session], now: datetime) -> list[SessionRow]:
    attempts: dict[int, list[Attempt]] = {}
    found = Attempt.objects.filter(session__in=sessions).select_related("created_by").defer("params")
    for attempt in found.order_by("-number"):
        attempts.setdefault(attempt.session_id, []).append(attempt)
    return [_row(workflow, session, attempts.get(session.pk, []), now) for session in sessions]


def _row(workflow: Workflow, session: Session, attempts: list[Attempt], now: datetime) -> SessionRow:
    named = [attempt_list.row(each, session.session_time, now) for each in attempts[: EARLIER + 1]]
    at = words.session_time(session.session_time, words.zone_of(workflow))
    return SessionRow(
        session=session,
        at=job_words.time_tag(session.session_time, at),
        latest=named[0] if named else None,
        earlier=named[1:],
        hidden=max(0, len(attempts) - len(named)),
    )


def file(workflow: Workflow, *, masked: bool) -> list[list[Part]]:
    """The lines of its file in the last revision that has it; `masked`: without secrets that stand in it."""
    files = {workflow.file: contents.files(workflow.revision_id).get(workflow.file, b"")}
    if masked:
        files = cleartext.masked(files)
    return highlighting.lines(editing.text_of(files[workflow.file]) or "")
