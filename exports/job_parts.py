"""The parts of a job's page that lie beside its row: requests, the kept result, and the settings used."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Count, Max, Min, Q
from django.utils.safestring import SafeString

from exports import grid
from exports import job_words as words
from exports.exporter.mapping import constant_text
from exports.filters import number
from exports.job_pages import Sent
from exports.masking import personal_columns
from exports.models import Job, JobRequest
from exports.preview import columns_of
from exports.results import KeptResult
from integrations.catalog import connector
from integrations.spec import Answer, Setting
from warehouse.cells import Cell

REQUESTS_SHOWN = 12
PREVIEW_ROWS = 50
State = JobRequest.State
FAILED = (State.REFUSED, State.DIVIDED, State.UNKNOWN, State.STOPPED)
SHOWS = {"": Q(), "retried": Q(attempts__1__isnull=False), "failed": Q(state__in=FAILED)}
_TONES = {Answer.ACCEPTED: "g", Answer.RETRY: "w", Answer.WAIT: "w"}


# --- requests -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Attempt:
    """One answer; `tone`: g good, w try again, r not good, c on its way."""

    code: str
    took: str
    tone: str


@dataclass(frozen=True)
class RequestRow:
    request: JobRequest
    attempts: list[Attempt]
    attempts_text: str
    sent: SafeString


@dataclass(frozen=True)
class RequestPage:
    """`show`: of SHOWS. `older`: the number to go on before; `first_page`: it is the latest ones."""

    rows: list[RequestRow]
    zone: str
    show: str
    older: int | None
    first_page: bool


def sent(job: Job) -> Sent:
    found = job.requests.aggregate(
        n=Count("pk"),
        sending=Count("pk", filter=Q(state=State.SENDING)),
        last=Max("number", default=0),
        first=Min("sent_at"),
        retried=Count("pk", filter=SHOWS["retried"]),
        failed=Count("pk", filter=SHOWS["failed"]),
    )
    return Sent(**found)


def requests(job: Job, given: Mapping[str, Any], now: datetime) -> RequestPage:
    """The latest requests of a kind, or those before the one that the address names."""
    show = given.get("show", "") if given.get("show") in SHOWS else ""
    before = number(given.get("before", ""))
    found = job.requests.filter(SHOWS[show]).order_by("-number")
    shown = list((found.filter(number__lt=before) if before else found)[: REQUESTS_SHOWN + 1])
    rows = [_request(job, request, now) for request in shown[:REQUESTS_SHOWN]]
    older = rows[-1].request.number if len(shown) > REQUESTS_SHOWN else None
    zone = words.zone_name(now.astimezone(words.zone(job)))
    return RequestPage(rows, zone, show, older, first_page=not before)


def _request(job: Job, request: JobRequest, now: datetime) -> RequestRow:
    attempts = [_attempt(job, a) for a in request.attempts]
    if request.state == State.SENDING:
        attempts.append(Attempt("", "on its way", "c"))
    told = ", ".join(a.code or a.took for a in attempts)
    text = f"{len(attempts)} attempt{'' if len(attempts) == 1 else 's'}: {told}"
    return RequestRow(request, attempts, text, words.clock(request.sent_at, words.zone(job), now, named=False))


def _attempt(job: Job, attempt: Mapping[str, Any]) -> Attempt:
    code, took = attempt.get("code"), f"{attempt.get('ms') or 0:,} ms"
    if code is None:
        return Attempt("no answer", took, "w")
    return Attempt(str(code), took, _TONES.get(connector(job.connector_key).answer(code), "r"))


# --- the kept result ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Result:
    """The first rows. `columns`: (name, type in SQL's words) each. `columns` is empty if the result is gone."""

    columns: list[tuple[str, str]]
    rows: list[list[Cell]]
    total: int
    revealed: bool


def kept_file(job: Job) -> Path | None:
    """The file of the kept result; None if there was none, or it is gone."""
    if not job.result_path:
        return None
    path = Path(settings.DATA_DIR) / "jobs" / job.result_path
    return path if path.is_file() else None


def result(job: Job, *, reveal: bool = False) -> Result | None:
    """The first PREVIEW_ROWS rows, masked unless `reveal`; None before the query has finished."""
    if not job.result_path:
        return None
    path, total = kept_file(job), job.result_rows or 0
    if not path:
        return Result([], [], total, revealed=False)
    table = KeptResult(path).head(PREVIEW_ROWS)
    personal = personal_columns(table.column_names, job.mapping)
    return Result(columns_of(table.schema), grid.rows(table, personal=personal, reveal=reveal), total, reveal)


# --- settings -----------------------------------------------------------------------------------------------------


def settings_used(job: Job) -> list[tuple[str, str]]:
    """(label, value in words) of every setting that is not secret: those of the export as frozen in the job, those of
    its authentication as they are now."""
    if not job.exports:
        return []
    given: dict[str, Any] = {**(job.authentication.public_settings() if job.authentication else {}), **job.settings}
    shown = [s for s in connector(job.connector_key).settings if s.kind != "secret"]
    if not job.authentication:
        shown = [s for s in shown if s.name in given]
    return [(s.label, _in_words(s, given.get(s.name, s.default))) for s in shown]


def _in_words(setting: Setting, value: Any) -> str:
    if value in (None, ""):
        return "Not set"
    if setting.kind == "boolean":
        return "Yes" if value else "No"
    return f"{value:,}" if setting.kind == "integer" and isinstance(value, int) else str(value)


def mapping_used(job: Job) -> list[tuple[str, str, bool]]:
    """(field, source, whether the source is a constant) in the connector's order."""
    if not job.exports:
        return []
    fields = [f.name for f in connector(job.connector_key).fields if f.name in job.mapping]
    sources = [(name, job.mapping[name]) for name in fields]
    return [(name, constant_text(s.get("column", s.get("constant", ""))), "constant" in s) for name, s in sources]
