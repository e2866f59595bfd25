"""What the background work says of itself: clusters, what was counted, and when old things were deleted."""

from typing import Any

from django.db import models


class ClusterBeat(models.Model):
    """A cluster and the last time its dispatcher did its work."""

    owner = models.CharField(max_length=200, primary_key=True)  # of its sentinel, as lease.owner() names it
    host = models.CharField(max_length=255)
    pid = models.PositiveIntegerField()
    workers = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    ticked_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.host}, process {self.pid}"


class JobTotal(models.Model):
    """How many jobs ended one way, and how their rows did, since they are counted: outlives the jobs."""

    outcome = models.CharField(max_length=12)
    connector_key = models.CharField(max_length=40, blank=True)
    mode = models.CharField(max_length=10)
    jobs = models.BigIntegerField(default=0)
    invalid = models.BigIntegerField(default=0)
    accepted = models.BigIntegerField(default=0)
    refused = models.BigIntegerField(default=0)
    unknown = models.BigIntegerField(default=0)
    not_attempted = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["outcome", "connector_key", "mode"], name="one_total_of_a_kind")]

    def __str__(self) -> str:
        return f"{self.jobs:,} jobs: {self.outcome}"


class Upkeep(models.Model):
    """One deletion of what is old enough: of a day, or started by hand.

    `freed`: a retention.Freed as JSON. While it runs, `beat_at` moves; if it stops doing so, another worker goes on.
    """

    day = models.DateField(null=True, unique=True)  # None: by hand
    hinted_at = models.DateTimeField(null=True)
    owner = models.CharField(max_length=200, blank=True, default="")
    beat_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True, db_index=True)
    freed: Any = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"Upkeep of {self.day}" if self.day else "Upkeep by hand"
