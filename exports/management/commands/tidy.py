"""`manage.py tidy`: deletes what is old enough, now; the clusters do it each day."""

from typing import Any

from django.core.management.base import BaseCommand

from exports import upkeep


class Command(BaseCommand):
    help = "Delete old jobs, results, rejects, sessions and records of tasks, and print what was deleted."

    def handle(self, *args: Any, **options: Any) -> None:
        freed = upkeep.by_hand()
        self.stdout.write(f"Deleted {freed.in_words()}.")
        if freed.failed:
            self.stderr.write(f"{freed.failed} folders could not be deleted: see the log.")
