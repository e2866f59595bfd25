"""Treasure Workflow: projects with their revisions, and the sessions, attempts and tasks that they run as.

The words are digdag's. A session is a workflow and the time it runs for; an attempt is one try at it; a task is a step
of an attempt, as people see it (elsewhere here, a task is django-q2's).
"""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from exports.models import Job

USER = settings.AUTH_USER_MODEL


class Project(models.Model):
    """Files that are pushed together, and the workflows in them."""

    name = models.CharField(max_length=255, unique=True, error_messages={"unique": "A project with this name exists."})
    created_by = models.ForeignKey(USER, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)  # its last revision came then

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Revision(models.Model):
    """All files of a project as they were pushed at once; it never changes. The latest one is what new sessions run."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="revisions")
    name = models.CharField(max_length=255)  # as whoever pushed it called it
    archive = models.BinaryField()  # of workflows.archives
    size = models.PositiveIntegerField()  # bytes of the archive
    pushed_by = models.ForeignKey(USER, models.SET_NULL, null=True, related_name="+")
    pushed_at = models.DateTimeField(auto_now_add=True)
    note = models.CharField(max_length=255, blank=True, default="")  # such as “Edited daily.dig”

    class Meta:
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="one_revision_of_a_name")]

    def __str__(self) -> str:
        return self.name


class Secret(models.Model):
    """A secret of a project, for `${secret:key}`. It is written, never shown."""

    ENCRYPTED_COLUMNS = ("encrypted",)

    project = models.ForeignKey(Project, models.CASCADE, related_name="secrets")
    key = models.CharField(max_length=255)
    encrypted = models.TextField()  # of {"value": text}
    updated_by = models.ForeignKey(USER, models.SET_NULL, null=True, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["key"]
        constraints = [models.UniqueConstraint(fields=["project", "key"], name="one_secret_of_a_key")]

    def __str__(self) -> str:
        return self.key


class Workflow(models.Model):
    """A .dig file in the top folder of a project. It stays when the file is gone, for its sessions."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="workflows")
    name = models.CharField(max_length=255)  # of the file, without .dig
    revision = models.ForeignKey(Revision, models.RESTRICT, related_name="+")  # the last one that has it
    present = models.BooleanField(default=True)  # in the project's latest revision
    timezone = models.CharField(max_length=64, default="UTC")

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="one_workflow_of_a_name")]

    def __str__(self) -> str:
        return f"{self.project.name} / {self.name}"

    @property
    def file(self) -> str:
        return f"{self.name}.dig"


class WorkflowSchedule(models.Model):
    """When a workflow runs by itself, as its file says. Without a next run it has ended."""

    workflow = models.OneToOneField(Workflow, models.CASCADE, related_name="schedule")
    definition: Any = models.JSONField()  # the value of `schedule:`, for workflows.script.schedule
    timezone = models.CharField(max_length=64)  # in which it is read
    next_session_time = models.DateTimeField(null=True)
    next_run_at = models.DateTimeField(null=True)
    last_session_time = models.DateTimeField(null=True)  # of the last session that it started
    paused_at = models.DateTimeField(null=True)
    paused_by = models.ForeignKey(USER, models.SET_NULL, null=True, related_name="+")
    problem = models.CharField(max_length=500, blank=True, default="")  # why its last slot could not be dealt with
    run_as = models.ForeignKey(USER, models.SET_NULL, null=True, related_name="+")  # who pushed it

    class Meta:
        indexes = [models.Index(fields=["next_run_at"], condition=Q(paused_at=None), name="schedules_of_workflows_due")]

    def __str__(self) -> str:
        return f"Schedule of {self.workflow}"


class Session(models.Model):
    """A workflow and the time it runs for. `skipped`: why its schedule did not run it; it then has no attempts."""

    workflow = models.ForeignKey(Workflow, models.CASCADE, related_name="sessions")
    uuid = models.UUIDField(default=uuid.uuid4, unique=True)
    session_time = models.DateTimeField()
    skipped = models.CharField(max_length=300, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-session_time"]
        constraints = [models.UniqueConstraint(fields=["workflow", "session_time"], name="one_session_of_a_time")]

    def __str__(self) -> str:
        return f"{self.workflow}, {self.session_time:%Y-%m-%d %H:%M:%S}"


class AttemptState(models.TextChoices):
    RUNNING = "running", "Running"
    SUCCESS = "success", "Success"
    ERROR = "error", "Error"
    KILLED = "killed", "Killed"


class Attempt(models.Model):
    """One try at a session: what runs is frozen in its revision and parameters."""

    session = models.ForeignKey(Session, models.CASCADE, related_name="attempts")
    workflow = models.ForeignKey(Workflow, models.CASCADE, related_name="attempts", db_index=False)  # its session's
    number = models.PositiveIntegerField()  # within the session, from 1
    retry_attempt_name = models.CharField(max_length=255, blank=True, default="")
    revision = models.ForeignKey(Revision, models.RESTRICT, related_name="attempts")
    timezone = models.CharField(max_length=64, default="UTC")
    params: Any = models.JSONField(default=dict)
    resumed_from = models.ForeignKey("self", models.SET_NULL, null=True, related_name="+")
    by_schedule = models.BooleanField(default=False)
    last_session_time = models.DateTimeField(null=True)  # of the schedule, as in workflows.script.variables
    next_session_time = models.DateTimeField(null=True)
    last_executed_session_time = models.DateTimeField(null=True)
    created_by = models.ForeignKey(USER, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    state = models.CharField(max_length=7, choices=AttemptState.choices, default=AttemptState.RUNNING)
    kill_requested = models.BooleanField(default=False)
    finished_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True, default="")

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["session", "number"], name="one_attempt_of_a_number"),
            models.UniqueConstraint(fields=["session", "retry_attempt_name"], name="one_attempt_of_a_retry_name"),
            models.CheckConstraint(
                name="attempt_finished_iff_ended",
                condition=Q(state="running", finished_at=None) | (~Q(state="running") & Q(finished_at__isnull=False)),
            ),
        ]
        indexes = [
            models.Index(fields=["created_at"], condition=Q(state="running"), name="attempts_that_run"),
            models.Index(fields=["state", "-id"], name="attempts_by_state"),
            models.Index(fields=["finished_at"], name="attempts_by_their_end"),
            models.Index(fields=["workflow", "-id"], name="attempts_of_workflow"),
            models.Index(fields=["workflow", "state", "-id"], name="attempts_of_workflow_by_state"),
        ]

    def __str__(self) -> str:
        return f"Attempt {self.pk}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """An attempt is of its session's workflow: the column is here for the lists alone, and nobody else fills it."""
        if self.workflow_id is None:
            self.workflow_id = self.session.workflow_id
        super().save(*args, **kwargs)

    @property
    def finished(self) -> bool:
        return self.state != AttemptState.RUNNING


