"""`linecapi COMMAND …`: finds the command, runs it, and turns what goes wrong into one line and an exit code."""

import argparse
import difflib
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from importlib import metadata
from typing import Any, NoReturn

from tdclient.errors import APIError
from urllib3.exceptions import HTTPError

from linecapi import commands  # noqa: F401 - declares the commands
from linecapi.declared import COMMANDS, Call, Command, Option, option
from linecapi.problems import Exit, Problem

GLOBAL = (
    option("-k", "--apikey", metavar="KEY", default=argparse.SUPPRESS, help="the API key (better: TD_API_KEY)"),
    option("-e", "--endpoint", metavar="URL", default=argparse.SUPPRESS, help="the server (or TD_API_SERVER)"),
    option("--json", action="store_true", default=argparse.SUPPRESS, help="print JSON, for programs"),
)
Sleep = Callable[[float], None]
USAGE = "linecapi [-k KEY] [-e URL] [--json] COMMAND [OPTION…]"
HELP: dict[str, Any] = {"formatter_class": argparse.RawDescriptionHelpFormatter, "allow_abbrev": False}
ENDING = """\
key and endpoint:  -k and -e, else TD_API_KEY and TD_API_SERVER, else ~/.td/td.conf
exit codes:        0 success, 1 error, 2 usage, 3 job ended in error, 4 job killed, 5 not found, 6 no access, 130 Ctrl-C
help:              linecapi COMMAND --help shows its options with examples
"""


class Parser(argparse.ArgumentParser):
    """Says in one line what is wrong, and where help is."""

    def error(self, message: str) -> NoReturn:
        raise Problem(f"{message}. See {self.prog} --help.", Exit.USAGE)


def main(argv: Sequence[str] | None = None, sleep: Sleep = time.sleep) -> int:
    """→ the exit code."""
    try:
        code = run(sys.argv[1:] if argv is None else argv, sleep)
        sys.stdout.flush()
    except Problem as problem:
        return _failed(str(problem), problem.exit_code)
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains at its end
        return Exit.NOBODY_READS
    except APIError:
        return _failed("the server answers, but not as the API does. Check the endpoint.", Exit.ERROR)
    except HTTPError:
        return _failed("the connection broke before the answer was whole. Try again.", Exit.ERROR)
    except Exception as error:
        if os.environ.get("LINECAPI_DEBUG"):
            raise
        says = f"unforeseen {type(error).__name__}: {error}. LINECAPI_DEBUG=1 shows where."
        return _failed(" ".join(says.split()), Exit.ERROR)
    return code


def _failed(says: str, code: Exit) -> int:
    print(f"linecapi: {says}", file=sys.stderr)
    return code


def run(argv: Sequence[str], sleep: Sleep) -> int:
    """Raises what main() explains."""
    outer = _outer()
    given = outer.parse_args(argv)
    words = [given.command, *given.rest]
    if given.version:
        print(f"linecapi {_version()}")
    elif given.command in (None, "help") and len(words) < 2:
        print(outer.format_help())
    elif given.command == "help":
        _parser(_named(given.rest[0])).print_help()
    else:
        return _called(_named(given.command), given, sleep)
    return Exit.SUCCESS


def _called(command: Command, given: argparse.Namespace, sleep: Sleep) -> int:
    """Options may stand before the command's name and after it."""
    before = argparse.Namespace(**{"json": False, **vars(given)})
    args = _parser(command).parse_intermixed_args(given.rest, before)
    return command.run(Call(args, sleep)) or Exit.SUCCESS


def _outer() -> Parser:
    parser = Parser("linecapi", usage=USAGE, epilog=_overview(), **HELP)
    _add(parser, GLOBAL)
    parser.add_argument("--version", action="store_true", help="print the version")
    parser.add_argument("command", nargs="?", help=argparse.SUPPRESS)
    parser.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    return parser


def _parser(command: Command) -> Parser:
    called = f"linecapi {command.name}"
    examples = "".join(f"  {called} {example}".rstrip() + "\n" for example in command.examples)
    also = f"\nalso called: {', '.join(command.aliases)}\n" if command.aliases else ""
    parser = Parser(called, description=command.description, epilog=f"examples:\n{examples}{also}", **HELP)
    _add(parser, command.options)
    _add(parser.add_argument_group("for each command"), GLOBAL)
    return parser


def _add(parser: argparse._ActionsContainer, options: Iterable[Option]) -> None:
    for names, how in options:
        parser.add_argument(*names, **how)


def _named(name: str) -> Command:
    """Raises Problem, with the name that may be meant."""
    names = {name: command for command in COMMANDS for name in (command.name, *command.aliases)}
    if name not in names:
        near = difflib.get_close_matches(name, names, 1)
        meant = f" Do you mean {near[0]}?" if near else ""
        raise Problem(f"there is no command {name}.{meant} See linecapi --help.", Exit.USAGE)
    return names[name]


def _overview() -> str:
    size = max(len(command.name) for command in COMMANDS)
    lines = [f"  {command.name:<{size}}  {command.summary}" for command in COMMANDS]
    return "commands:\n" + "\n".join(lines) + f"\n\n{ENDING}"


def _version() -> str:
    try:
        return metadata.version("linecapi-console")
    except metadata.PackageNotFoundError:
        return "of a folder that is not installed"
