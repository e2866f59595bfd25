"""A cron line in plain words: "On the 1st of every month, every 2 hours at :30, 00:30 to 22:30"."""

import itertools
from calendar import day_name, month_name
from collections.abc import Callable, Collection, Sequence

from exports.cron import DAYS_FIELD, HOURS_FIELD, LONGEST_MONTH, MINUTES_FIELD, MONTHS_FIELD, WEEKDAYS_FIELD, Cron

WORKDAYS = [1, 2, 3, 4, 5]
CLOCK_TIMES = 4  # so many are told one by one


def in_words(cron: Cron) -> str:
    """When the line runs, as the beginning of a sentence, without a full stop."""
    days, times = _days(cron), _times(cron)
    if days == "every day" and times.startswith("every"):
        return _sentence(times)
    return _sentence(f"{days} {times}" if times.startswith("at") else f"{days}, {times}")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


# --- days ---------------------------------------------------------------------------------------------------------


def _days(cron: Cron) -> str:
    if cron.days != DAYS_FIELD.every:
        return f"on the {_days_of_month(cron)}"
    if cron.weekdays != WEEKDAYS_FIELD.every:
        return f"{_weekdays(cron.weekdays)}{_in_months(cron.months)}"
    return f"every day{_in_months(cron.months)}"


def _days_of_month(cron: Cron) -> str:
    days = _joined(_runs(sorted(cron.days), _ordinal))
    months = [month for month in sorted(cron.months) if min(cron.days) <= LONGEST_MONTH[month]]
    if len(months) == 12:
        has_none = len(cron.days) == 1 and min(cron.days) > 28
        return f"{days} of every month{' that has one' if has_none else ''}"
    if len(cron.months) == 12:
        return f"{days} of every month that has one"
    return f"{days} of {_joined(_runs(months, _month))}"


def _ordinal(day: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th") if day not in (11, 12, 13) else "th"
    return f"{day}{ending}"


def _month(month: int) -> str:
    return month_name[month]


def _in_months(months: Collection[int]) -> str:
    return "" if set(months) == MONTHS_FIELD.every else f" in {_joined(_runs(sorted(months), _month))}"


def _weekdays(weekdays: Collection[int]) -> str:
    chosen = sorted((weekday or 7) for weekday in weekdays)  # a week that begins on Monday
    if chosen == WORKDAYS:
        return "every weekday (Monday to Friday)"
    if len(chosen) >= 3 and _in_a_row(chosen):
        return f"every day from {_weekday(chosen[0])} to {_weekday(chosen[-1])}"
    return f"every {_joined([_weekday(each) for each in chosen])}"


def _weekday(number: int) -> str:
    return day_name[number - 1]


# --- times --------------------------------------------------------------------------------------------------------


def _times(cron: Cron) -> str:
    """Begins with "at" or "every"."""
    minutes, hours = sorted(cron.minutes), sorted(cron.hours)
    if len(cron.times) <= CLOCK_TIMES:
        return f"at {_joined([_clock(at // 60, at % 60) for at in cron.times])}"
    first, last = _clock(hours[0], minutes[0]), _clock(hours[-1], minutes[-1])
    step = _step(hours)
    if set(hours) == HOURS_FIELD.every:
        return _often(minutes) or f"every hour at {_minutes(minutes)}"
    if len(hours) == 1 and _in_a_row(minutes):
        return f"every minute, {first} to {last}"
    if step == 1 or (len(hours) == 1 and _often(minutes)):
        return f"{_often(minutes) or f'every hour at {_minutes(minutes)}'}, {first} to {last}"
    if step and not _often(minutes):
        return f"every {step} hours at {_minutes(minutes)}, {first} to {last}"
    return f"{_often(minutes) or f'at {_minutes(minutes)}'} in the {_hours(hours)}"


def _clock(hour: int, minute: int) -> str:
    return f"{hour:02}:{minute:02}"


def _often(minutes: Sequence[int]) -> str:
    """For minutes that are spread evenly over the hour; "" for others."""
    if set(minutes) == MINUTES_FIELD.every:
        return "every minute"
    step = _step(minutes)
    return f"every {step} minutes" if step and minutes[0] == 0 and minutes[-1] + step == 60 else ""


def _minutes(minutes: Sequence[int]) -> str:
    return _joined(_runs(minutes, lambda minute: f":{minute:02}"))


def _hours(hours: Sequence[int]) -> str:
    return f"{'hour' if len(hours) == 1 else 'hours'} {_joined(_runs(hours, lambda hour: f'{hour:02}'))}"


# --- lists --------------------------------------------------------------------------------------------------------


def _step(values: Sequence[int]) -> int:
    """What lies between each value and the next, of three or more; 0 if it is not always the same."""
    steps = {after - before for before, after in itertools.pairwise(values)}
    return steps.pop() if len(values) >= 3 and len(steps) == 1 else 0


def _in_a_row(values: Sequence[int]) -> bool:
    return len(values) - 1 == values[-1] - values[0]


def _runs(values: Sequence[int], name: Callable[[int], str]) -> list[str]:
    """Their names; three or more in a row as "a to b"."""
    found: list[list[int]] = []
    for value in values:
        if found and found[-1][-1] == value - 1:
            found[-1].append(value)
        else:
            found.append([value])
    told = []
    for run in found:
        told += [f"{name(run[0])} to {name(run[-1])}"] if len(run) >= 3 else [name(value) for value in run]
    return told


def _joined(texts: Sequence[str]) -> str:
    """a, b and c."""
    return " and ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)
