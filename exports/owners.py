"""Queries that belong to something of an app above: an activation, a parent segment.

They run, are scheduled, told of and kept as saved queries are, but people see and change them on their owner's pages.
The apps above know, and are not known here: each registers a keeper at its start.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import InterfaceError, OperationalError, transaction

from exports.models import Job, Purpose, Query


@dataclass(frozen=True)
class Keeper:
    """What an app does for its queries of one purpose.

    `page`: the address of the page of a query's owner. `job_ended`: called within the transaction in which a job of
    theirs ends. `tick`: called often, by any number of processes at once.
    """

    page: Callable[[Query], str]
    job_ended: Callable[[Job], None] = lambda job: None
    tick: Callable[[datetime], None] = lambda now: None


_keepers: dict[str, Keeper] = {}
logger = logging.getLogger(__name__)


def register(purpose: Purpose, keeper: Keeper) -> None:
    _keepers[purpose] = keeper


def page(query: Query) -> str | None:
    """Where the query's owner is seen and changed; None for a query of its own."""
    return None if query.purpose == Purpose.QUERY else _keepers[query.purpose].page(query)


def job_ended(job: Job) -> None:
    """Tell the keeper. A fault of its own is logged: it keeps no job from ending."""
    if job.query is None or job.query.purpose not in _keepers:
        return
    try:
        with transaction.atomic():
            _keepers[job.query.purpose].job_ended(job)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("Job %s: its %s could not be told of its end", job.pk, job.query.what)


def tick(now: datetime) -> None:
    for keeper in _keepers.values():
        keeper.tick(now)
