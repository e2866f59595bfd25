"""Notifications: where they go, who wants which, what has been told, and the outbox of what is still to be sent."""

from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q

from integrations import secrets

USER = settings.AUTH_USER_MODEL


class Kind(models.TextChoices):
    EMAIL = "email", "E-mail"
    SERVICE = "service", "Other service"


class Event(models.TextChoices):
    """What can be told of a job or its schedule."""

    SUCCESS = "success", "Success"
    FAILURE = "failure", "Failure"
    RECOVERY = "recovery", "First success after failure"
    REJECTS = "rejects", "Many rejects"
    DISABLED = "disabled", "Schedule disabled"


class Channel(models.Model):
    """A way to people: e-mail addresses, or the URL of another service, which is a secret and only in `encrypted`."""

    name = models.CharField(max_length=100, unique=True, error_messages={"unique": "A channel with this name exists."})
    kind = models.CharField(max_length=10, choices=Kind.choices)
    addresses: Any = models.JSONField(default=list)  # of an e-mail channel
    service = models.CharField(max_length=60, blank=True, default="")  # of another: its name, such as Slack
    encrypted = models.TextField(blank=True, default="")  # {"url": …}
    tested_at = models.DateTimeField(null=True)
    test_ok = models.BooleanField(null=True)
    test_says = models.CharField(max_length=300, blank=True, default="")
    created_by = models.ForeignKey(USER, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    ENCRYPTED_COLUMNS = ("encrypted",)  # see integrations.secrets

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_email(self) -> bool:
        return self.kind == Kind.EMAIL

    @property
    def what(self) -> str:
        """E-mail, or the service's name."""
        return self.service or str(Kind(self.kind).label)

    def set_url(self, url: str) -> None:
        """Keep this URL; the caller saves."""
        self.encrypted = secrets.encrypt({"url": url})

    def open_url(self) -> str:
        """The URL in clear: for sending only, never for showing. Raises SecretUnreadable."""
        return str(secrets.decrypt(self.encrypted).get("url", ""))


class Rule(models.Model):
    """What is told of a query's jobs, and to whom. The rule of no query is the default of all that have none."""

    query = models.OneToOneField("exports.Query", models.CASCADE, null=True, related_name="notification_rule")
    channels = models.ManyToManyField(Channel, related_name="rules")
    addresses: Any = models.JSONField(default=list)  # e-mail addresses beside the channels
    on_success = models.BooleanField(default=False)
    on_failure = models.BooleanField(default=True)
    on_recovery = models.BooleanField(default=True)
    on_rejects = models.BooleanField(default=True)
    rejects_percent = models.PositiveSmallIntegerField(default=10, validators=[MaxValueValidator(99)])
    on_disabled = models.BooleanField(default=True)
    by_hand = models.BooleanField(default=False)  # also of jobs that no schedule started

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["by_hand"], condition=Q(query=None), name="one_default_rule"),
            models.CheckConstraint(name="default_is_of_schedules", condition=Q(query__isnull=False) | Q(by_hand=False)),
        ]

    def __str__(self) -> str:
        return f"Notifications of {self.query}" if self.query else "Default notifications"

    def wants(self, event: str) -> bool:
        """The failure that disables a schedule is still a failure."""
        if event == Event.DISABLED:
            return self.on_disabled or self.on_failure
        return bool(getattr(self, f"on_{event}"))


class Streak(models.Model):
    """What a query's jobs did in a row lately: errors since the last success by whose turn it is to mend them, and
    jobs with many rejects; jobs of its schedule and jobs by hand apart. `…told_at`: when that was told last."""

    query = models.ForeignKey("exports.Query", models.CASCADE, related_name="+")
    scheduled = models.BooleanField()
    configuration = models.PositiveIntegerField(default=0)
    other = models.PositiveIntegerField(default=0)
    rejects = models.PositiveIntegerField(default=0)
    configuration_told_at = models.DateTimeField(null=True)
    other_told_at = models.DateTimeField(null=True)
    rejects_told_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["query", "scheduled"], name="one_streak_of_a_kind")]

    def __str__(self) -> str:
        return f"{self.query}: {self.configuration} + {self.other} errors, {self.rejects} with rejects"


class Message(models.Model):
    """One thing told, as its readers get it. `ended_at`: which end of the job, as a resumed job ends again.

    Holds no personal data and no values of rows. Without a job it is of the schedule alone.
    """

    event = models.CharField(max_length=10, choices=Event.choices)
    job = models.ForeignKey("exports.Job", models.CASCADE, null=True, related_name="messages")
    query = models.ForeignKey("exports.Query", models.SET_NULL, null=True, related_name="+")
    ended_at = models.DateTimeField()
    subject = models.CharField(max_length=400)
    body = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["job", "ended_at", "event"], name="told_once")]

    def __str__(self) -> str:
        return self.subject


class DeliveryState(models.TextChoices):
    WAITING = "waiting", "To be sent"
    SENT = "sent", "Sent"
    GIVEN_UP = "given_up", "Given up"


class Delivery(models.Model):
    """A message on its way to one address or service. See `exports.notify.outbox`.

    `next_try_at`: nobody tries before; taking a delivery moves it forward, so a worker that dies leaves nothing stuck.
    """

    message = models.ForeignKey(Message, models.CASCADE, related_name="deliveries")
    channel = models.ForeignKey(Channel, models.CASCADE, null=True, related_name="deliveries")  # null: of the query
    address = models.EmailField(max_length=254, blank=True, default="")  # empty: the channel is another service
    state = models.CharField(max_length=10, choices=DeliveryState.choices, default=DeliveryState.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField()
    hinted_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=300, blank=True, default="")  # of the last try

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "deliveries"
        indexes = [models.Index(fields=["next_try_at"], condition=Q(state="waiting"), name="delivery_waiting")]
        constraints = [
            models.UniqueConstraint(
                fields=["message", "address"], condition=~Q(address=""), name="one_delivery_to_an_address"
            ),
            models.UniqueConstraint(
                fields=["message", "channel"], condition=Q(address=""), name="one_delivery_to_a_service"
            ),
        ]

    def __str__(self) -> str:
        return f"Message {self.message_id}, delivery {self.pk}"
