"""Reasons are counted from the rejects file, now and then; those of earlier jobs are counted already."""

from django.db import migrations, models


def all_is_counted(apps, schema_editor):
    apps.get_model("exports", "Job").objects.filter(rejects_bytes__gt=0).update(tallied_bytes=models.F("rejects_bytes"))


class Migration(migrations.Migration):
    dependencies = [("exports", "0003_modes")]
    operations = [
        migrations.AddField("job", "tallied_bytes", models.BigIntegerField(default=0)),
        migrations.RunPython(all_is_counted, migrations.RunPython.noop),
    ]
