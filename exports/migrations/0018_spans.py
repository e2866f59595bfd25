from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("exports", "0017_query_purpose")]

    operations = [
        migrations.RemoveConstraint(model_name="schedule", name="next_run_iff_enabled"),
        migrations.AddField(model_name="schedule", name="starts_at", field=models.DateTimeField(null=True)),
        migrations.AddField(model_name="schedule", name="ends_at", field=models.DateTimeField(null=True)),
        migrations.AddConstraint(
            model_name="schedule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("enabled", True), ("next_run_at__isnull", False), ("next_slot__isnull", False)),
                    models.Q(
                        ("next_run_at", None),
                        ("next_slot", None),
                        models.Q(("enabled", False), ("ends_at__isnull", False), _connector="OR"),
                    ),
                    _connector="OR",
                ),
                name="next_run_unless_disabled_or_ended",
            ),
        ),
    ]
