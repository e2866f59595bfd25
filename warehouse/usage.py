"""What uses tables and databases. The apps above know, and are not known here: each registers a finder at its start."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Protocol

from warehouse.models import Database, Table

SHOWN = 3


@dataclass(frozen=True)
class Use:
    """One user of a table or database: "query" "daily_purchases", and the address of its page, or ""."""

    kind: str
    name: str
    url: str


class Finder(Protocol):
    """What one app knows."""

    def readers_of(self, database: str, tables: Collection[str]) -> Iterable[Use]:
        """What reads one of these tables and stays when it is gone."""

    def namers_of(self, database: str) -> Iterable[Use]:
        """What would look in vain for a database of this name: it writes the name out, or runs right now."""

    def members_of(self, database: Database) -> Iterable[Use]:
        """What belongs to a database, whatever its name."""


class InUse(Exception):
    """Something else needs what was to be changed. The message says what; `uses` are its users, as far as they show."""

    def __init__(self, message: str, uses: Iterable[Use] = ()) -> None:
        super().__init__(message)
        self.uses = tuple(uses)


_finders: list[Finder] = []


def register(finder: Finder) -> None:
    """Ask this one too from now on."""
    if finder not in _finders:
        _finders.append(finder)


def of_tables(database: Database, tables: Iterable[Table]) -> list[Use]:
    """Everything that reads one of these tables of a database."""
    names = {table.name for table in tables}
    return _sorted(use for finder in _finders for use in finder.readers_of(database.name, names)) if names else []


def of_name(database: Database) -> list[Use]:
    """Everything that needs the database to keep its name."""
    return _sorted(use for finder in _finders for use in finder.namers_of(database.name))


def of_database(database: Database) -> list[Use]:
    """Everything that needs the database."""
    members = [use for finder in _finders for use in finder.members_of(database)]
    return _sorted([*members, *of_name(database)])


def refuse(what: str, uses: Iterable[Use]) -> None:
    """Raise InUse if there are any. `what` begins the sentence: "shop.orders cannot be deleted"."""
    found = tuple(uses)
    if found:
        raise InUse(f"{what}: {in_words(found)}.", found)


def in_words(uses: Collection[Use]) -> str:
    """Such as `query “daily” and query “hourly” use it`."""
    shown = [f"{use.kind} “{use.name}”" for use in list(uses)[:SHOWN]]
    if len(uses) > SHOWN:
        shown.append(f"{len(uses) - SHOWN:,} more")
    listed = " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
    return f"{listed} {'uses' if len(uses) == 1 else 'use'} it"


def _sorted(uses: Iterable[Use]) -> list[Use]:
    return sorted(set(uses), key=lambda use: (use.kind, use.name))
