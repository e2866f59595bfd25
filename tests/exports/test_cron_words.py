"""A cron line in plain words."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exports.cron import CronError, parse
from exports.cron_words import in_words
from tests.exports.test_cron import LINES


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("* * * * *", "Every minute"),
        ("*/15 * * * *", "Every 15 minutes"),
        ("*/25 * * * *", "Every hour at :00, :25 and :50"),
        ("0,30 * * * *", "Every hour at :00 and :30"),
        ("5-10 * * * *", "Every hour at :05 to :10"),
        ("@hourly", "Every hour at :00"),
        ("@daily", "Every day at 00:00"),
        ("15 9 * * *", "Every day at 09:15"),
        ("0 0,12 * * *", "Every day at 00:00 and 12:00"),
        ("0 */6 * * *", "Every day at 00:00, 06:00, 12:00 and 18:00"),
        ("*/5 9 * * *", "Every 5 minutes, 09:00 to 09:55"),
        ("* 9 * * *", "Every minute, 09:00 to 09:59"),
        ("1-20 9 * * *", "Every minute, 09:01 to 09:20"),
        ("* 1,5,13 * * *", "Every minute in the hours 01, 05 and 13"),
        ("5,40 0-2,22 * * fri", "Every Friday at :05 and :40 in the hours 00 to 02 and 22"),
        ("30 */2 1 * *", "On the 1st of every month, every 2 hours at :30, 00:30 to 22:30"),
        ("0 0 1,11,21 * *", "On the 1st, 11th and 21st of every month at 00:00"),
        ("0 0 1-10,22,23 * *", "On the 1st to 10th, 22nd and 23rd of every month at 00:00"),
        ("0 0 31 * *", "On the 31st of every month that has one at 00:00"),
        ("0 0 30 2-4 *", "On the 30th of March and April at 00:00"),
        ("0 0 29 2 *", "On the 29th of February at 00:00"),
        ("0 0 1 * 1", "Every Monday at 00:00"),
        ("0 0 */1 * 1", "Every day at 00:00"),
        ("0 0 * * sat,sun", "Every Saturday and Sunday at 00:00"),
        ("0 0 * * mon-thu", "Every day from Monday to Thursday at 00:00"),
        ("15 9 * nov mon-fri", "Every weekday (Monday to Friday) in November at 09:15"),
        ("30 9-17 * * mon-fri", "Every weekday (Monday to Friday), every hour at :30, 09:30 to 17:30"),
        ("*/15 9-17 * 1-3,7 *", "Every day in January to March and July, every 15 minutes, 09:00 to 17:45"),
    ],
)
def test_a_line_is_told_in_words(line, words):
    assert in_words(parse(line)) == words


@given(lines=st.lists(LINES, min_size=2, max_size=40))
@settings(max_examples=25, deadline=None)
def test_lines_with_the_same_words_run_at_the_same_times(lines):
    told = {}
    for line in lines:
        try:
            cron = parse(line)
        except CronError:
            continue
        meant = (cron.times, cron.days, cron.weekdays)
        assert told.setdefault(in_words(cron), meant) == meant
