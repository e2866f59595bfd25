"""An empty mapping: each field takes the column of its name, and everything after it sees that written out."""

import pytest

from exports import by_name, jobs, queries, resending
from exports.endings import JobFailed
from exports.models import JobState
from exports.queries import Draft
from exports.targets import Target
from exports.texts import Text
from integrations.catalog import connector
from tests.exports.rechecks import MENDED, SQL, draft  # noqa: F401 - a fixture
from tests.exports.test_run import authentication, line, run  # noqa: F401 - fixtures

pytestmark = pytest.mark.django_db(transaction=True)
LINE = connector("line_conversion")
NAMED = f"SELECT 'conversion' AS event_type, 'web' AS source_type, * FROM ({SQL}) AS found"


@pytest.fixture
def by_names(draft, line):  # noqa: F811
    """`by_names(sql)` → the finished job of a query whose mapping is empty."""

    def go(sql=NAMED):
        saved = Draft(
            "q",
            Text(draft.text.database, sql, engine="duckdb"),
            Target(draft.target.authentication, {}, draft.target.settings),
        )
        query = queries.create(saved, user=None)
        return run(queries.run(queries.stored(query), query=query, user=None))

    return go


def test_fields_take_the_columns_of_their_names(by_names, line):  # noqa: F811
    job = by_names()
    assert (job.state, job.error, job.accepted, job.invalid) == (JobState.SUCCESS, "", 8, 2)
    assert job.mapping == {
        name: {"column": name}
        for name in ("event_type", "source_type", "deduplication_key", "event_timestamp", "email")
    }
    assert {event["event"]["deduplication_key"] for event in line.events} == {f"k{n}" for n in range(10)} - {"k3", "k7"}


def test_events_leave_in_the_order_of_their_times(by_names, line):  # noqa: F811
    by_names(NAMED.replace(SQL, f"{SQL} ORDER BY event_timestamp DESC"))
    times = [event["event"]["event_timestamp"] for event in line.events]
    assert times == sorted(times)


def test_a_required_field_without_a_column_ends_the_job_before_its_query(by_names):
    job = by_names("SELECT email, event_timestamp FROM events")
    assert (job.state, job.error_kind, job.result_path) == (JobState.ERROR, "configuration", "")
    assert job.error == (
        "The query’s result has no column for required fields: deduplication_key, event_type, source_type."
    )
    assert "with AS" in job.advice


def test_no_identifier_among_the_columns_is_told(by_names):
    job = by_names(NAMED.replace("*", "deduplication_key, event_timestamp", 1))
    assert (job.state, job.error_kind) == (JobState.ERROR, "configuration")
    assert "no identifier is mapped" in job.error


def test_two_columns_of_one_name_are_told():
    with pytest.raises(JobFailed, match="several columns of one name: email"):
        by_name.resolved(LINE, ["deduplication_key", "email", "email"])


def test_rejected_rows_are_checked_again_by_the_names(by_names, editor):
    job = by_names()
    query = job.query
    changed = Draft(
        "q",
        Text(
            query.database,
            NAMED.replace("*", "* EXCLUDE (email), replace(email, 'nobody', 'u@example.com') AS email"),
            engine="duckdb",
        ),
        queries.stored(query).target,
    )
    queries.update(query, changed, base=1, user=None)
    found = resending.look(job)
    assert (found.problem, found.changes) == ("", [])
    check = run(resending.recheck(job, user=editor))
    assert (check.state, check.error, check.rows, check.invalid) == (JobState.SUCCESS, "", 1, 0)
    assert check.mapping["email"] == {"column": "email"}


def test_rows_as_they_are_kept_are_checked_again_by_the_names(by_names, editor):
    check = run(resending.recheck(by_names(), user=editor))
    assert (check.state, check.error, check.rows, check.invalid) == (JobState.SUCCESS, "", 2, 2)
    assert check.mapping["email"] == {"column": "email"}


def test_run_again_goes_by_the_mapping_that_was_meant(by_names, editor):
    again = jobs.run_again(by_names(), user=editor)
    assert again.mapping["email"] == {"column": "email"}