class TaskState(models.TextChoices):
    """Where a task stands. People see `label`."""

    BLOCKED = "blocked", "Waiting for its turn"  # tasks before it have not ended
    READY = "ready", "Ready"  # a worker may take it
    RUNNING = "running", "Running"  # a worker has it
    WAITING = "waiting", "Waiting"  # for a time, a job or an attempt; no worker has it
    PLANNED = "planned", "Running its tasks"
    RETRY = "retry", "Waiting to retry"
    SUCCESS = "success", "Success"
    ERROR = "error", "Error"
    CANCELED = "canceled", "Not run"


class Task(models.Model):
    """A step of an attempt.

    What it is to do stands in its attempt's revision: at `path` in the workflow of `file`, see workflows.definitions.
    The children of a task that was repeated stay: those of `round` other than its `rounds` are of earlier tries.
    """

    attempt = models.ForeignKey(Attempt, models.CASCADE, related_name="tasks")
    parent = models.ForeignKey("self", models.CASCADE, null=True, related_name="children")
    position = models.PositiveIntegerField()  # among the children of its parent and round, from 0
    round = models.PositiveIntegerField(default=0)
    upstream = models.ForeignKey("self", models.SET_NULL, null=True, related_name="+")  # the sibling it waits for
    name = models.CharField(max_length=255)  # "+load", "^sub", "^error", "^check", "+loop-3"
    full_name = models.TextField()
    file = models.CharField(max_length=500)
    path: Any = models.JSONField(default=list)
    op = models.CharField(max_length=40, blank=True, default="")  # without ">"; "" for a group
    export: Any = models.JSONField(default=dict)  # variables that its parent made for it, such as those of a loop

    state = models.CharField(max_length=8, choices=TaskState.choices, default=TaskState.BLOCKED)
    rounds = models.PositiveIntegerField(default=0)  # how often it was repeated
    memory: Any = models.JSONField(default=dict)  # what its operator keeps between two steps
    stored: Any = models.JSONField(default=dict)  # what it leaves for the tasks after it
    reset: Any = models.JSONField(default=list)  # of these, what is removed first: [["td", "last_results"]]
    params: Any = models.JSONField(default=dict)  # its own values as they were computed, secrets and texts masked
    error = models.TextField(blank=True, default="")
    advice = models.TextField(blank=True, default="")
    copied = models.BooleanField(default=False)  # it ended well in the attempt that this one resumes
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    # what it waits for
    next_run_at = models.DateTimeField(null=True)
    job = models.ForeignKey(Job, models.SET_NULL, null=True, related_name="+")
    awaited = models.ForeignKey(Attempt, models.SET_NULL, null=True, related_name="+")

    # who has it
    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    lease_owner = models.CharField(max_length=200, blank=True, default="")
    takeovers = models.PositiveIntegerField(default=0)
    hinted_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["parent", "round", "position"], name="one_task_of_a_position"),
        ]
        indexes = [
            models.Index(fields=["state"], condition=Q(state__in=["ready", "running"]), name="tasks_for_workers"),
            models.Index(fields=["next_run_at"], condition=Q(state__in=["waiting", "retry"]), name="tasks_that_wait"),
        ]

    def __str__(self) -> str:
        return f"{self.full_name} of attempt {self.attempt_id}"


class TaskJob(models.Model):
    """A job that a task made. `file`: the path in the project under which tasks after it find the job's result."""

    task = models.ForeignKey(Task, models.CASCADE, related_name="jobs")
    job = models.OneToOneField(Job, models.CASCADE, related_name="made_by_task")
    file = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"Job {self.job_id} of {self.task}"


class TaskLog(models.Model):
    """A line of a task's log. Holds no secret and no personal data."""

    class Level(models.TextChoices):
        INFO = "INFO", "INFO"
        WARN = "WARN", "WARN"
        ERROR = "ERROR", "ERROR"

    task = models.ForeignKey(Task, models.CASCADE, related_name="log")
    at = models.DateTimeField(auto_now_add=True)
    level = models.CharField(max_length=5, choices=Level.choices, default=Level.INFO)
    text = models.TextField()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.text
