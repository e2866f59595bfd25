"""What people do with rejected rows: check them again by the query as it is now, then send those that are valid.

Nothing that a destination accepted is ever sent by such a job: it holds invalid and refused rows alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from django.db import transaction
from django.db.models import Q

from accounts.models import User
from exports import by_name, differences, inheriting, jobs, options, retrieving, sent_on, targets, texts
from exports import job_words as words
from exports.differences import Change, Line
from exports.endings import JobFailed
from exports.errors import NotPossible
from exports.job_parts import kept_file
from exports.models import Job, JobState, Mode, Query, QueryVersion, RowsFrom
from exports.queries import as_data
from exports.sent_on import Left
from exports.targets import Target
from exports.texts import Text
from integrations.catalog import connector

SHOWN = 10  # jobs of a family that a page names
GONE = "The kept result of this job was deleted, so its rows are not here any more. Run the query again."


# --- checking again -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Recheck:
    """What checking a job's rejected rows again would do. `same_rows`: the rows as they are kept, else the query runs
    anew; then those without a key are `lost`. `problem`: why it cannot be done; `left`: the part of the rejects it is
    about."""

    job: Job
    query: Query | None = None
    text: Text | None = None
    target: Target | None = None
    problem: str = ""
    left: Left | None = None

    @property
    def earlier(self) -> int | None:
        """The check after which others of the rejected rows were sent on already."""
        return self.left.check if self.left is not None else None

    @property
    def onward(self) -> int | None:
        """That check, where all of them were."""
        return None if self.rows else self.earlier

    @property
    def part(self) -> tuple[int, int]:
        return (self.left.start, self.left.end) if self.left is not None else (0, 0)

    @cached_property
    def rows(self) -> int:
        if not self.earlier:
            return self.job.invalid + self.job.refused
        return sum(1 for _ in retrieving.part_of(self.job, self.part))

    @property
    def key(self) -> str:
        return connector(self.job.connector_key).key_field

    @property
    def same_rows(self) -> bool:
        return self.text is not None and _terms(self.text) == inheriting.terms(self.job)

    @property
    def lost(self) -> int:
        """Rows without a key."""
        if not self.earlier:
            return sum(self.job.reasons.filter(field=self.key, code="required").values_list("rows", flat=True))
        found = retrieving.part_of(self.job, self.part)
        return sum((self.key, "required") in {reason[:2] for reason in reject.reasons} for reject in found)

    @property
    def sql_changes(self) -> list[list[Line]]:
        return differences.lines(self.job.sql, self.text.sql) if self.text else []

    @property
    def changes(self) -> list[Change]:
        """What has changed since the job beside the SQL."""
        if not self.text or not self.target:
            return []
        mapping = self.target.mapping or by_name.likely(self.job)
        target = replace(self.target, mapping=mapping, settings=_filled(self.job, self.target.settings))
        return differences.changes(_as_version(self.job), _now(self.job.name, self.text, target))


def _terms(text: Text) -> inheriting.Terms:
    return (text.sql, text.engine, text.source.pk if text.source else None, text.database.name, text.time_zone)


def _filled(job: Job, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Export settings with the defaults that count where one is missing."""
    return targets.clean_settings(connector(job.connector_key), settings)[0]


def _as_version(job: Job) -> QueryVersion:
    target = {"authentication": job.authentication_id, "mapping": job.mapping, "settings": _filled(job, job.settings)}
    return _version(job.name, job.database_name, job.engine, job.source_name, job.time_zone, target)


def _now(name: str, text: Text, target: Target) -> QueryVersion:
    source = text.source.name if text.source else ""
    return _version(name, text.database.name, text.engine, source, text.time_zone, as_data(target))


def _version(name: str, database: str, engine: str, source: str, zone: str, target: Mapping[str, Any]) -> QueryVersion:
    return QueryVersion(
        name=name, database_name=database, engine=engine, source_name=source, time_zone=zone, target=target
    )


def look(job: Job) -> Recheck:
    """What a re-check of this job's rejected rows would do now."""
    if not job.finished or not (job.invalid or job.refused):
        return Recheck(job, problem="This job has no rejected rows." if job.finished else "This job has not ended yet.")
    if not kept_file(job):
        return Recheck(job, problem=GONE)
    left = sent_on.left(job)
    if not Recheck(job, left=left).rows:
        return Recheck(job, problem="These rows were checked again and sent on. Go on from there:", left=left)
    if not job.query:
        return Recheck(
            job,
            left=left,
            problem="The query of this job was deleted, or never saved. Its rows would be checked by the same mapping "
            "as before, and be rejected again. Download them, with their reasons, instead.",
        )
    found = Recheck(job, job.query, texts.of(job.query), targets.of(job.query), left=left)
    return replace(found, problem=_problem(found))


def _problem(found: Recheck) -> str:
    if not found.target:
        return "The query exports nothing any more. Choose a destination in Export Results, and save the query."
    if found.target.authentication.connector_key != found.job.connector_key:
        return "The query exports to another kind of destination now. Run it again instead."
    if found.same_rows:
        return ""
    if not all(retrieving.key_column(mapping, found.key) for mapping in (found.target.mapping, found.job.mapping)):
        return (
            f"The query has changed, and {found.key} is mapped to no column: the rejected rows cannot be found again. "
            "Run the query again instead."
        )
    try:
        retrieving.check_number(found.rows)
    except JobFailed as error:
        return f"{error.error} {error.advice}"
    return ""


