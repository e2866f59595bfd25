"""Queries and jobs say how their text is read. What was there before is DuckDB's own SQL."""

import django.db.models.deletion
from django.db import migrations, models

CHOICES = [
    ("trino", "Trino (TD-compatible)"),
    ("duckdb", "DuckDB SQL"),
    ("hive", "Hive (TD-compatible)"),
    ("source", "Source"),
]


def engine(default):
    return models.CharField(choices=CHOICES, default=default, max_length=10)


def source(on_delete, related_name):
    return models.ForeignKey(
        null=True, on_delete=on_delete, related_name=related_name, to="integrations.authentication"
    )


SOURCE_NAME = models.CharField(blank=True, default="", max_length=255)


class Migration(migrations.Migration):
    dependencies = [("exports", "0001_initial"), ("integrations", "0001_initial")]
    operations = [
        *(migrations.AddField(model, "engine", engine("duckdb")) for model in ("query", "queryversion", "job")),
        *(migrations.AlterField(model, "engine", engine("trino")) for model in ("query", "queryversion", "job")),
        migrations.AddField("query", "source", source(django.db.models.deletion.PROTECT, "source_queries")),
        migrations.AddField("queryversion", "source", source(django.db.models.deletion.SET_NULL, "+")),
        migrations.AddField("job", "source", source(django.db.models.deletion.SET_NULL, "source_jobs")),
        migrations.AddField("queryversion", "source_name", SOURCE_NAME),
        migrations.AddField("job", "source_name", SOURCE_NAME),
        migrations.AddField("job", "statements", models.PositiveSmallIntegerField(default=0)),
        migrations.AddConstraint(
            "query",
            models.CheckConstraint(
                condition=models.Q(("engine", "source"), ("source__isnull", False))
                | models.Q(~models.Q(("engine", "source")), ("source", None)),
                name="query_source_iff_engine",
            ),
        ),
    ]
