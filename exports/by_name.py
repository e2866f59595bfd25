"""An empty mapping: each field takes the column of its name. It becomes an explicit one as soon as the columns are
known, and from then on the job knows no other."""

from collections.abc import Sequence
from typing import Any

from exports.endings import JobFailed
from exports.exporter.mapping import suggest, to_json
from exports.lease import Lease
from exports.models import ErrorKind, Job
from integrations.catalog import connector
from integrations.spec import Connector

ADVICE = "Give the columns these names in the query, with AS, or map them in Export Results."


def settle(job: Job, lease: Lease, columns: Sequence[str]) -> None:
    """Freeze in the job what its empty mapping means for these columns. Raises JobFailed, LostLease."""
    if job.exports and not job.mapping:
        mapping = resolved(connector(job.connector_key), columns)
        lease.save(mapping=mapping)
        job.mapping = mapping


def likely(job: Job) -> dict[str, dict[str, Any]]:
    """What an empty mapping means for the columns that the job's query gave."""
    return to_json(suggest(connector(job.connector_key), [name for name, _ in job.columns]))


def resolved(to: Connector, columns: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Raises JobFailed, naming required fields without a column, and fields with several."""
    found, names = to_json(suggest(to, columns)), [field.name for field in to.fields]
    if several := [name for name in names if columns.count(name) > 1]:
        text = f"The query’s result has several columns of one name: {', '.join(several)}."
        raise JobFailed(text, "Give them different names.", kind=ErrorKind.CONFIGURATION)
    if missing := [field.name for field in to.fields if field.required and field.name not in found]:
        text = f"The query’s result has no column for required fields: {', '.join(missing)}."
        raise JobFailed(text, ADVICE, kind=ErrorKind.CONFIGURATION)
    return found
