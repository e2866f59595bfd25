"""Schedules: when a saved query runs by itself, and the history of their slots."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class Missed(models.TextChoices):
    """What becomes of slots whose time passed while nothing ran on this server."""

    EACH = "each", "Run each"  # of many, the last ones
    LATEST = "latest", "Run the latest only"
    SKIP = "skip", "Skip"


class Overlap(models.TextChoices):
    """What becomes of a slot while the run before it has not ended."""

    QUEUE = "queue", "Queue"  # one run at a time, in order
    SKIP = "skip", "Skip"


class Schedule(models.Model):
    """When a query runs by itself. A slot is a time that the cron line names; its job starts `delay` seconds later.

    Before `starts_at` and after `ends_at` there are no slots. Jobs run as `changed_by`, who answers for the schedule.
    While it is enabled, `next_slot` is the first slot that has not been dealt with, and `next_run_at` its run time;
    both are empty while it is disabled, and behind the last slot.
    """

    query = models.OneToOneField("exports.Query", models.CASCADE, related_name="schedule")
    cron = models.CharField(max_length=200)
    time_zone = models.CharField(max_length=64, default="UTC")
    delay = models.PositiveIntegerField(default=0)
    missed = models.CharField(max_length=10, choices=Missed.choices, default=Missed.EACH)
    overlap = models.CharField(max_length=10, choices=Overlap.choices, default=Overlap.QUEUE)
    starts_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    enabled = models.BooleanField(default=True)
    disabled_at = models.DateTimeField(null=True)
    disabled_why = models.TextField(blank=True, default="")
    next_slot = models.DateTimeField(null=True)
    next_run_at = models.DateTimeField(null=True, db_index=True)
    problem = models.TextField(blank=True, default="")  # why its last slot could not be dealt with; it is tried again
    failures = models.PositiveIntegerField(default=0)  # configuration errors in a row
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    changed_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="next_run_unless_disabled_or_ended",
                condition=Q(enabled=True, next_slot__isnull=False, next_run_at__isnull=False)
                | (Q(next_slot=None, next_run_at=None) & (Q(enabled=False) | Q(ends_at__isnull=False))),
            )
        ]

    def __str__(self) -> str:
        return f"{self.query}: {self.cron}"

    @property
    def ended(self) -> bool:
        """Its last slot was dealt with, or passed before it was set."""
        return self.enabled and self.next_slot is None


class Slot(models.Model):
    """A slot that was dealt with: it has the one job that ran for it, or the reason why none did.

    A job that was deleted leaves its slot, so that the slot does not run again.
    """

    schedule = models.ForeignKey(Schedule, models.CASCADE, related_name="slots")
    scheduled_for = models.DateTimeField()
    job = models.OneToOneField("exports.Job", models.SET_NULL, null=True, related_name="slot")
    skipped = models.TextField(blank=True, default="")  # why
    backfilled = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-scheduled_for"]
        constraints = [
            models.UniqueConstraint(fields=["schedule", "scheduled_for"], name="one_slot_of_a_time"),
            models.CheckConstraint(name="skipped_has_no_job", condition=Q(job=None) | Q(skipped="")),
        ]

    def __str__(self) -> str:
        return f"{self.scheduled_for:%Y-%m-%d %H:%M} UTC"
