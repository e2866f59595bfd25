"""Reading the audit trail: filters, pages that stay fast however long it is, and CSV."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import django_filters
from django import forms
from django.db.models import Q, QuerySet

from accounts.models import AuditEntry, User, in_words

PAGE_SIZE = 50
CONSOLE, STRANGER = "console", "stranger"
Entries = QuerySet[AuditEntry]


def day_field() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"})


class EntryFilter(django_filters.FilterSet):  # type: ignore[misc]
    """`?user=&action=&target=&since=&until=`; the days are days of UTC, both included."""

    user = django_filters.ChoiceFilter(method="of_user", empty_label="Everyone")
    action = django_filters.ChoiceFilter(empty_label="All actions")
    target = django_filters.CharFilter(
        field_name="target_name",
        lookup_expr="icontains",
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )
    since = django_filters.DateFilter(method="from_day", label="From", widget=day_field())
    until = django_filters.DateFilter(method="to_day", label="To", widget=day_field())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.filters["user"].extra["choices"] = who()
        self.filters["action"].extra["choices"] = actions()

    def in_words(self) -> dict[str, str]:
        """The filters that are set, as people read them."""
        chosen = {name: str(value) for name, value in self.form.cleaned_data.items() if value}
        if "user" in chosen:
            chosen["user"] = dict(self.filters["user"].extra["choices"])[chosen["user"]]
        return chosen

    def of_user(self, entries: Entries, name: str, value: str) -> Entries:
        if value in (CONSOLE, STRANGER):
            return entries.filter(user=None, user_name=CONSOLE if value == CONSOLE else "")
        return entries.filter(user=int(value))

    def from_day(self, entries: Entries, name: str, day: date) -> Entries:
        return entries.filter(at__gte=midnight(day))

    def to_day(self, entries: Entries, name: str, day: date) -> Entries:
        return entries if day == date.max else entries.filter(at__lt=midnight(day + timedelta(days=1)))


def midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=UTC)


def who() -> list[tuple[str, str]]:
    people = User.objects.order_by("username").values_list("pk", "username")
    return [(str(pk), username) for pk, username in people] + [
        (CONSOLE, "The console itself"),
        (STRANGER, "Not signed in"),
    ]


def actions() -> list[tuple[str, str]]:
    """The actions that occur."""
    found = AuditEntry.objects.order_by("action").values_list("action", flat=True).distinct()
    return [(action, in_words(action)) for action in found]


@dataclass(frozen=True)
class Page:
    """Some entries, newest first; `newer` and `older` are the keys to go on from, None at the end."""

    entries: list[AuditEntry]
    newer: int | None
    older: int | None


def page(entries: Entries, *, before: str = "", after: str = "", size: int = PAGE_SIZE) -> Page:
    """The page older than the entry `before`, or newer than the entry `after`, else the newest one.

    It starts from a key, not an offset: page 2,000 costs what page 1 costs.
    """
    if edge := _entry(after):
        newer = Q(at__gt=edge.at) | Q(at=edge.at, pk__gt=edge.pk)
        rows = list(entries.filter(newer, at__gte=edge.at).order_by("at", "pk")[: size + 1])
        if len(rows) > size:
            rows = rows[size - 1 :: -1]
            return Page(rows, rows[0].pk, rows[-1].pk)
    elif edge := _entry(before):
        older = Q(at__lt=edge.at) | Q(at=edge.at, pk__lt=edge.pk)
        return _downwards(entries.filter(older, at__lte=edge.at), size, newer=True)
    return _downwards(entries, size, newer=False)


def _downwards(entries: Entries, size: int, *, newer: bool) -> Page:
    rows = list(entries.order_by("-at", "-pk")[: size + 1])
    shown = rows[:size]
    return Page(shown, shown[0].pk if newer and shown else None, shown[-1].pk if len(rows) > size else None)


def _entry(key: str) -> AuditEntry | None:
    return AuditEntry.objects.filter(pk=key).first() if key.isascii() and key.isdigit() and len(key) < 19 else None


COLUMNS = ["at", "user", "action", "target_kind", "target_id", "target_name", "details", "ip_address", "api_key"]


class Echo:
    def write(self, line: str) -> str:
        return line


def as_csv(entries: Entries) -> Iterator[str]:
    """The entries as lines of CSV, newest first, one at a time. A byte order mark comes first: Excel asks for it."""
    writer = csv.writer(Echo())
    yield "\ufeff" + writer.writerow(COLUMNS)
    for entry in entries.order_by("-at", "-pk").iterator(chunk_size=1000):
        yield writer.writerow(map(harmless, cells(entry)))


def cells(entry: AuditEntry) -> list[str]:
    details = json.dumps(entry.details, ensure_ascii=False) if entry.details else ""
    target = [entry.target_kind, entry.target_id, entry.target_name]
    return [
        entry.at.isoformat(),
        entry.user_name,
        entry.action,
        *target,
        details,
        entry.ip_address or "",
        entry.api_key,
    ]


def harmless(cell: str) -> str:
    """A spreadsheet would run a cell that starts like a formula; an apostrophe makes it text.

    https://owasp.org/www-community/attacks/CSV_Injection
    """
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")) else cell
