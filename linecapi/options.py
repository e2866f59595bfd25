"""Options that several commands take, by the toolbelt's letters."""

import argparse
import sys
from pathlib import Path

from linecapi.declared import at_least, option
from linecapi.problems import Exit, Problem

PRIORITIES = {"very-low": -2, "low": -1, "normal": 0, "high": 1, "very-high": 2}
MOST_RETRIES = 32


def priority(text: str) -> int:
    """A type of an option: a word, or -2 to 2."""
    word = text.lower().replace("_", "-").replace(" ", "-")
    word = "normal" if word == "norm" else word
    if word in PRIORITIES:
        return PRIORITIES[word]
    if text in map(str, PRIORITIES.values()):
        return int(text)
    raise argparse.ArgumentTypeError(f"must be {', '.join(PRIORITIES)}, or -2 to 2, not {text}")


DATABASE = option("-d", "--database", metavar="DB", required=True, help="the database whose tables the query names")
SQL = option("sql", nargs="?", metavar="SQL", help="the query; - reads it from standard input")
SQL_FILE = option("-q", "--query", metavar="FILE", help="read the query from this file")
TYPE = option("-T", "--type", default="hive", metavar="TYPE", help="how it is read: hive (default), presto, trino")
PRIORITY = option("-P", "--priority", type=priority, help="very-low, low, normal, high, very-high, or -2 to 2")
RETRY = option("-R", "--retry", type=at_least(0, MOST_RETRIES), metavar="N", help="repeat a failed one so often")
RESULT = option(
    "-r",
    "--result",
    metavar="JSON|NAME|@FILE",
    help="where the rows go: JSON, an authentication's name, or a file with either (no history keeps that)",
)


def sql_of(args: argparse.Namespace) -> str | None:
    """The query, from where the options say; None where they say nothing. Raises Problem."""
    if args.sql is not None and args.query is not None:
        raise Problem("Give the query as text or with -q, not both.", Exit.USAGE)
    text: str | None = args.sql if args.query is None else _file(args.query)
    if args.query is None and text == "-":
        text = sys.stdin.read()
    if text is not None and not text.strip():
        raise Problem("The query is empty.", Exit.USAGE)
    return text


def needed_sql(args: argparse.Namespace) -> str:
    text = sql_of(args)
    if text is None:
        raise Problem("Give a query: as text, with -q FILE, or - for standard input.", Exit.USAGE)
    return text


def result_of(args: argparse.Namespace) -> str | None:
    """What `-r` says."""
    return file_or_text(args.result)


def file_or_text(given: str | None) -> str | None:
    """What stands in the file of `@FILE`, or the text itself."""
    return _file(given[1:]).strip() if given and given.startswith("@") else given


def _file(name: str) -> str:
    try:
        return Path(name).read_text("utf-8")
    except (OSError, ValueError) as error:
        raise Problem(f"{name} cannot be read: {reason(error)}", Exit.USAGE) from error


def reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