def recheck(job: Job, *, user: User) -> Job:
    """A validation of the job's rejected rows by its query's saved version. Raises NotPossible."""
    found = look(job)
    if found.problem or not (found.query and found.text and found.target):
        raise NotPossible(f"{found.problem} job {found.onward}." if found.onward else found.problem)
    return jobs.start(
        text=found.text,
        name=found.query.name,
        user=user,
        query=found.query,
        query_version=found.query.version,
        target=found.target,
        options=options.of(found.query),
        mode=Mode.VALIDATE,
        parent=job,
        rows_from=RowsFrom.REJECTS,
        part=found.part,
    )


# --- sending what was found valid ---------------------------------------------------------------------------------


def send_problem(job: Job) -> str:
    """Why the valid rows of this validation cannot be sent; empty if they can."""
    if job.mode != Mode.VALIDATE or job.state != JobState.SUCCESS or not job.not_attempted:
        return "There are no valid rows to send: this is no finished validation, or it found none."
    if not kept_file(job):
        return GONE
    if not job.authentication:
        return f"The authentication {job.destination} was deleted."
    if earlier := sent_on.elsewhere(job):
        return f"Job {earlier} has sent these rows already, after another check of them."
    if job.invalid and not job.settings.get("ignore_invalid_records", True):
        return (
            "Ignore Invalid Records is off, so the invalid rows among them would stop the job: nothing would be sent."
        )
    return ""


def sent_in(job: Job) -> Job | None:
    """The job that sends, or has sent, the valid rows of this validation, or can be resumed to do so."""
    never_began = Q(state__in=[JobState.ERROR, JobState.KILLED], result_path="")
    return job.children.filter(rows_from=RowsFrom.RESULT).exclude(never_began).first()


def send(job: Job, *, user: User) -> Job:
    """A job that sends the rows which this validation found valid, by the same mapping. Raises NotPossible."""
    with transaction.atomic():
        sent_on.lock(job)
        if earlier := sent_in(job):
            raise NotPossible(f"Job {earlier.pk} sends these rows already.")
        if problem := send_problem(job):
            raise NotPossible(problem)
        return jobs.send_result(job, user=user, mode=_mode(job))


def _mode(job: Job) -> str:
    """Rows of a test are sent as a test again."""
    origin: Job | None = job
    while origin and origin.mode == Mode.VALIDATE:
        origin = origin.parent
    return origin.mode if origin else Mode.SEND


# --- what belongs together ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Relative:
    """A job that took rows from this one, or ran it again. `says`: what it did, to go before its number; `told`: how it
    stands."""

    pk: int
    says: str
    told: str


@dataclass(frozen=True)
class Family:
    """`from_parent`: what this job does with its parent's rows; `origin`: the job that rejected them, if that is
    another one; `again_of`: the job that this one runs again. `sends`: how many valid rows wait to be sent, `problem`:
    why they cannot be."""

    from_parent: str = ""
    origin: int | None = None
    again_of: int | None = None
    relatives: tuple[Relative, ...] = ()
    sends: int = 0
    problem: str = ""

    def __bool__(self) -> bool:
        return bool(self.from_parent or self.again_of or self.relatives or self.sends)


def family(job: Job) -> Family:
    """Where a job's rows come from, and where they went on to; and its repeats."""
    from_parent, origin = _descent(job)
    repeats = tuple(_relative(each, "Run again as") for each in _relatives(job.repeats.all()))
    if not job.finished or not job.exports:
        return Family(from_parent, origin, job.again_of_id, _exports_of(job) + repeats)
    children = _relatives(job.children.all())
    checks = [child.pk for child in children if child.rows_from == RowsFrom.REJECTS]
    later = _relatives(Job.objects.filter(parent__in=checks, rows_from=RowsFrom.RESULT)) if checks else []
    relatives = tuple(
        _relative(each, _what_it_did(each, job)) for each in sorted([*children, *later], key=lambda each: each.pk)
    )
    sends = job.not_attempted if job.mode == Mode.VALIDATE and job.state == JobState.SUCCESS else 0
    if not sends or sent_in(job):
        return Family(from_parent, origin, job.again_of_id, relatives + repeats)
    return Family(from_parent, origin, job.again_of_id, relatives + repeats, sends, send_problem(job))


def _exports_of(job: Job) -> tuple[Relative, ...]:
    """The jobs that send its kept result elsewhere."""
    return tuple(
        _relative(each, _what_it_did(each, job)) for each in _relatives(job.children.filter(rows_from=RowsFrom.KEPT))
    )


def _descent(job: Job) -> tuple[str, int | None]:
    if not job.parent_id or job.rows_from == RowsFrom.QUERY:
        return "", None
    if job.rows_from == RowsFrom.REJECTS:
        return "Checks again the rows that did not get through in", None
    if job.rows_from == RowsFrom.KEPT:
        return "Sends the result of", None
    checked = Job.objects.filter(pk=job.parent_id, rows_from=RowsFrom.REJECTS)
    origin = checked.values_list("parent", flat=True).first()
    return "Sends the rows that were found valid in", origin


def _relatives(found: Any) -> list[Job]:
    return list(found.defer("sql", "mapping", "settings", "columns", "notes").order_by("-pk")[:SHOWN])


def _what_it_did(job: Job, of: Job) -> str:
    if job.rows_from == RowsFrom.REJECTS:
        return "Checked again in"
    if job.rows_from == RowsFrom.KEPT:
        return "Its result was sent on in"
    return f"{'Sent' if job.parent_id == of.pk else 'Resent'}{' as test' if job.mode == Mode.TEST else ''} in"


def _relative(job: Job, says: str) -> Relative:
    return Relative(job.pk, says, words.outcome_text(job) or JobState(job.state).label.lower())
