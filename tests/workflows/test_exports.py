"""Workflows from their files to LINE: what the operators of Treasure Data do together."""

import pytest

from exports.models import Job
from exports.run import run_job
from integrations.connectors.line_conversion.sandbox import Sandbox
from tests.workflows.factories import SESSION_TIME, pushed
from tests.workflows.running import log, run, step, tree
from tests.workflows.shop import a_table, an_authentication, events
from warehouse.models import Table
from warehouse.preview import first_rows
from workflows import secrets, sessions
from workflows.models import AttemptState, Task, TaskJob

pytestmark = pytest.mark.django_db(transaction=True)
DOCUMENTED = """
_export:
  td:
    database: shop

+line_messaging_export_task:
  td>: export_line_messaging.sql
  database: ${td.database}
  result_connection: line_test
  result_settings:
    line_tag_id: tag_id_1234
    access_token: abc1234
    ignore_invalid_records: true
"""
BRANDS = """
timezone: Asia/Tokyo

schedule:
  cron>: 30 7 * * *

_export:
  !include : config/shop.yml

+prepare:
  td_ddl>:
  empty_tables: [sent]

+collect:
  for_each>:
    brand: ${brands}
  _parallel: true
  _do:
    td>: sql/collect.sql
    insert_into: sent
    engine: hive

+count:
  td>:
  query: select count(*) n, ${td.last_job.num_records} before from sent
  store_last_results: true

+export:
  if>: ${td.last_results.n > 0}
  _do:
    +each:
      td_for_each>:
      query: select distinct brand from sent order by 1
      _do:
        td>:
        query: |
          select e.*, td_scheduled_time() as at from events e join sent s on e.deduplication_key = s.deduplication_key
          where s.brand = '${td.each.brand}'
        result_connection: ${connection}
        result_settings: {line_tag_id: tag_id_1234, access_token: "${secret:line.token}"}
  _else_do:
    fail>: nothing to send

+again:
  td_result_export>:
  job_id: ${td.last_job_id}
  result_connection: ${connection}
  result_settings: {line_tag_id: tag_id_1234, access_token: "${secret:line.token}"}

_error:
  mail>:
    data: "${error.message}"
  subject: Failed
  to: [ops@example.com]
"""
FILES = {
    "daily.dig": BRANDS,
    "config/shop.yml": "td: {database: shop}\nbrands: [acme, bolt, none]\nconnection: line_test\n",
    "sql/collect.sql": "-- ${session_date}\nselect deduplication_key, '${brand}' brand from events\n"
    "where deduplication_key = '${{acme: 'k0', bolt: 'k1'}[brand]}'\n",
}


@pytest.fixture
def line(settings):
    with Sandbox({"tag_id_1234": "abc1234"}) as sandbox:
        settings.LINE_CONVERSION_API_URL = sandbox.url
        yield sandbox


@pytest.fixture(autouse=True)
def shop(db):
    an_authentication(line_tag_id="of-nobody")
    return a_table("events", events(3))


def started(editor, files):
    return sessions.start(pushed(editor, files), SESSION_TIME, user=editor)


def keys(line):
    return [event["event"]["deduplication_key"] for event in line.events]


def test_the_events_of_the_documented_workflow_arrive(editor, line):
    files = {"daily.dig": DOCUMENTED, "export_line_messaging.sql": "select * from events"}
    attempt = run(started(editor, files))
    assert (attempt.state, attempt.error) == (AttemptState.SUCCESS, "")
    assert keys(line) == ["k0", "k1", "k2"]
    made = TaskJob.objects.select_related("job", "task").get()
    assert (made.job.name, made.job.accepted, made.task.full_name) == (
        "+daily+line_messaging_export_task",
        3,
        "+daily+line_messaging_export_task",
    )
    assert "abc1234" not in str(made.task.params) + log(attempt)


def test_a_loop_over_brands_collects_counts_and_exports(editor, line, mailoutbox):
    attempt = started(editor, FILES)
    secrets.keep(attempt.session.workflow.project, "line.token", "abc1234", user=editor)
    attempt = run(attempt)
    assert (attempt.state, attempt.error, mailoutbox) == (AttemptState.SUCCESS, "", [])
    assert {row[:2] for row in first_rows(Table.objects.get(name="sent"))} == {("k0", "acme"), ("k1", "bolt")}
    assert keys(line) == ["k0", "k1", "k1"]
    times = set(Job.objects.filter(parent=None).values_list("scheduled_for", flat=True))
    assert times == {SESSION_TIME}
    assert "abc1234" not in log(attempt)


def test_a_failure_of_a_job_is_that_of_the_attempt_and_is_mailed(editor, line, mailoutbox, settings):
    settings.EMAIL_MISSING, settings.DEFAULT_FROM_EMAIL = [], "Console <console@shop.example>"
    attempt = run(started(editor, FILES))  # the secret is missing
    assert attempt.state == AttemptState.ERROR
    states = tree(attempt)
    assert (states["+daily+export^sub+each+td-for-each-0"], states["+daily+again"]) == ("error", "canceled")
    assert (keys(line), len(mailoutbox)) == ([], 1)
    assert mailoutbox[0].body == "The project has no secret “line.token”."


def test_a_killed_attempt_stops_its_job(editor):
    attempt = started(editor, {"daily.dig": "+a:\n  td>:\n  query: select 1\n  database: shop\n"})
    step(attempt, jobs=lambda pk: None)
    job = Job.objects.get()
    sessions.kill(attempt, user=editor)
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, run(attempt).state) == ("killed", AttemptState.KILLED)


SENDERS = """
_export:
  td: {database: shop}
  brands:
    - {name: acme, connection: line_test, tag: tag_id_1234, token: "${secret:line.token}"}
    - {name: none, connection: line_test, tag: tag_id_1234, token: "${secret:line.token}"}

+each:
  for_each>: {b: "${brands}"}
  _do:
    +count:
      td>:
      query: select count(*) as n, '${b.name}' as brand from events where '${b.name}' = 'acme'
      store_last_results: true
    +send:
      if>: ${td.last_results.n > 0}
      _do:
        td>: sql/send.sql
        result_connection: ${b.connection}
        result_settings: {line_tag_id: "${b.tag}", access_token: "${b.token}", ignore_invalid_records: true}
"""


def test_a_secret_that_a_list_of_the_file_names_is_sent_with(editor, line):
    sql = "select deduplication_key, event_type, source_type, event_timestamp, ${columns.join()} from events"
    files = {
        "daily.dig": SENDERS.replace("  brands:", "  columns: [email, \"'+819012345678' as phone\"]\n  brands:", 1),
        "sql/send.sql": f"{sql} order by td_date_trunc('day', max(event_timestamp) over ()), 1",
    }
    attempt = started(editor, files)
    secrets.keep(attempt.session.workflow.project, "line.token", "abc1234", user=editor)
    attempt = run(attempt)
    assert (attempt.state, attempt.error) == (AttemptState.SUCCESS, "")
    assert keys(line) == ["k0", "k1", "k2"]
    assert all(len(event["user"]["phone"]) == 64 for event in line.events)
    assert "abc1234" not in str([task.params for task in Task.objects.all()]) + log(attempt)
