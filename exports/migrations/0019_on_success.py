from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("exports", "0018_spans")]

    operations = [
        migrations.AddField(model_name="rule", name="on_success", field=models.BooleanField(default=False)),
        migrations.AlterField(
            model_name="message",
            name="event",
            field=models.CharField(
                choices=[
                    ("success", "Success"),
                    ("failure", "Failure"),
                    ("recovery", "First success after failure"),
                    ("rejects", "Many rejects"),
                    ("disabled", "Schedule disabled"),
                ],
                max_length=10,
            ),
        ),
    ]
