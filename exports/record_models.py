"""What stays on record of a job beside its own row: requests, reasons of rows, log lines; and whose turn a tag is."""

from typing import Any

from django.db import models


class JobRequest(models.Model):
    """One request to the destination: the rows it covered, and each attempt's answer."""

    class State(models.TextChoices):
        SENDING = "sending", "Sending"
        ACCEPTED = "accepted", "Accepted"
        DIVIDED = "divided", "Divided"
        REFUSED = "refused", "Refused"
        RETRYING = "retrying", "Retrying"
        UNKNOWN = "unknown", "Unknown"
        STOPPED = "stopped", "Stopped"

    job = models.ForeignKey("exports.Job", models.CASCADE, related_name="requests")
    number = models.PositiveIntegerField()
    first_row = models.BigIntegerField()
    end_row = models.BigIntegerField()
    events = models.PositiveIntegerField()
    bytes = models.BigIntegerField(default=0)
    state = models.CharField(max_length=10, choices=State.choices)
    maybe_in = models.BooleanField(default=False)  # some attempt may have left its events at the destination
    attempts: Any = models.JSONField(default=list)  # [{"at": ISO time, "code": int | null, "ms": int, "error": text}]
    sent_at = models.DateTimeField()

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["job", "number"], name="one_request_of_a_number")]

    def __str__(self) -> str:
        return f"Request {self.number} of job {self.job_id}"


class JobReason(models.Model):
    """How many rows of a job ended for one reason. A row with two problems counts under both."""

    job = models.ForeignKey("exports.Job", models.CASCADE, related_name="reasons")
    field = models.CharField(max_length=60, blank=True)  # empty: the record as a whole
    code = models.CharField(max_length=40)
    text = models.CharField(max_length=300)
    rows = models.BigIntegerField(default=0)
    sample = models.CharField(max_length=200, blank=True, default="")  # a masked value

    class Meta:
        ordering = ["-rows", "field", "code"]
        constraints = [models.UniqueConstraint(fields=["job", "field", "code"], name="one_reason_of_a_kind")]

    def __str__(self) -> str:
        return f"{self.field}: {self.text}"


class JobLog(models.Model):
    """A line of a job's log. Holds no personal data."""

    class Level(models.TextChoices):
        INFO = "INFO", "INFO"
        WARN = "WARN", "WARN"
        ERROR = "ERROR", "ERROR"

    job = models.ForeignKey("exports.Job", models.CASCADE, related_name="log")
    at = models.DateTimeField(auto_now_add=True)
    level = models.CharField(max_length=5, choices=Level.choices, default=Level.INFO)
    text = models.TextField()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.text


class TagLease(models.Model):
    """One request at a time per tag: the job whose lease token stands here may send; `next_job` has the next turn."""

    tag = models.CharField(max_length=255, primary_key=True)
    token = models.UUIDField(null=True)
    next_job = models.BigIntegerField(null=True)
    next_until = models.DateTimeField(null=True)  # when it has to have come for it

    def __str__(self) -> str:
        return self.tag
