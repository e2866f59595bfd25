"""What a job's mode does to its events."""

from exports.endings import JobFailed
from exports.exporter.mapping import Constant, Mapping, from_json
from exports.models import Job, Mode
from integrations.catalog import connector


def sent_mapping(job: Job) -> Mapping:
    """The job's mapping as its events are made by it: those of a test carry the destination's mark, whatever else is
    mapped. Raises JobFailed if the destination has none."""
    mapping = from_json(job.mapping)
    if job.mode != Mode.TEST:
        return mapping
    mark = connector(job.connector_key).test_field
    if not mark:
        raise JobFailed(
            f"{connector(job.connector_key).name} has no test events.", "Run the query as Validate only instead."
        )
    return {**mapping, mark: Constant(True)}
