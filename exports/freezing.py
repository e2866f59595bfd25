"""A job that is made but not queued yet: everything that decides what is sent is frozen in it."""

from django.utils import timezone

from accounts.models import User
from exports import table_targets
from exports.models import Job, Query
from exports.options import DEFAULT, Options
from exports.table_targets import TableTarget
from exports.targets import Target
from exports.texts import Text


def freeze(
    *,
    text: Text,
    name: str,
    user: User | None,
    query: Query | None = None,
    query_version: int | None = None,
    target: Target | None = None,
    table: TableTarget | None = None,
    options: Options = DEFAULT,
) -> Job:
    """An unsaved job of this text, to run as soon as a worker is free."""
    job = Job(
        query=query,
        query_version=query_version,
        name=name,
        database_name=text.database.name,
        engine=text.engine,
        source=text.source,
        source_name=text.source.name if text.source else "",
        sql=text.sql,
        time_zone=text.time_zone,
        priority=options.priority,
        retry_limit=options.retry_limit,
        created_by=user,
        next_attempt_at=timezone.now(),
    )
    aim(job, target, table)
    return job


def aim(job: Job, target: Target | None, table: TableTarget | None) -> None:
    """Freeze in an unsaved job where its result goes; both None: nowhere."""
    job.into = table_targets.to_json(table)
    job.authentication = target.authentication if target else None
    job.destination = target.authentication.name if target else ""
    job.connector_key = target.authentication.connector_key if target else ""
    job.mapping = target.mapping if target else {}
    job.settings = target.settings if target else {}
