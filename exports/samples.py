"""Masked values of a job's rows, to be shown beside a reason."""

import logging
from functools import cached_property
from zoneinfo import ZoneInfo

from exports.exporter.cells import plain_values
from exports.exporter.mapping import Column, constant_text
from exports.exporter.masking import mask
from exports.models import Job
from exports.modes import sent_mapping
from exports.results import NAME, KeptResult
from integrations.catalog import connector

logger = logging.getLogger(__name__)


class Samples:
    """Of one job. The kept result is opened at the first value."""

    def __init__(self, job: Job) -> None:
        self.job = job

    @cached_property
    def kept(self) -> KeptResult:
        return KeptResult(self.job.folder / NAME)

    def of(self, row: int, name: str) -> str:
        """The row's value of a field, masked. Never fails: what a value looks like must not decide about a job."""
        try:
            shown = self._shown(row, name)
        except Exception:
            logger.warning("Job %s: row %s of %s cannot be shown", self.job.pk, row, name)
            return ""
        return shown.replace("\0", "\N{REPLACEMENT CHARACTER}")

    def _shown(self, row: int, name: str) -> str:
        source = sent_mapping(self.job).get(name)
        if not isinstance(source, Column):
            return constant_text(source.value) if source else ""
        value = plain_values(self.kept.cell(row, source.name), ZoneInfo(self.job.time_zone))[0]
        return "" if value is None else mask(connector(self.job.connector_key).field(name), value)
