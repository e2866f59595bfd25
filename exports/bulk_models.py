"""Bulk imports: parts are sent one by one, a job makes one file of them, and a commit puts its rows into the table."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import models

from warehouse.models import Load, Table, tables_folder


class BulkImport(models.Model):
    """One bulk import. Its files lie in `folder`, beside those of the tables."""

    name = models.CharField(max_length=255, unique=True)
    table = models.ForeignKey(Table, models.SET_NULL, null=True, related_name="+")
    table_name = models.CharField(max_length=257)  # database.table, as it was called
    mode = models.CharField(max_length=10, choices=Load.Mode.choices, default=Load.Mode.APPEND)
    frozen = models.BooleanField(default=False)
    job = models.ForeignKey("exports.Job", models.SET_NULL, null=True, related_name="bulk_imports")  # the latest
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    touched_at = models.DateTimeField(db_index=True)
    committed_at = models.DateTimeField(null=True)

    # what the job made: "" and 0 before
    prepared = models.CharField(max_length=60, blank=True, default="")  # a Parquet file
    bad = models.CharField(max_length=60, blank=True, default="")  # the records that are not in it, as msgpack.gz
    known: Any = models.JSONField(default=list)  # the columns that the table had
    columns: Any = models.JSONField(default=list)  # those of the file
    valid_records = models.BigIntegerField(default=0)
    error_records = models.BigIntegerField(default=0)
    valid_parts = models.PositiveIntegerField(default=0)
    error_parts = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def folder(self) -> Path:
        return bulk_folder() / str(self.pk)

    @property
    def shown_name(self) -> tuple[str, str]:
        """(database, table): as they are called now, or were, if the table is gone."""
        database, _, table = (str(self.table) if self.table else self.table_name).partition(".")
        return database, table


class BulkPart(models.Model):
    """One part: a msgpack.gz file. Sent again under its name, it takes the place of the first."""

    bulk_import = models.ForeignKey(BulkImport, models.CASCADE, related_name="parts")
    name = models.CharField(max_length=255)
    file = models.CharField(max_length=60)
    bytes = models.BigIntegerField()

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["bulk_import", "name"], name="one_part_of_a_name")]

    def __str__(self) -> str:
        return f"{self.name} of {self.bulk_import}"

    @property
    def path(self) -> Path:
        return self.bulk_import.folder / self.file


def bulk_folder() -> Path:
    """Where the files of all bulk imports lie: on the same disk as those of the tables."""
    return tables_folder() / "bulk"
