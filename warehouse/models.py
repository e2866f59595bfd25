"""Databases and tables. A table is a set of immutable Parquet files listed here."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models

from warehouse.engines.base import RESERVED_DATABASES

valid_name = RegexValidator(
    r"^[a-z][a-z0-9_]{2,127}\Z", "Use 3 to 128 lower-case letters, digits and underscores, beginning with a letter."
)


def not_reserved(name: str) -> None:
    """Refuse the name of a database whose tables no query could name."""
    if name in RESERVED_DATABASES:
        raise ValidationError(f'"{name}" has a meaning of its own in SQL. Choose another name.')


def tables_folder() -> Path:
    """Where the files of all tables lie."""
    return Path(settings.DATA_DIR) / "tables"


class Database(models.Model):
    """A named set of tables."""

    name = models.CharField(
        max_length=128,
        unique=True,
        validators=[valid_name, not_reserved],
        error_messages={"unique": "A database with this name exists."},
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Table(models.Model):
    """A table: its columns, and the files that hold its rows."""

    database = models.ForeignKey(Database, models.PROTECT, related_name="tables")
    name = models.CharField(max_length=128, validators=[valid_name])
    columns: Any = models.JSONField(default=list)  # [[name, DuckDB type], …] in their order
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["database", "name"], name="one_table_of_a_name")]

    def __str__(self) -> str:
        return f"{self.database.name}.{self.name}"


class Load(models.Model):
    """One load into a table: who loaded which files, when and how. Outlives the rows it brought."""

    class Mode(models.TextChoices):
        APPEND = "append", "Append"
        REPLACE = "replace", "Replace"
        CREATE = "create", "Create"

    table = models.ForeignKey(Table, models.CASCADE, related_name="loads")
    mode = models.CharField(max_length=10, choices=Mode.choices)
    sources: Any = models.JSONField(default=list)  # the names of the files as they were given
    rows = models.BigIntegerField()
    loaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    loaded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.mode} {', '.join(self.sources)} to {self.table}"


class ImportId(models.Model):
    """The name that its sender gave an import, kept for a while: what comes again under it is not imported again."""

    table = models.ForeignKey(Table, models.CASCADE, related_name="import_ids")
    unique_id = models.CharField(max_length=255)
    at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["table", "unique_id"], name="one_import_of_an_id")]

    def __str__(self) -> str:
        return f"{self.unique_id} into {self.table}"


class TableFile(models.Model):
    """One immutable Parquet file.

    columns: what it holds, where that is not exactly what its table has now; else None.
    A retired file is no longer read by new queries and is deleted later: it may outlive its table.
    """

    table = models.ForeignKey(Table, models.SET_NULL, null=True, related_name="files")
    path = models.CharField(max_length=255, unique=True)  # below DATA_DIR/tables
    rows = models.BigIntegerField()
    bytes = models.BigIntegerField()
    columns: Any = models.JSONField(null=True)  # as in Table
    loaded_at = models.DateTimeField(auto_now_add=True)
    retired_at = models.DateTimeField(null=True, db_index=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.path

    @property
    def absolute_path(self) -> Path:
        return tables_folder() / self.path
