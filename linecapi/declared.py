"""The words commands are written in: `@command(name, summary, option(…), …)` above what it does."""

import argparse
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from linecapi import printing, settings
from linecapi.problems import Exit, Problem
from linecapi.service import Service

Run = Callable[["Call"], Exit | None]
Option = tuple[tuple[str, ...], dict[str, Any]]


def option(*names: str, **how: Any) -> Option:
    """As `add_argument` takes it."""
    return names, how


@dataclass
class Call:
    """One call of a command: its options, how it waits, and the server, which is looked up when it is needed."""

    args: argparse.Namespace
    sleep: Callable[[float], None]

    @cached_property
    def td(self) -> Service:
        given = vars(self.args)
        return Service(settings.read(given.get("apikey"), given.get("endpoint")), self.sleep)

    @property
    def json(self) -> bool:
        return bool(self.args.json)

    def tell(self, text: str, /, **what: Any) -> None:
        """What was done: a sentence, or `what` as JSON for programs."""
        if self.json:
            printing.as_json(what)
        else:
            print(text)

    def agree(self, what: str) -> None:
        """Raises Problem unless somebody wants to delete this, or said -f."""
        if self.args.force:
            return
        if not sys.stdin.isatty():
            raise Problem(f"Give -f to delete the {what}: there is nobody to ask.", Exit.USAGE)
        print(f"Delete the {what}? [y/N] ", end="", file=sys.stderr, flush=True)
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise Problem("Nothing was deleted.")


@dataclass(frozen=True)
class Command:
    """`summary` without a full stop; `examples`: what follows `linecapi` and the command's name."""

    name: str
    summary: str
    run: Run
    options: tuple[Option, ...]
    examples: tuple[str, ...]
    aliases: tuple[str, ...]

    @property
    def description(self) -> str:
        more = inspect.getdoc(self.run) or ""
        return f"{self.summary}.\n\n{more}".strip()


COMMANDS: list[Command] = []


def command(
    name: str, summary: str, *options: Option, examples: tuple[str, ...], aliases: tuple[str, ...] = ()
) -> Callable[[Run], Run]:
    """Declare what the function does as a command; its docstring tells more than the summary."""

    def declare(run: Run) -> Run:
        COMMANDS.append(Command(name, summary, run, options, examples, aliases))
        return run

    return declare


def at_least(least: int, most: int | None = None) -> Callable[[str], int]:
    """A type of an option: whole numbers from `least`, up to `most`."""

    def whole_number(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least or (most is not None and number > most):
            limits = f"from {least} to {most}" if most is not None else f"of at least {least}"
            raise argparse.ArgumentTypeError(f"must be a whole number {limits}, not {text}")
        return number

    return whole_number


def one_of(*words: str) -> dict[str, Any]:
    return {"choices": words, "metavar": "{" + ",".join(words) + "}"}
