"""Saved queries and schedules by the real client of Treasure Data, on real processes."""

import json
import time
from datetime import UTC, datetime

import pytest
import tdclient
from tdclient.errors import AlreadyExistsError, APIError, NotFoundError

from accounts import api_keys
from integrations.connectors.line_conversion.sandbox import Sandbox
from tests.flow.conftest import cluster, web
from warehouse.models import Database

pytestmark = [pytest.mark.flow, pytest.mark.django_db(transaction=True)]

LINE = {"type": "line_conversion", "line_tag_id": "tag", "access_token": "token"}
EVENT = """-- one event, which tells its slot
SELECT CONCAT('k-', CAST(TD_SCHEDULED_TIME() AS STRING)) AS deduplication_key, 'conversion' AS event_type,
  'web' AS source_type, TD_SCHEDULED_TIME() AS event_timestamp, 'kana@example.com' AS email
"""
HOUR = 3600


@pytest.fixture
def console(editor):
    """(a client whose endpoint ends in a slash, one whose endpoint does not, the sandbox)."""
    Database.objects.create(name="shop_jp")
    key = api_keys.create(editor, name="tests")[1]
    with Sandbox({"tag": "token"}) as sandbox, web() as address, cluster(sandbox.url):
        yield tdclient.Client(key, endpoint=f"{address}/"), tdclient.Client(key, endpoint=address), sandbox


def wait(found, seconds):
    end = time.monotonic() + seconds
    while not (done := found()):
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.2)
    return done


def ended(client, job):
    """Waits for its end. → its status"""
    wait(lambda: client.job_status(job.job_id) in ("success", "error", "killed"), 60)
    return client.job_status(job.job_id)


def by_name(client):
    return {schedule.name: schedule for schedule in client.schedules()}


def refused(error, call, *values):
    with pytest.raises(error) as raised:
        call(*values)
    return str(raised.value)


def test_schedules_by_the_real_client(console):
    client, slashless, sandbox = console
    values = {"database": "shop_jp", "query": EVENT, "timezone": "Asia/Tokyo", "delay": 60, "priority": 1}
    every_minute = {"database": "shop_jp", "type": "presto", "query": "SELECT TD_SCHEDULED_TIME()", "cron": "* * * * *"}

    # create, and list
    began = time.time()
    assert client.create_schedule("each minute", every_minute).timestamp() - began <= 61
    first_run = slashless.create_schedule("shop/daily v1.0", values | {"cron": "@hourly", "result": json.dumps(LINE)})
    assert first_run.timestamp() % HOUR == 60
    assert client.create_schedule("never", values | {"cron": ""}).year == 1970  # what the client makes of null
    found = by_name(slashless)
    daily, never = found["shop/daily v1.0"], found["never"]
    assert (daily.type, daily.database, daily.timezone, daily.delay) == ("hive", "shop_jp", "Asia/Tokyo", 60)
    assert (daily.cron, daily.priority, daily.query) == ("@hourly", "HIGH", EVENT)
    assert daily.next_time == first_run and daily.next_time.tzinfo
    assert json.loads(daily.result_url)["access_token"] == "********"
    assert never.cron is None

    # run for past slots: the events of each arrive, and tell its time
    slot = int(time.time()) // HOUR * HOUR - 5 * HOUR
    jobs = daily.run(slot, num=2)
    assert [job.scheduled_at for job in jobs] == [datetime.fromtimestamp(s, UTC) for s in (slot, slot + HOUR)]
    assert [ended(client, job) for job in jobs] == ["success", "success"]
    assert [each["event"]["deduplication_key"] for each in sandbox.events] == [f"k-{slot}", f"k-{slot + HOUR}"]

    # history
    history = slashless.history("shop/daily v1.0")
    assert [(job.job_id, job.scheduled_at) for job in history] == [(j.job_id, j.scheduled_at) for j in jobs[::-1]]
    assert (history[0].type, history[0].database, history[0].query) == ("hive", "shop_jp", EVENT)
    assert len(client.history("shop/daily v1.0", 1, 2)) == 1

    # update: a part, the name, and no schedule any more
    client.update_schedule("shop/daily v1.0", {"cron": "30 6 * * *", "result": daily.result_url})
    slashless.update_schedule("shop/daily v1.0", {"name": "renamed", "delay": 0})
    renamed = by_name(client)["renamed"]
    assert (renamed.cron, renamed.delay, renamed.query) == ("30 6 * * *", 0, EVENT)
    (again,) = renamed.run(slot - 24 * HOUR, 1)
    assert ended(client, again) == "success"  # the token that was sent back masked is still the real one
    assert len(sandbox.events) == 3
    client.update_schedule("renamed", {"cron": ""})
    assert by_name(client)["renamed"].cron is None

    # a query without a schedule runs for the very time
    (once,) = client.run_schedule("never", slot + 7, 3)
    assert ended(client, once) == "success"
    assert [row[3] for row in client.job_result(once.job_id)] == [slot + 7]

    # errors
    assert "already exists" in refused(AlreadyExistsError, client.create_schedule, "never", values | {"cron": ""})
    assert "does not exist" in refused(NotFoundError, client.update_schedule, "nobody", {"delay": 1})
    says = refused(APIError, client.create_schedule, "bad", values | {"cron": "0 0 32 * *"})
    assert "422" in says and "cron: day of month: 32 is not within 1" in says
    says = refused(APIError, client.create_schedule, "bad", values | {"cron": "", "result": '{"type": "pardot"}'})
    assert "422" in says and "line_conversion" in says

    # a slot of its own accord
    fired = wait(lambda: client.history("each minute"), 75)[-1]
    assert fired.scheduled_at.second == 0
    assert ended(client, fired) == "success"
    assert list(client.job_result(fired.job_id)) == [[int(fired.scheduled_at.timestamp())]]

    # delete
    assert client.delete_schedule("never") == (None, EVENT)
    assert slashless.delete_schedule("each minute") == ("* * * * *", "SELECT TD_SCHEDULED_TIME()")
    assert list(by_name(client)) == ["renamed"]
    refused(NotFoundError, client.delete_schedule, "never")
