"""Treasure Workflow with real processes: files that are pushed run, and their events arrive, whatever is killed."""

import os
import signal
from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Role
from exports.models import Job
from integrations.connectors.line_conversion.sandbox import Sandbox
from tests.conftest import person
from tests.exports.notify.servers import MailServer, running
from tests.exports.test_run import authentication  # noqa: F401 - fixture
from tests.flow.conftest import cluster
from tests.flow.test_audience_studio import load, wait
from tests.workflows.factories import SESSION_TIME, pushed
from warehouse.models import Database
from workflows import secrets, sessions
from workflows.models import Attempt, Task, TaskLog

pytestmark = [pytest.mark.flow, pytest.mark.django_db(transaction=True)]
ROWS = 3_000
SELECT = """select deduplication_key, 'conversion' as event_type, 'web' as source_type, event_timestamp, email
from events where brand = '{}'"""
EXAMPLE = """\
_export:
  td:
    database: shop_jp

+line_messaging_export_task:
  td>: export_line_messaging.sql
  database: ${td.database}
  result_connection: line_test
  result_settings:
    line_tag_id: tag_id_1234
    access_token: abc1234
    ignore_invalid_records: true
"""
BRANDS = """\
timezone: Asia/Tokyo
schedule:
  cron>: 1 * * * *

_export:
  !include : 'config/brands.dig'
  td:
    database: shop_jp

_error:
  mail>: {data: "${error.message}"}
  subject: Push failed
  to: [ops@example.com]

+brands:
  for_each>:
    brand: ${brands}
  _parallel:
    limit: 2
  _do:
    +count:
      td>: queries/count.sql
      store_last_results: true
    +push:
      if>: ${td.last_results.n > 0}
      _do:
        td>: queries/push_line.sql
        result_connection: ${brand.connector}
        result_settings:
          line_tag_id: ${brand.tag}
          access_token: ${secret:line.token}
          ignore_invalid_records: true
      _else_do:
        echo>: Nothing to send for ${brand.name}

+done:
  echo>: All brands at ${session_local_time}
"""
FILES = {
    "hourly_push.dig": BRANDS,
    "queries/count.sql": "select count(*) as n from events where brand = '${brand.name}'",
    "queries/push_line.sql": SELECT.format("${brand.name}"),
}


@pytest.fixture
def user(db):
    return person("kana", Role.EDITOR)


@pytest.fixture
def events(user, tmp_path):
    """ROWS events of each of the brands north and south; south's are later."""
    database = Database.objects.create(name="shop_jp")
    columns = {
        "deduplication_key": [f"{brand}-{n}" for brand in ("north", "south") for n in range(ROWS)],
        "brand": ["north"] * ROWS + ["south"] * ROWS,
        "event_timestamp": [int(timezone.now().timestamp()) - 60] * 2 * ROWS,
        "email": [f"u{n}@example.com" for n in range(2 * ROWS)],
    }
    load(tmp_path, database, "events", columns, user)


def brands(connector: str) -> str:
    known = [(name, f"tag-{name}") for name in ("north", "south", "empty")]
    return "brands:\n" + "".join(f"  - {{name: {n}, tag: {tag}, connector: {connector}}}\n" for n, tag in known)


def finished(attempt, seconds=90):
    found = wait(lambda: Attempt.objects.filter(pk=attempt.pk).exclude(state="running").first(), "finished", seconds)
    told = list(Task.objects.filter(attempt=attempt).exclude(error="").values_list("full_name", "error"))
    return found.state, told


def arrived(line):
    return Counter(event["event"]["deduplication_key"].partition("-")[0] for event in line.events)


