"""A re-check knows which part of its parent's rejects it takes; earlier ones took all there were, or fewer."""

from django.db import migrations, models


def all_were_taken(apps, schema_editor):
    jobs = apps.get_model("exports", "Job").objects
    length = jobs.filter(pk=models.OuterRef("parent")).values("rejects_bytes")
    checks = jobs.filter(rows_from="rejects", parent__isnull=False)
    checks.update(rejects_until=models.Subquery(length))


class Migration(migrations.Migration):
    dependencies = [("exports", "0006_schedules")]
    operations = [
        migrations.AddField("job", "rejects_from", models.BigIntegerField(default=0)),
        migrations.AddField("job", "rejects_until", models.BigIntegerField(default=0)),
        migrations.AlterField(
            "job",
            "rows_from",
            models.CharField(
                choices=[
                    ("query", "Query"),
                    ("rejects", "Rows that the parent job did not get through"),
                    ("result", "Rows that the parent job found valid"),
                ],
                default="query",
                max_length=10,
            ),
        ),
        migrations.RunPython(all_were_taken, migrations.RunPython.noop),
    ]
