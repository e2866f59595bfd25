"""Data Workbench: queries with their versions and export targets, and jobs with their accounting."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, Value, When

from exports.bulk_models import BulkImport, BulkPart  # noqa: F401 - Django looks for models here
from exports.notify import models as notification_models  # noqa: F401  Django looks for models here
from exports.record_models import JobLog as JobLog
from exports.record_models import JobReason as JobReason
from exports.record_models import JobRequest as JobRequest
from exports.record_models import TagLease as TagLease
from exports.schedule_models import Schedule
from exports.upkeep_models import ClusterBeat, JobTotal, Upkeep  # noqa: F401 - Django looks here
from integrations.models import Authentication
from warehouse.models import Database

USER = settings.AUTH_USER_MODEL


class EngineType(models.TextChoices):
    """How a text is read, and so where it runs."""

    TRINO = "trino", "Trino (TD-compatible)"
    DUCKDB = "duckdb", "DuckDB SQL"
    HIVE = "hive", "Hive (TD-compatible)"
    SOURCE = "source", "Source"  # as it is written, by the database behind an authentication


class Priority(models.IntegerChoices):
    """Which of the waiting jobs goes first; one that waits rises, see exports.dispatch."""

    VERY_LOW = -2, "Very low"
    LOW = -1, "Low"
    NORMAL = 0, "Normal"
    HIGH = 1, "High"
    VERY_HIGH = 2, "Very high"


MOST_RETRIES = 32
OPTIONS_IN_RANGE = Q(priority__range=(Priority.VERY_LOW, Priority.VERY_HIGH), retry_limit__range=(0, MOST_RETRIES))


class Purpose(models.TextChoices):
    """What a query is for; its label is what people call that."""

    QUERY = "query", "query"
    PARENT_SEGMENT = "parent_segment", "parent segment"  # builds its customer table
    ACTIVATION = "activation", "activation"  # sends a segment


class QueryQuerySet(models.QuerySet["Query"]):
    def saved(self) -> "QueryQuerySet":
        """What people write and save; the others belong to something else, see exports.owners."""
        return self.filter(purpose=Purpose.QUERY)


class Query(models.Model):
    """A saved query; `version` counts its saves. `source`: what runs it, if its engine is SOURCE."""

    name = models.CharField(max_length=255)
    purpose = models.CharField(max_length=14, choices=Purpose.choices, default=Purpose.QUERY)
    database = models.ForeignKey(Database, models.PROTECT, related_name="queries")
    engine = models.CharField(max_length=10, choices=EngineType.choices, default=EngineType.TRINO)
    source = models.ForeignKey(Authentication, models.PROTECT, null=True, related_name="source_queries")
    sql = models.TextField("SQL")
    time_zone = models.CharField(max_length=64, default="UTC")
    priority = models.SmallIntegerField(choices=Priority.choices, default=Priority.NORMAL)
    retry_limit = models.PositiveSmallIntegerField(default=0)  # as in Job
    issued_as = models.CharField(max_length=20, blank=True, default="")  # what the API called its engine, if it set it
    idle_schedule: Any = models.JSONField(default=dict)  # what one begins with, while it has none
    into: Any = models.JSONField(default=dict)  # the table that takes the result, as in exports.table_targets; or empty
    version = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey(USER, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_by = models.ForeignKey(USER, models.SET_NULL, null=True, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)

    objects = QueryQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "queries"
        constraints = [
            models.UniqueConstraint(fields=["name"], condition=Q(purpose="query"), name="one_query_of_a_name"),
            models.CheckConstraint(
                name="query_source_iff_engine",
                condition=Q(engine="source", source__isnull=False) | (~Q(engine="source") & Q(source=None)),
            ),
            models.CheckConstraint(name="query_options_in_range", condition=OPTIONS_IN_RANGE),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def what(self) -> str:
        """ "query", or what it belongs to: "activation", "parent segment"."""
        return str(Purpose(self.purpose).label)


class QueryVersion(models.Model):
    """What a query was at one save: kept for ever, can be restored."""

    query = models.ForeignKey(Query, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=255)
    database_name = models.CharField(max_length=128)
    engine = models.CharField(max_length=10, choices=EngineType.choices, default=EngineType.TRINO)
    source = models.ForeignKey(Authentication, models.SET_NULL, null=True, related_name="+")
    source_name = models.CharField(max_length=255, blank=True, default="")
    sql = models.TextField()
    time_zone = models.CharField(max_length=64)
    priority = models.SmallIntegerField(choices=Priority.choices, default=Priority.NORMAL)
    retry_limit = models.PositiveSmallIntegerField(default=0)
    target: Any = models.JSONField(default=dict)  # as in exports.targets; empty: no export
    into: Any = models.JSONField(default=dict)  # as in Query
    schedule: Any = models.JSONField(default=dict)  # the columns of exports.timing.Timing; empty: none
    saved_by = models.ForeignKey(USER, models.SET_NULL, null=True, related_name="+")
    saved_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["query", "number"], name="one_version_of_a_number")]

    def __str__(self) -> str:
        return f"{self.name}, version {self.number}"


class ExportTarget(models.Model):
    """Where a query's result goes: the authentication, the column mapping, and the export settings."""

    query = models.OneToOneField(Query, models.CASCADE, related_name="export_target")
    authentication = models.ForeignKey(Authentication, models.PROTECT, related_name="export_targets")
    # {field: {"column": name} | {"constant": value}}; empty: each field takes the column of its name
    mapping: Any = models.JSONField(default=dict)
    settings: Any = models.JSONField(default=dict)  # the connector's settings of the stage "export"
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.query.name} to {self.authentication.name}"


