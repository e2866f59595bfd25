"""`manage.py qcluster` with stopwatches around the accounting: python -m benchmarks.cluster FILE

The workers are forked from here and inherit the stopwatches. After each job a line of JSON goes to the file: the
seconds on the clock of the whole task, and those that its main thread spent on accounting and on turns.
"""

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

seconds: Counter[str] = Counter()


def stopped(name: str, action: Callable) -> Callable:
    """The same, its seconds added up under the name."""

    def run(*values: Any, **named: Any) -> Any:
        started = time.perf_counter()
        try:
            return action(*values, **named)
        finally:
            seconds[name] += time.perf_counter() - started

    return run


def reporting(run_job: Callable, file: Path) -> Callable:
    timed = stopped("whole", run_job)

    def run(pk: int) -> str:
        seconds.clear()
        before = time.process_time()
        ended = timed(pk)
        if ended != "not waiting":  # a second hint for a job that another worker has, or that has ended
            with file.open("a") as lines:
                lines.write(json.dumps({"job": pk, "cpu": time.process_time() - before, **seconds}) + "\n")
        return ended

    return run


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "linecapi_site.settings")
    import django

    django.setup()
    from django.core.management import execute_from_command_line

    from exports import accounting, exporting, run, sending, turns

    accounting.Ledger.settle = stopped("settle", accounting.Ledger.settle)
    accounting.Ledger.expect = stopped("expect", accounting.Ledger.expect)
    accounting.tally = stopped("tally", accounting.tally)
    sending.Sender._open = stopped("open", sending.Sender._open)
    sending.Sender.record = stopped("record", sending.Sender.record)
    turns.Turns.take = stopped("turn", turns.Turns.take)
    sending.Sender._post = stopped("secrets", sending.Sender._post)
    exporting.export = stopped("export", exporting.export)
    run.run_job = reporting(run.run_job, Path(sys.argv[1]))
    execute_from_command_line(["manage.py", "qcluster"])


if __name__ == "__main__":
    main()