def test_the_example_of_the_product_document_runs(events, user, authentication):  # noqa: F811
    files = {"line.dig": EXAMPLE, "export_line_messaging.sql": SELECT.format("north")}
    workflow = pushed(user, files)
    with Sandbox({"tag_id_1234": "abc1234"}) as line, cluster(line.url):
        attempt = sessions.start(workflow, SESSION_TIME, user=user)
        assert finished(attempt) == ("success", [])
        [task] = Task.objects.filter(attempt=attempt, op="td")
        [made] = task.jobs.all()
        assert (made.job.accepted, made.job.authentication.own_secrets()) == (ROWS, {"access_token": "abc1234"})
    assert arrived(line) == {"north": ROWS}
    assert "abc1234" not in str(task.params)


def test_brands_are_pushed_by_the_schedule_though_workers_are_killed(events, user, authentication):  # noqa: F811
    files = {**FILES, "config/brands.dig": brands(authentication.name)}
    workflow = pushed(user, files, schedule_from=timezone.now() - timedelta(hours=1))
    secrets.keep(workflow.project, "line.token", "very-secret", user=user)
    known = {f"tag-{brand}": "very-secret" for brand in ("north", "south")}
    with Sandbox(known) as line:
        line.behave([{"delay": 0.3, "times": 1000}])
        with cluster(line.url, WORKERS="2"):
            attempt = wait(Attempt.objects.first, "started by its schedule")
            for brand in ("north", "south"):
                job = wait(lambda b=brand: Job.objects.filter(sql__contains=b, position__gte=1000).first(), "sending")
                os.kill(int(job.lease_owner.rsplit(":", 2)[1]), signal.SIGKILL)
            assert finished(attempt) == ("success", [])
    keys = {event["event"]["deduplication_key"] for event in line.events}
    assert keys == {f"{brand}-{n}" for brand in ("north", "south") for n in range(ROWS)}
    assert len(line.events) <= 2 * ROWS + 2000  # at most the request in flight of each job, once more
    said = list(TaskLog.objects.filter(task__op="echo").values_list("text", flat=True))
    assert [text for text in said if text == "Nothing to send for empty"]
    assert not TaskLog.objects.filter(text__contains="very-secret").exists()


def test_a_failure_is_mailed_and_resumed_from_where_it_failed(events, user, authentication):  # noqa: F811
    files = {**FILES, "config/brands.dig": brands(authentication.name)}
    workflow = pushed(user, files)
    known = {"tag-north": "very-secret", "tag-south": "very-secret"}
    with Sandbox(known) as line, running(MailServer()) as server:
        mail = {"EMAIL_URL": f"smtp://127.0.0.1:{server.port}", "DEFAULT_FROM_EMAIL": "console@example.com"}
        with cluster(line.url, **mail):
            attempt = sessions.start(workflow, SESSION_TIME, user=user)
            state, told = finished(attempt)
            assert state == "error"
            assert any("no secret “line.token”" in error for _, error in told), told
            [sent] = server.mails
            assert "line.token" in sent.get_content()
            secrets.keep(workflow.project, "line.token", "very-secret", user=user)
            again = sessions.resume(attempt, user=user)
            assert finished(again) == ("success", [])
    assert arrived(line) == {"north": ROWS, "south": ROWS}
    copied = Task.objects.filter(attempt=again, copied=True, op="td").values_list("name", flat=True)
    assert set(copied) == {"+count"}


def test_an_attempt_survives_the_death_of_its_cluster(events, user):
    loop = "+all:\n  loop>: 20\n  _do:\n    +say:\n      echo>: ${i}\n    +rest:\n      wait>: 1s\n"
    attempt = sessions.start(pushed(user, {"loop.dig": loop}), SESSION_TIME, user=user)
    said = TaskLog.objects.filter(task__op="echo").order_by("pk").values_list("text", flat=True)
    for until in (3, 8):
        with cluster("http://127.0.0.1:9") as children:
            wait(lambda n=until: said.count() >= n, "under way")
            children.children[0].process.kill()  # the supervisor; the next one ends what is left
    with cluster("http://127.0.0.1:9"):
        assert finished(attempt) == ("success", [])
    assert list(dict.fromkeys(said)) == [str(n) for n in range(20)]