class JobState(models.TextChoices):
    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    RETRY_WAIT = "retry_wait", "Waiting to retry"
    SUCCESS = "success", "Success"
    ERROR = "error", "Error"
    KILLED = "killed", "Killed"


class Mode(models.TextChoices):
    """What a job with a destination does with its rows."""

    SEND = "send", "Send"
    VALIDATE = "validate", "Validate only"  # checks every row; nothing leaves this server
    TEST = "test", "Send as test"  # every event is marked as a test: it is shown, but not counted


class RowsFrom(models.TextChoices):
    """Where a job takes its rows from."""

    QUERY = "query", "Query"
    REJECTS = "rejects", "Rows that the parent job did not get through"
    RESULT = "result", "Rows that the parent job found valid"
    KEPT = "kept", "All rows that the parent job kept"
    PARTS = "parts", "Parts of a bulk import"  # none are sent: they become a table's


class ErrorKind(models.TextChoices):
    """What has to happen before a job that ended in error can succeed."""

    CONFIGURATION = "configuration", "Configuration"  # someone corrects the query, mapping, settings or rights
    DATA = "data", "Data"  # rows are corrected
    LIMIT = "limit", "Limit"  # the query becomes smaller, or its limit higher
    TRANSIENT = "transient", "Transient"  # time passes
    FAULT = "fault", "Fault"  # of the console


class Phase(models.TextChoices):
    QUERYING = "querying", "Querying"
    CHECKING = "checking", "Checking"
    EXPORTING = "exporting", "Exporting"


WAITING = (JobState.QUEUED, JobState.RETRY_WAIT)
ACTIVE = (*WAITING, JobState.RUNNING)
FINISHED = (JobState.SUCCESS, JobState.ERROR, JobState.KILLED)


class Outcome(models.TextChoices):
    """Where a job stands, as people look for it; the database computes it from the state and the counts."""

    ACTIVE = "active", "Running"
    SUCCESS = "success", "Success"
    REJECTS = "rejects", "Success with rejects"
    ERROR = "error", "Error"
    KILLED = "killed", "Killed"


_OUTCOME = Case(
    When(Q(state="success") & (Q(invalid__gt=0) | Q(refused__gt=0)), then=Value("rejects")),
    When(state__in=["success", "error", "killed"], then=F("state")),
    default=Value("active"),
)


