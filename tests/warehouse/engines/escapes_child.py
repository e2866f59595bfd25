"""Runs attempts with no guard before them, behind the fence: `python escapes_child.py` with a job as JSON on stdin.

What each attempt gave or said goes to the job's `report`, one JSON list a line: a name alone before it is tried.
"""

import json
import os
import sys
import threading
from pathlib import Path


def main():
    job = json.loads(sys.stdin.read())
    sys.path.append(job["home"])
    from warehouse.engines import fence

    fence.enter(
        parent=os.getppid(),
        read=job["files"],
        folder=Path(job["folder"]),
        memory_mb=job["memory_mb"],
        spool_mb=job["spool_mb"],
        home=Path(job["home"]),
    )
    with Path(job["report"]).open("a") as report:
        for name, statements in job["attempts"]:
            print(json.dumps([name]), file=report, flush=True)
            print(json.dumps([name, *_said(job, statements)]), file=report, flush=True)


def _said(job, statements):
    connection = _connection(job)
    timer = threading.Timer(2, connection.interrupt)
    timer.start()
    for statement in statements:
        try:
            yield str(connection.execute(statement).fetchall())
        except Exception as error:  # whatever it is: nobody may learn a secret from it
            yield f"{type(error).__name__}: {error}"
    timer.cancel()
    connection.close()


def _connection(job):
    """As query_child opens one, with a database attached besides; `locked` says whether DuckDB is told to hold it."""
    from warehouse.engines.database import open_database, run

    connection = open_database(job)
    run(connection, f"ATTACH '{job['warehouse']}' AS wh (READ_ONLY)")
    run(connection, "CREATE SCHEMA sales")
    run(connection, f"CREATE VIEW sales.events AS FROM read_parquet('{job['files'][0]}')")
    run(connection, "SET schema = 'sales'")
    if job["locked"]:
        run(connection, f"SET allowed_paths = ['{job['files'][0]}']")
        run(connection, "SET enable_external_access = false")
        run(connection, "SET lock_configuration = true")
    return connection


if __name__ == "__main__":
    main()
