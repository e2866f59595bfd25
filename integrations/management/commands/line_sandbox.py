from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integrations.connectors.line_conversion.sandbox import cli


class Command(BaseCommand):
    help = "Serve a strict local stand-in for LINE's Conversion API, for development. Nothing goes to LINE."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        cli.add_arguments(parser)

    def handle(self, **options: Any) -> None:
        try:
            cli.serve(options, self.stdout)
        except (ValueError, OSError) as error:
            raise CommandError(str(error)) from error
