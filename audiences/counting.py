"""Counts and samples of a rule while someone edits it: in the query engine, within the limits of a preview.

Of one person's pages one count runs at a time: the newest wins, whichever process it runs in.
"""

import fcntl
import hashlib
import json
import secrets
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core import signing
from django.db.models import Sum
from django.utils import timezone

from accounts.models import User
from audiences import compiled
from audiences.models import ParentSegment
from audiences.schemas import CUSTOMERS
from audiences.segments import Counted
from exports import grid, preview
from exports.masking import personal_columns
from warehouse.cells import Cell
from warehouse.engines.base import Cancelled
from warehouse.models import TableFile

SAMPLE_ROWS = 20
Json = dict[str, Any]


class NotBuilt(Exception):
    """The parent segment has no customers' table yet."""


@dataclass(frozen=True)
class Asked:
    """Which page asks, and for the how manyeth time: requests overtake each other on their way. `page` "": anyone."""

    page: str = ""
    number: int = 0


ANYONE, ALONE = Asked(), None
"""Any page of theirs; or no page at all: then it ends no other count, and none ends it."""


@dataclass(frozen=True)
class Count:
    """`count` of `total` customers; `seconds`: how long it took."""

    count: int
    total: int
    seconds: float

    @property
    def percent(self) -> float:
        return 100 * self.count / self.total if self.total else 0


@dataclass(frozen=True)
class Sample:
    """`columns`: (name, SQL type) each; personal data in `rows` is masked."""

    columns: list[tuple[str, str]]
    rows: list[list[Cell]]


def count(parent: ParentSegment, sql: str, *, user: User, asked: Asked | None = ANYONE) -> Count:
    """sql: one row with the number of customers. Raises NotBuilt, Cancelled if the same person counts anew meanwhile,
    and every other EngineError."""
    total = customers(parent)
    if total is None:
        raise NotBuilt
    started = time.monotonic()
    ticket = _turn(user, "count", asked) if asked else ""
    found = preview.preview(compiled.runnable(parent, sql), user=user, ticket=ticket)
    return Count(found.table.column(0)[0].as_py(), total, time.monotonic() - started)


def sample(parent: ParentSegment, sql: str, *, user: User, asked: Asked = ANYONE) -> Sample:
    """The first SAMPLE_ROWS of what it finds. Raises as `count`."""
    if customers(parent) is None:
        raise NotBuilt
    found = preview.preview(compiled.runnable(parent, sql), user=user, ticket=_turn(user, "sample", asked))
    personal = personal_columns(found.table.column_names)
    return Sample(found.columns, grid.rows(found.table.slice(0, SAMPLE_ROWS), personal=personal, reveal=False))


def customers(parent: ParentSegment) -> int | None:
    """How many it has as it was built last; None if it never was."""
    where = {"table__database__name": parent.database_name, "table__name": CUSTOMERS, "retired_at": None}
    rows: int | None = TableFile.objects.filter(**where).aggregate(rows=Sum("rows"))["rows"]
    return rows


def seal(parent: ParentSegment, rule: Json, found: Count) -> str:
    """The count for the form: whoever saves this very rule has it counted."""
    return signing.dumps([parent.pk, _digest(rule), found.count, timezone.now().timestamp()], salt="count")


def unseal(text: str, parent: ParentSegment, rule: Json) -> Counted | None:
    """What `seal` gave, if it is about this rule."""
    try:
        pk, digest, found, at = signing.loads(text, salt="count")
    except signing.BadSignature:
        return None
    same = (pk, digest) == (parent.pk, _digest(rule))
    return Counted(found, datetime.fromtimestamp(at, UTC)) if same else None


def _digest(rule: Json) -> str:
    return hashlib.sha256(json.dumps(rule, sort_keys=True).encode()).hexdigest()


def _turn(user: User, what: str, asked: Asked) -> str:
    """A ticket of its own, after what this person runs still was asked to stop. Raises Cancelled if what the same page
    asked for later is here already."""
    path = Path(settings.DATA_DIR) / "previews" / f"{what}-of-{user.pk}"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        running = json.loads(file.read() or '{"page": "", "number": 0, "ticket": ""}')
        if asked.page and asked.page == running["page"] and asked.number < running["number"]:
            raise Cancelled("A newer one is under way.")
        if running["ticket"]:
            preview.cancel(user=user, ticket=running["ticket"])
        ticket = secrets.token_hex(16)
        file.truncate(0)
        file.write(json.dumps({**asdict(asked), "ticket": ticket}))
    return ticket
