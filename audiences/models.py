"""Audience Studio: parent segments, their segments in a tree of folders, and activations that send segments."""

from typing import Any

from django.conf import settings
from django.db import models

from exports.models import Job, Query

USER = settings.AUTH_USER_MODEL


class ParentSegment(models.Model):
    """All customers, one row each, with their attributes and behaviors. Its number is the Audience Id.

    `query` builds the customer table; it is missing only while the parent segment is being made.
    """

    name = models.CharField(
        max_length=255, unique=True, error_messages={"unique": "A parent segment with this name exists."}
    )
    description = models.TextField(blank=True, default="")
    definition: Any = models.JSONField()  # of audiences.definitions
    query = models.OneToOneField(Query, models.PROTECT, null=True, related_name="parent_segment")
    profile: Any = models.JSONField(default=dict)  # of its columns as they were built last, see audiences.profiles
    created_by = models.ForeignKey(USER, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_by = models.ForeignKey(USER, models.SET_NULL, null=True, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def time_zone(self) -> str:
        """What "today" means in its rules."""
        return str(self.query.time_zone) if self.query else "UTC"

    @property
    def database_name(self) -> str:
        """Of the database that holds its customer table and its activation log."""
        return f"cdp_audience_{self.pk}"


class Folder(models.Model):
    """A folder of segments. Those without a parent are at the top."""

    parent_segment = models.ForeignKey(ParentSegment, models.CASCADE, related_name="folders")
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="folders")
    name = models.CharField(max_length=255)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["parent", "name"], name="one_folder_of_a_name"),
            models.UniqueConstraint(
                fields=["parent_segment", "name"], condition=models.Q(parent=None), name="one_top_folder_of_a_name"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Segment(models.Model):
    """Those customers of a parent segment for whom `rule` holds."""

    parent_segment = models.ForeignKey(ParentSegment, models.PROTECT, related_name="segments")
    folder = models.ForeignKey(Folder, models.PROTECT, null=True, related_name="segments")
    name = models.CharField(max_length=255)
    description = models.TextField(blank=True, default="")
    rule: Any = models.JSONField()  # Treasure Data's rule JSON, see audiences.rules
    count = models.BigIntegerField(null=True)  # customers in it, when they were counted last
    counted_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey(USER, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_by = models.ForeignKey(USER, models.SET_NULL, null=True, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["folder", "name"], name="one_segment_of_a_name"),
            models.UniqueConstraint(
                fields=["parent_segment", "name"], condition=models.Q(folder=None), name="one_top_segment_of_a_name"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Activation(models.Model):
    """Sends a segment somewhere, once or again and again.

    `query` does the work: its SQL, target, schedule and notifications follow from what stands here, from the segment's
    rule and from the parent segment.
    """

    segment = models.ForeignKey(Segment, models.PROTECT, related_name="activations")
    query = models.OneToOneField(Query, models.PROTECT, related_name="activation")
    name = models.CharField(max_length=255)
    description = models.TextField(blank=True, default="")
    all_columns = models.BooleanField(default=True)
    columns: Any = models.JSONField(default=list)  # Treasure Data's `columns`, see audiences.outputs
    repeat: Any = models.JSONField(default=dict)  # when it runs, see audiences.repeats
    created_by = models.ForeignKey(USER, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_by = models.ForeignKey(USER, models.SET_NULL, null=True, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["segment", "name"], name="one_activation_of_a_name")]

    def __str__(self) -> str:
        return self.name


class ActivationRun(models.Model):
    """A job of an activation that has ended: noted with its end, so that the activation log misses none."""

    job = models.OneToOneField(Job, models.CASCADE, related_name="activation_run")
    activation = models.ForeignKey(Activation, models.SET_NULL, null=True, related_name="runs")
    entry: Any = models.JSONField()  # what the activation log gets, see audiences.activation_log
    parent_segment = models.ForeignKey(ParentSegment, models.CASCADE, related_name="runs")
    logged_at = models.DateTimeField(null=True)  # null: not in the log yet

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["parent_segment"], condition=models.Q(logged_at=None), name="run_to_be_logged")]

    def __str__(self) -> str:
        return f"Job {self.job_id}"
