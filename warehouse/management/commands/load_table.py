"""`manage.py load_table DATABASE TABLE FILE…`: load files into a table, all of them or nothing."""

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from warehouse import tables
from warehouse.engines.loader import FORMATS
from warehouse.loading import NotLoaded, Source, format_of
from warehouse.models import Database, Table, valid_name


def column_type(text: str) -> tuple[str, str]:
    name, equals, kind = text.partition("=")
    if not (name and equals and kind):
        raise ArgumentTypeError(f"{text} is not COLUMN=TYPE")
    return name.strip().lower(), kind.strip().upper()


class Command(BaseCommand):
    help = "Load CSV, TSV, JSON Lines or Parquet files, also gzipped, into a table. What does not exist yet is created."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("database")
        parser.add_argument("table")
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--replace", action="store_true", help="replace the table's rows and columns")
        parser.add_argument("--format", choices=FORMATS, help="the files' format, if their names do not tell")
        parser.add_argument(
            "--type", action="append", default=[], type=column_type, metavar="COLUMN=TYPE", help="may be given often"
        )

        parser.add_argument(
            "--time-column",
            default="",
            metavar="NAME",
            help="the column that a new column time is filled from; without it, time is the time of the load",
        )

    def handle(self, *, database: str, table: str, files: list[Path], **options: Any) -> None:
        mode = tables.REPLACE if options["replace"] else tables.APPEND
        try:
            valid_name(table)
            sources = [_source(path, options["format"]) for path in files]
            with _database(database) as target:
                loaded = tables.load(
                    database=target,
                    table=table,
                    sources=sources,
                    types=dict(options["type"]),
                    mode=mode,
                    time_column=options["time_column"].lower(),
                )
        except (NotLoaded, ValidationError) as error:
            raise CommandError("; ".join(getattr(error, "messages", [str(error)]))) from error
        self._tell(loaded)

    def _tell(self, table: Table) -> None:
        load = table.loads.all()[0]
        verb = "replaced by" if load.mode == tables.REPLACE else "received"
        self.stdout.write(f"{table} {verb} {load.rows:,} row{'' if load.rows == 1 else 's'}:")
        for name, kind in table.columns:
            self.stdout.write(f"  {name} {kind}")


def _source(path: Path, given: str | None) -> Source:
    kind = given or format_of(path.name)
    if not kind:
        raise NotLoaded(f"The name does not tell the format; add --format {'|'.join(FORMATS)}.", source=str(path))
    if not path.is_file():
        raise NotLoaded("There is no such file.", source=str(path))
    return Source(path, kind, str(path))


@contextmanager
def _database(name: str) -> Iterator[Database]:
    """The database of this name. One that is made for the load goes again if the load fails."""
    found = Database.objects.filter(name=name).first()
    database = found or tables.create_database(name)
    try:
        yield database
    except NotLoaded:
        if not found:
            tables.delete_database(database)
        raise
