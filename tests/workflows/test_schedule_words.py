import pytest

from workflows.schedule_words import in_words


@pytest.mark.parametrize(
    ("definition", "words"),
    [
        ({"hourly>": "30:00"}, "Every hour at :30, UTC"),
        ({"daily>": "07:00:00"}, "Every day at 07:00, UTC"),
        ({"daily>": "31:00:00"}, "Every day, 31 h after its beginning, UTC"),
        ({"weekly>": "Mon,07:05:00"}, "Every Monday at 07:05, UTC"),
        ({"monthly>": "1,07:00:00"}, "On the 1st of every month at 07:00, UTC"),
        ({"minutes_interval>": 10}, "Every 10 minutes, UTC"),
        ({"cron>": "1 * * * *"}, "Every hour at :01, UTC"),
        ({"cron>": "0 9 * * 1-5", "delay": 90}, "Every weekday (Monday to Friday) at 09:00, 90 s later, UTC"),
        ({"cron>": "0 9 1 * 1"}, "By cron 0 9 1 * 1, UTC"),
        ({"cron>": "0 9 L * *", "start": "2026-01-01"}, "By cron 0 9 L * *, UTC, from 2026-01-01"),
        ({"weekly>": "Mon,7"}, "A schedule that cannot be read"),
    ],
    ids=lambda value: value if isinstance(value, str) else next(iter(value.values())),
)
def test_a_schedule_is_told_in_words(definition, words):
    assert in_words(definition, "UTC") == words


def test_a_time_zone_is_named():
    assert in_words({"daily>": "07:00:00"}, "Asia/Tokyo") == "Every day at 07:00, Asia/Tokyo time"