class JobQuerySet(models.QuerySet["Job"]):
    def active(self) -> "JobQuerySet":
        return self.filter(state__in=ACTIVE)


class Job(models.Model):
    """One run that users see: a query, and the export of its result if there is a target.

    Everything that decides what is sent is frozen here when the job is made; of the authentication only its id is.
    `position` is the first row of the kept result whose end is not on record yet. The row counts always add up:
    rows = invalid + accepted + refused + unknown + not_attempted.
    """

    # what runs
    query = models.ForeignKey(Query, models.SET_NULL, null=True, related_name="jobs")
    query_version = models.PositiveIntegerField(null=True)
    name = models.CharField(max_length=255)
    database_name = models.CharField(max_length=128)
    engine = models.CharField(max_length=10, choices=EngineType.choices, default=EngineType.TRINO)
    source = models.ForeignKey(Authentication, models.SET_NULL, null=True, related_name="source_jobs")
    source_name = models.CharField(max_length=255, blank=True, default="")
    sql = models.TextField()
    time_zone = models.CharField(max_length=64, default="UTC")
    authentication = models.ForeignKey(Authentication, models.SET_NULL, null=True, related_name="jobs")
    destination = models.CharField(max_length=255, blank=True, default="")
    connector_key = models.CharField(max_length=40, blank=True, default="")
    mapping: Any = models.JSONField(default=dict)  # as in ExportTarget, until its worker knows the columns
    settings: Any = models.JSONField(default=dict)
    into: Any = models.JSONField(default=dict)  # as in Query
    mode = models.CharField(max_length=10, choices=Mode.choices, default=Mode.SEND)
    parent = models.ForeignKey("self", models.SET_NULL, null=True, related_name="children")
    rows_from = models.CharField(max_length=10, choices=RowsFrom.choices, default=RowsFrom.QUERY)
    rejects_from = models.BigIntegerField(default=0)  # bytes of the parent's rejects file, half-open:
    rejects_until = models.BigIntegerField(default=0)  # the part whose rows a job of RowsFrom.REJECTS takes
    again_of = models.ForeignKey("self", models.SET_NULL, null=True, related_name="repeats")
    created_by = models.ForeignKey(USER, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    schedule = models.ForeignKey(Schedule, models.SET_NULL, null=True, related_name="jobs", db_index=False)
    scheduled_for = models.DateTimeField(null=True)
    priority = models.SmallIntegerField(choices=Priority.choices, default=Priority.NORMAL)
    retry_limit = models.PositiveSmallIntegerField(default=0)  # how often its query may be repeated
    domain_key = models.CharField(max_length=255, null=True, unique=True)  # whoever starts it twice gets it once
    issued_as = models.CharField(max_length=20, blank=True, default="")  # its type, as the API was given it

    # where it stands
    state = models.CharField(max_length=12, choices=JobState.choices, default=JobState.QUEUED)
    phase = models.CharField(max_length=12, choices=Phase.choices, blank=True, default="")
    progress = models.FloatField(null=True)  # of the query, percent
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True, default="")
    advice = models.TextField(blank=True, default="")
    error_line = models.PositiveIntegerField(null=True)
    error_kind = models.CharField(max_length=14, choices=ErrorKind.choices, blank=True, default="")

    # who has it
    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    lease_owner = models.CharField(max_length=200, blank=True, default="")
    takeovers = models.PositiveIntegerField(default=0)
    kill_requested = models.BooleanField(default=False)
    next_attempt_at = models.DateTimeField()
    hinted_at = models.DateTimeField(null=True)
    tries = models.PositiveIntegerField(default=0)  # used up at the request that stands at `position`
    throttled_since = models.DateTimeField(null=True)  # answered nothing but 429 since then
    division: Any = models.JSONField(default=dict)  # of the request that is being taken apart, see exports.division

    query_tries = models.PositiveSmallIntegerField(default=0)  # repeats of its query

    # what its statements wrote, and the kept result of the last one
    statements = models.PositiveSmallIntegerField(default=0)  # done: their tables are written
    result_path = models.CharField(max_length=255, blank=True, default="")  # below DATA_DIR/jobs
    columns: Any = models.JSONField(default=list)  # [[name, type], …]
    ordered = models.BooleanField(default=False)  # by its query: nobody sorts its rows
    query_seconds = models.FloatField(null=True)
    result_rows = models.BigIntegerField(null=True)
    result_bytes = models.BigIntegerField(default=0)
    packed_bytes = models.BigIntegerField(null=True)  # of the result as msgpack.gz, see exports.packed
    unpacked_bytes = models.BigIntegerField(null=True)  # the same as msgpack
    into_rows = models.BigIntegerField(null=True)  # of the result, written into its table; None: not yet
    rejects_bytes = models.BigIntegerField(default=0)  # committed length of the rejects file
    tallied_bytes = models.BigIntegerField(default=0)  # of it, what is counted in the job's reasons

    # accounting of an export; all 0 for a query without one
    position = models.BigIntegerField(default=0)
    rows = models.BigIntegerField(default=0)
    invalid = models.BigIntegerField(default=0)
    accepted = models.BigIntegerField(default=0)
    refused = models.BigIntegerField(default=0)
    unknown = models.BigIntegerField(default=0)
    not_attempted = models.BigIntegerField(default=0)
    counted: Any = models.JSONField(default=dict)  # of the row counts, what is in exports.totals
    notes: Any = models.JSONField(default=dict)  # warnings and readiness, counted over the rows; see exports.notes
    outcome = models.GeneratedField(  # one of Outcome
        expression=_OUTCOME, output_field=models.CharField(max_length=12), db_persist=True
    )

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["state", "-id"], name="job_by_state"),
            models.Index(fields=["query", "-id"], name="job_by_query"),
            models.Index(fields=["authentication", "-id"], name="job_by_destination"),
            models.Index(fields=["schedule", "state", "id"], name="job_by_schedule"),
            models.Index(fields=["created_at"], name="job_by_time"),
            models.Index(fields=["outcome", "-id"], name="job_by_outcome"),
            models.Index(fields=["name", "outcome", "-id"], name="job_by_name"),
            models.Index(fields=["query", "outcome", "-id"], name="job_by_query_outcome"),
            models.Index(fields=["authentication", "outcome", "-id"], name="job_by_dest_outcome"),
            models.Index(fields=["finished_at"], name="job_by_end"),
            models.Index(fields=["next_attempt_at"], condition=Q(state__in=WAITING), name="job_waiting"),
            models.Index(fields=["lease_until"], condition=Q(state="running"), name="job_running"),
        ]
        constraints = [
            models.CheckConstraint(
                name="running_iff_lease",
                condition=Q(state="running", lease_token__isnull=False, lease_until__isnull=False)
                | (~Q(state="running") & Q(lease_token__isnull=True)),
            ),
            models.CheckConstraint(name="job_options_in_range", condition=OPTIONS_IN_RANGE),
            models.CheckConstraint(
                name="every_row_accounted_for",
                condition=Q(
                    rows=F("invalid") + F("accepted") + F("refused") + F("unknown") + F("not_attempted"),
                    not_attempted__gte=0,
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"Job {self.pk}"

    @property
    def exports(self) -> bool:
        """Whether the result goes to a destination."""
        return bool(self.connector_key)

    @property
    def finished(self) -> bool:
        return self.state in FINISHED

    @property
    def unknown_ahead(self) -> int:
        """Unknown rows from the position on: Resume sends them once more. The others left the time window."""
        return min(self.unknown, self.rows - self.position - self.not_attempted)

    @property
    def unknown_for_ever(self) -> int:
        return self.unknown - self.unknown_ahead

    @property
    def folder(self) -> Path:
        """Where the job keeps its result and rejects; holds personal data, mode 0700."""
        return Path(settings.DATA_DIR) / "jobs" / str(self.pk)
