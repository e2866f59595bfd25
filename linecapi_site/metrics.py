"""The console's metrics, computed from its database when they are asked for: the same from any web server.

Labels hold states, connectors and modes; no names, and no personal data.
"""

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Count, Q
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from exports.schedule_models import Schedule
from exports.totals import ENDS
from exports.upkeep_models import JobTotal, Upkeep
from exports.vitals import Vitals, vitals

LATE = timedelta(minutes=1)


class Console(Collector):
    def describe(self) -> list[Metric]:
        """Nothing is computed only to be listed."""
        return []

    def collect(self) -> Iterator[Metric]:
        found = vitals()
        yield from _jobs(found)
        yield from _clusters(found)
        yield from _totals(list(JobTotal.objects.all()))
        yield from _schedules()
        yield from _upkeep()


REGISTRY = CollectorRegistry()
REGISTRY.register(Console())


def text() -> bytes:
    """In Prometheus' format."""
    return generate_latest(REGISTRY)


def _jobs(found: Vitals) -> Iterator[Metric]:
    states = GaugeMetricFamily("linecapi_jobs", "Jobs that have not ended, by state.", labels=["state"])
    for state, number in (("queued", found.queued), ("running", found.running), ("retry_wait", found.retrying)):
        states.add_metric([state], number)
    yield states
    yield _gauge("linecapi_jobs_stalled", "Running jobs whose worker has stopped reporting.", found.stalled)
    yield _gauge("linecapi_queue_depth", "Jobs whose time has come, and that wait for a worker.", found.due)
    yield _gauge("linecapi_queue_oldest_seconds", "How long the first of these has waited.", found.oldest)


def _clusters(found: Vitals) -> Iterator[Metric]:
    yield _gauge("linecapi_clusters", "Clusters alive.", len(found.alive))
    yield _gauge("linecapi_workers", "Workers of the clusters alive.", found.workers)
    if found.silence is not None:
        yield _gauge("linecapi_last_tick_seconds", "Time since a dispatcher's last tick.", found.silence)


def _totals(totals: list[JobTotal]) -> Iterator[Metric]:
    jobs = CounterMetricFamily(
        "linecapi_jobs_ended",
        "Jobs that ended; one that is resumed ends again.",
        labels=["outcome", "connector", "mode"],
    )
    rows = CounterMetricFamily("linecapi_rows", "Rows of ended jobs, by end.", labels=["end", "connector", "mode"])
    sums: dict[tuple[str, str, str], int] = {}
    for total in totals:
        jobs.add_metric([total.outcome, total.connector_key, total.mode], total.jobs)
        for end in ENDS if total.connector_key else ():
            kind = (end, total.connector_key, total.mode)
            sums[kind] = sums.get(kind, 0) + getattr(total, end)
    for kind, number in sums.items():
        rows.add_metric(kind, number)
    yield jobs
    yield rows


def _schedules() -> Iterator[Metric]:
    enabled = Schedule.objects.filter(enabled=True, next_run_at__isnull=False)
    late = Q(next_run_at__lt=timezone.now() - LATE)
    found = enabled.aggregate(enabled=Count("pk"), late=Count("pk", filter=late))
    yield _gauge("linecapi_schedules", "Schedules that are enabled and have not ended.", found["enabled"])
    yield _gauge("linecapi_schedules_late", "Those whose run time passed a minute ago and longer.", found["late"])


def _upkeep() -> Iterator[Metric]:
    last = Upkeep.objects.filter(finished_at__isnull=False).order_by("-finished_at").first()
    if last and last.finished_at:
        seconds = (timezone.now() - last.finished_at).total_seconds()
        yield _gauge("linecapi_last_upkeep_seconds", "Time since old results and jobs were last deleted.", seconds)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)
