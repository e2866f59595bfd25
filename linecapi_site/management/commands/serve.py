"""`manage.py serve`: web server and worker together, until Ctrl-C."""

from typing import Any

from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand, CommandParser

from linecapi_site import processes


class Command(BaseCommand):
    help = "Migrate the database, then run the web server and the cluster together until Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--host", default="127.0.0.1")

    def handle(self, *args: Any, port: int, host: str, **options: Any) -> None:
        if not processes.port_is_free(port, host):
            raise CommandError(f"Port {port} is in use. Choose another one with --port (or make serve PORT=…).")
        call_command("migrate", verbosity=0)
        with processes.running() as children:
            children.start("web server", processes.web(port, host))
            children.start("cluster", processes.cluster(port))
            self.stdout.write(f"Linecapi Console is at http://{host}:{port}. Ctrl-C ends it.")
            try:
                children.wait(lambda: False, float("inf"), "serving")
            except KeyboardInterrupt:
                self.stdout.write("Ending …")
