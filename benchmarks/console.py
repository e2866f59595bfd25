"""A console for a benchmark: its own SQLite database and data folder, and jobs whose rows are kept already."""

import os
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
from cryptography.fernet import Fernet

from benchmarks import events
from integrations.connectors.line_conversion import CONNECTOR


def set_up(folder: str | Path, *, debug: bool = False, **environment: str) -> None:
    """Once in a process, before anything of Django's is imported. `debug`: the database's queries are counted."""
    os.environ |= {
        "DEBUG": str(debug),
        "BEHIND_TLS": "false",
        "SECRET_KEY": "benchmark-" * 8,
        "CREDENTIAL_KEYS": Fernet.generate_key().decode(),
        "DATA_DIR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder}/console.sqlite3",
        "DJANGO_SETTINGS_MODULE": "linecapi_site.settings",
        **environment,
    }
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def kept(folder: Path, events_file: Path, rows: int, *, times: int = 1) -> Path:
    """The file's first rows as a query keeps them; `times`: again and again, under new keys."""
    from exports.results import keep_batches

    path = folder / f"kept-{times * rows}.arrow"
    keep_batches(events.schema(), _repeated(events_file, rows, times), path)
    return path


def _repeated(events_file: Path, rows: int, times: int) -> Iterator[pa.RecordBatch]:
    for turn in range(times):
        for _, batch in events.read(events_file, rows):
            yield events.with_prefix(batch, f"{turn}-") if turn else batch


def mapping() -> dict[str, dict[str, str]]:
    return {field.name: {"column": field.name} for field in CONNECTOR.main_fields}


def authentication():
    from django.utils import timezone

    from integrations.models import Authentication

    if found := Authentication.objects.filter(name="line_capi").first():
        return found
    made = Authentication(name="line_capi", connector_key=CONNECTOR.key)
    made.settings = {"line_tag_id": "tag-1", "line_channel_id": "1234567890"}
    made.set_secrets({"access_token": "token-1"}, at=timezone.now())
    made.save()
    return made


def job(kept: Path, rows: int, size: int):
    """A job that waits, with so many kept rows, to be sent in requests of up to `size` events."""
    from django.utils import timezone

    from exports.models import Job
    from exports.results import NAME, KeptResult

    made = Job.objects.create(
        name="events_to_line",
        database_name="shop_jp",
        sql="select * from events",
        time_zone="Asia/Tokyo",
        authentication=authentication(),
        destination="line_capi",
        connector_key=CONNECTOR.key,
        mapping=mapping(),
        settings={"ignore_invalid_records": True, "max_records": size},
        next_attempt_at=timezone.now(),
    )
    made.folder.mkdir(mode=0o700, parents=True)
    os.link(kept, made.folder / NAME)
    made.result_path, made.result_rows = f"{made.pk}/{NAME}", rows
    made.rows = made.not_attempted = rows
    made.columns = [[field.name, str(field.type)] for field in KeptResult(kept).schema]
    made.save()
    return made
