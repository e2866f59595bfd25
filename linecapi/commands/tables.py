from typing import Any

from linecapi import importing, printing
from linecapi.declared import Call, command, one_of, option

DATABASE = option("database", metavar="DB")
TABLE = option("table", metavar="TABLE")
FORCE = option("-f", "--force", action="store_true", help="do not ask")


@command("db:list", "List databases", examples=("", "--json"), aliases=("dbs",))
def db_list(call: Call) -> None:
    found = list(call.td.list_databases().values())
    if call.json:
        printing.as_json(found)
    else:
        rows = [(db["name"], db.get("count"), printing.moment(db["created_at"]), db.get("permission")) for db in found]
        printing.table(("Name", "Count", "Created", "Permission"), rows)


@command("db:create", "Create a database", DATABASE, examples=("shop",))
def db_create(call: Call) -> None:
    call.td.create_database(call.args.database)
    call.tell(f"Database '{call.args.database}' is created.", database=call.args.database)


@command("db:delete", "Delete a database", DATABASE, FORCE, examples=("shop", "-f shop"))
def db_delete(call: Call) -> None:
    """It asks first where there is a terminal; elsewhere it needs -f. The tables go with the database."""
    name = call.args.database
    call.agree(f"database {name} with all its tables")
    call.td.delete_database(name)
    call.tell(f"Database '{name}' is deleted.", database=name)


@command("table:list", "List the tables of a database", DATABASE, examples=("shop", "shop --json"), aliases=("tables",))
def table_list(call: Call) -> None:
    found = list(call.td.list_tables(call.args.database).values())
    if call.json:
        printing.as_json(found)
    else:
        printing.table(("Table", "Type", "Count", "Size", "Last import", "Schema"), map(_line, found))


def _line(table: dict[str, Any]) -> tuple[object, ...]:
    imported = printing.moment(table["last_import"]) if table.get("counter_updated_at") else ""
    schema = ", ".join(":".join(column[:2]) for column in table["schema"])
    return table["name"], table["type"], f"{table['count']:,}", f"{table['estimated_storage_size']:,}", imported, schema


@command("table:create", "Create a table", DATABASE, TABLE, examples=("shop events",))
def table_create(call: Call) -> None:
    """It has no column but time; importing rows adds theirs."""
    args = call.args
    call.td.create_log_table(args.database, args.table)
    call.tell(f"Table '{args.database}.{args.table}' is created.", database=args.database, table=args.table)


@command("table:delete", "Delete a table", DATABASE, TABLE, FORCE, examples=("shop events", "-f shop events"))
def table_delete(call: Call) -> None:
    """It asks first where there is a terminal; elsewhere it needs -f."""
    args = call.args
    call.agree(f"table {args.database}.{args.table}")
    call.td.delete_table(args.database, args.table)
    call.tell(f"Table '{args.database}.{args.table}' is deleted.", database=args.database, table=args.table)


@command(
    "import",
    "Import files into a table",
    DATABASE,
    TABLE,
    option("files", nargs="+", metavar="FILE", help="CSV or TSV with a header, JSON Lines, msgpack; also with .gz"),
    option("-f", "--format", **one_of(*importing.FORMATS), help="how all files are written (default: by their names)"),
    option("-t", "--time-column", metavar="NAME", help="fill the column time from this one, in Unix seconds"),
    option("--auto-create-table", action="store_true", help="create database and table where they are missing"),
    examples=("shop events events.csv", "shop events -f csv.gz part-*", "--auto-create-table shop events a.jsonl.gz"),
    aliases=("table:import",),
)
def import_files(call: Call) -> None:
    """A row without a time gets the present one.

    A column of CSV or TSV becomes numbers only where nothing is lost by it: +81… and 007 stay text. Rows are sent in
    parts. A part whose answer is lost is sent again under the same name, so that it counts once.
    """
    args = call.args
    forms = [args.format or importing.format_of(name) for name in args.files]
    if args.auto_create_table:
        importing.create(call.td, args.database, args.table)
    rows = 0
    for name, form in zip(args.files, forms, strict=True):
        rows += importing.import_file(call.td, args.database, args.table, name, form, args.time_column)
    says = f"Imported {rows:,} rows into {args.database}.{args.table}."
    call.tell(says, database=args.database, table=args.table, rows=rows)
