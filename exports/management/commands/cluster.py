"""`manage.py cluster`: `qcluster` under a supervisor that starts it anew when it dies or no longer answers."""

import signal
from typing import Any

from django.core.management import CommandError
from django.core.management.base import BaseCommand, CommandParser

from exports.supervisor import NAME, AlreadyRunning, Patience, Supervisor


class Command(BaseCommand):
    help = "Run jobs until SIGTERM or Ctrl-C; then each stops after its present request, and goes on at the next start."

    def add_arguments(self, parser: CommandParser) -> None:
        usual = Patience()
        parser.add_argument("--name", default="main", help="tells clusters of one host and DATA_DIR apart")
        parser.add_argument("--grace", type=float, default=usual.grace, help="seconds for jobs to stop by themselves")
        parser.add_argument("--ask", type=float, default=usual.ask, help="seconds between questions whether it runs")
        parser.add_argument("--answer", type=float, default=usual.answer, help="seconds that an answer may take")

    def handle(self, *args: Any, name: str, grace: float, ask: float, answer: float, **options: Any) -> None:
        if not NAME.fullmatch(name):
            raise CommandError("--name takes 1 to 28 letters, digits and hyphens.")
        told: list[int] = []
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda number, frame: told.append(number))
        try:
            Supervisor(name, Patience(ask, answer, grace)).run(lambda: bool(told))
        except AlreadyRunning as error:
            raise CommandError(
                f"A cluster named {name} runs on this host and DATA_DIR already. End it, or choose another --name."
            ) from error
