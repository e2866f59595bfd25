"""`manage.py demo`: the main job on sample data, from an empty folder to events that LINE's stand-in accepted."""

import io
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import requests
from django.conf import settings
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand, CommandParser

from accounts.models import User
from exports import queries
from exports.models import FINISHED, Job, Query
from linecapi_site import demo, demo_workflow, processes, sample_shop
from linecapi_site.processes import Processes

EXPORT_SECONDS = 180


class Command(BaseCommand):
    help = "Load sample data, export it to a local stand-in for LINE, and serve until Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--once", action="store_true", help="stop after the export; exit code 0 if all is well")

    def handle(self, *args: Any, port: int, once: bool, **options: Any) -> None:
        if not processes.port_is_free(port):
            raise CommandError(f"Port {port} is in use. Choose another one: make demo PORT={port + 1}")
        call_command("migrate", verbosity=0)
        sample = self.load_sample()
        person = demo.user()
        query = demo.query(person.user)
        with processes.running() as children:
            try:
                sandbox = self.start(children, port)
                job = self.export(children, query, person.user)
                self.report(job, sample, sandbox)
                if not once:
                    demo.audience(person.user)
                    demo_workflow.make(person.user)
                    self.serve(children, port, sandbox, job, person)
            except KeyboardInterrupt:
                self.stdout.write("Ending …")
            except (processes.ProcessDied, TimeoutError) as error:
                raise CommandError(str(error)) from error

    def load_sample(self) -> sample_shop.SampleShop:
        sample = sample_shop.build(now=int(time.time()))
        self.load(sample.table, demo.TABLE)
        self.load(sample_shop.members(sample.table), demo.MEMBERS)
        rows, invalid = sample.expected["read"], sample.expected["invalid"]
        self.stdout.write(f"Loaded {rows:,} sample events into {demo.DATABASE}.{demo.TABLE}; {invalid} are invalid.")
        return sample

    def load(self, table: pa.Table, name: str) -> None:
        file = Path(settings.UPLOADS_DIR) / "sample-shop.parquet"
        sample_shop.write(table, file)
        try:
            call_command("load_table", demo.DATABASE, name, str(file), replace=True, stdout=io.StringIO())
        finally:
            file.unlink(missing_ok=True)

    def start(self, children: Processes, port: int) -> str:
        """→ the sandbox's URL."""
        sandbox_port = processes.free_port()
        url = f"http://127.0.0.1:{sandbox_port}"
        tag = f"{demo.TAG}={demo.TOKEN}"
        children.start("LINE sandbox", processes.manage("line_sandbox", "--port", str(sandbox_port), "--tag", tag))
        children.start("web server", processes.web(port), LINE_CONVERSION_API_URL=url)
        children.start("cluster", processes.cluster(port), LINE_CONVERSION_API_URL=url)
        children.wait(lambda: processes.answers(sandbox_port) and processes.answers(port), 30, "starting")
        return url

    def export(self, children: Processes, query: Query, user: User) -> Job:
        job = queries.run(queries.stored(query), query=query, user=user)

        def finished() -> bool:
            job.refresh_from_db()
            return job.state in FINISHED

        children.wait(finished, EXPORT_SECONDS, "the export")
        return job

    def report(self, job: Job, sample: sample_shop.SampleShop, sandbox: str) -> None:
        """Print the accounting line. Raises CommandError unless each row ended as the sample says it must."""
        self.stdout.write(
            f"Job {job.pk}: {job.get_state_display()}. {job.rows:,} rows read = {job.invalid:,} invalid"
            f" + {job.accepted:,} accepted + {job.refused:,} refused + {job.unknown:,} unknown"
            f" + {job.not_attempted:,} not attempted"
        )
        received = requests.get(f"{sandbox}/_sandbox/stats", timeout=10).json()["accepted"]
        self.stdout.write(f"The sandbox holds {received:,} events.")
        expected = (sample.expected["read"], sample.expected["invalid"], sample.expected["valid"])
        if (job.rows, job.invalid, job.accepted) != expected or received != job.accepted:
            raise CommandError(f"Expected {expected[0]:,} read, {expected[1]:,} invalid, {expected[2]:,} accepted.")

    def serve(self, children: Processes, port: int, sandbox: str, job: Job, person: demo.DemoUser) -> None:
        url = f"http://127.0.0.1:{port}"
        self.stdout.write(
            f"\n  Linecapi Console  {url}\n  sign in as        {person.user.username} / {person.password}\n"
            f"  the export        {url}/jobs/{job.pk}\n  LINE sandbox      {sandbox}/_sandbox/\n\nCtrl-C ends it."
        )
        children.wait(lambda: False, float("inf"), "serving")
