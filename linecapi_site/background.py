"""What the System page says of background work: clusters, the queue, and the upkeep of each night."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.utils import timezone

from exports import upkeep
from exports.job_words import duration, roughly
from exports.retention import Freed
from exports.upkeep_models import Upkeep
from exports.vitals import Vitals, vitals
from linecapi_site.facts import Fact

NIGHTS = 2  # days after which a missing upkeep is worth a warning


def background() -> Iterator[Fact]:
    """Whether jobs get on."""
    found = vitals()
    yield from _clusters(found)
    yield _dispatcher(found)
    yield _queue(found)
    yield Fact("Jobs running", f"{found.running:,}", text=f"Workers alive: {found.workers:,}.")
    yield Fact("Jobs waiting to retry", f"{found.retrying:,}", text="They have given their worker back until then.")
    yield _stalled(found.stalled)
    yield _upkeep(upkeep.last())


def _clusters(found: Vitals) -> Iterator[Fact]:
    for cluster in found.alive:
        since = f"{cluster.started_at:%Y-%m-%d %H:%M} UTC"
        text = (
            f"Process {cluster.pid}, since {since}. Its last tick was {roughly(cluster.silence.total_seconds())} ago."
        )
        yield Fact(f"Cluster on {cluster.host}", _number(cluster.workers, "worker"), True, text)
    if not found.alive:
        text = "Queries and exports wait until one is started, with manage.py cluster."
        if found.clusters:
            text += f" The last one ran on {found.clusters[-1].host}."
        yield Fact("Cluster", "None alive", False, text)


def _dispatcher(found: Vitals) -> Fact:
    text = "The dispatcher hands waiting jobs to workers, and the jobs of dead workers to others."
    if found.silence is None:
        return Fact("Dispatcher", "Never ticked", False, text)
    return Fact("Dispatcher", f"Ticked {roughly(found.silence)} ago", found.ticking, text)


def _queue(found: Vitals) -> Fact:
    if not found.due:
        return Fact("Queue", "Empty", text="No job waits for a worker.")
    value = _number(found.due, "job")
    text = f"Their time has come. Job {found.oldest_job} has waited longest: {duration(found.oldest)}."
    if found.waits_in_vain:
        return Fact("Queue", value, False, f"{text} A worker is free, so it should run: restart the cluster.")
    if found.workers and found.running >= found.workers:
        text += " All workers are busy; WORKERS sets how many there are."
    return Fact("Queue", value, text=text)


def _stalled(number: int) -> Fact:
    if not number:
        return Fact("Jobs stalled", "0", text="The worker of every running job reports.")
    text = "Their workers have stopped reporting. A dispatcher gives such jobs to another worker."
    return Fact("Jobs stalled", f"{number:,}", False, text)


def _upkeep(last: Upkeep | None) -> Fact:
    """When old jobs and results were last deleted."""
    when = f"Each day from {settings.UPKEEP_HOUR:02}:00 UTC on, old jobs, results and sessions are deleted."
    if last is None or last.finished_at is None:
        return Fact("Upkeep", "Not yet", text=when)
    freed = Freed.from_json(last.freed)
    value = f"{last.finished_at:%Y-%m-%d %H:%M} UTC"
    text = f"Deleted {freed.in_words()}. {when}"
    if freed.failed:
        text += f" {_number(freed.failed, 'folder')} could not be deleted: the log names them."
    recent = (timezone.now() - last.finished_at).days < NIGHTS
    if not recent:
        text += " It is late: it needs a cluster with a free worker."
    return Fact("Upkeep", value, recent and not freed.failed, text)


def _number(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
