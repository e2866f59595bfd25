"""digdag's REST: the requests of its command, and answers that its client can read."""

import base64
import gzip
import io
import json
import re
import tarfile
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from accounts.models import AuditEntry
from tests.workflows.factories import pushed
from tests.workflows.running import run
from tests.workflows.scripted import scripted  # noqa: F401
from workflows import archives, schedules
from workflows.models import Attempt, Project, Secret, Session, Task, TaskLog, WorkflowSchedule

pytestmark = pytest.mark.django_db
INSTANT, OFFSET = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d"
NAMED = {"id": r"\d+", "name": ".+"}
RUN = {"id": r"\d+", "done": bool, "success": bool, "cancelRequested": bool, "params": dict, "createdAt": INSTANT}
NEEDS = {  # what the classes Rest… of digdag-client cannot do without; texts by their form
    "project": {"id": r"\d+", "name": ".+", "revision": ".+", "createdAt": INSTANT, "updatedAt": INSTANT},
    "workflow": {"id": r"\d+", "name": ".+", "project": NAMED, "revision": ".+", "timezone": ".+", "config": dict},
    "attempt": {
        **RUN,
        "index": int,
        "project": NAMED,
        "workflow": NAMED,
        "sessionId": r"\d+",
        "sessionUuid": "[0-9a-f-]{36}",
        "sessionTime": OFFSET,
    },
    "session": {"id": r"\d+", "project": NAMED, "workflow": NAMED, "sessionUuid": ".+", "sessionTime": OFFSET},
    "schedule": {
        "id": r"\d+",
        "project": NAMED,
        "workflow": NAMED,
        "nextRunTime": INSTANT,
        "nextScheduleTime": OFFSET,
    },
    "task": {
        "id": r"\d+",
        "fullName": r"\+.+",
        "config": dict,
        "upstreams": list,
        "isGroup": bool,
        "state": "blocked|ready|retry_waiting|group_retry_waiting|running|planned|group_error|success|error|canceled",
        "exportParams": dict,
        "storeParams": dict,
        "stateParams": dict,
        "updatedAt": INSTANT,
        "error": dict,
    },
    "file": {"fileName": ".+", "fileSize": int, "taskName": r"\+.+", "fileTime": INSTANT, "agentId": ".+"},
}
DAILY = "timezone: Asia/Tokyo\nschedule:\n  daily>: 07:00:00\n+load:\n  echo>: hello\n+send:\n  fail>: no luck\n"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def readable(kind, value):
    """`value`, if digdag's client can read it."""
    lacks(NEEDS[kind], value)
    return value


def lacks(needs, value):
    for name, form in needs.items():
        found = value[name]
        if isinstance(form, dict):
            lacks(form, found)
        elif isinstance(form, str):
            assert re.fullmatch(form, found), (name, found)
        else:
            assert isinstance(found, form), (name, found)


class Digdag:
    """What digdag's command asks, in the way of its client."""

    def __init__(self, api):
        self.api = api

    def get(self, path, **params):
        assert self.api.get("/api/version/check", client="0.10.5").json()["apiCompatible"] is True
        return self.api.get(f"/api/{path}", **params)

    def put(self, path, value):
        return self.api.send("put", f"/api/{path}", json.dumps(value))

    def post(self, path, value=None):
        return self.api.post(f"/api/{path}", json=json.dumps(value or {}))

    def delete(self, path):
        return self.api.client.delete(f"/api/{path}", headers=self.api.headers)

    def push(self, files, project="shop", revision="r1", **params):
        packed = archives.pack({path: text.encode() for path, text in files.items()})
        query = "&".join(f"{name}={quote(value)}" for name, value in params.items())
        path = f"/api/projects?project={quote(project)}&revision={quote(revision)}&{query}"
        return self.api.client.put(path, packed, content_type="application/gzip", headers=self.api.headers)

    def project(self, name="shop"):
        return self.get("projects", name=name).json()["projects"][0]

    def workflow(self, name="daily", **params):
        found = self.get(f"projects/{self.project()['id']}/workflows", name=name, **params)
        return found.json()["workflows"][0]

    def start(self, session="2026-03-01T09:00:00", mode=None, retry=None, params=None, **where):
        workflow = self.workflow(**where)
        asked = {"session_time": session} | ({"mode": mode} if mode else {})
        time = self.get(f"workflows/{workflow['id']}/truncated_session_time", **asked).json()["sessionTime"]
        instant = f"{datetime.fromisoformat(time).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        request = {"workflowId": workflow["id"], "sessionTime": instant, "retryAttemptName": retry, "resume": None}
        return self.put("attempts", request | {"params": params or {}})

    def retry(self, attempt, workflow, resume=None, name="again"):
        before = self.get(f"attempts/{attempt}").json()
        instant = f"{datetime.fromisoformat(before['sessionTime']).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        request = {"workflowId": workflow, "sessionTime": instant, "retryAttemptName": name, "params": before["params"]}
        return self.put("attempts", request | {"resume": resume})


@pytest.fixture
def digdag(api, editor, scripted):  # noqa: F811
    return Digdag(api(editor))


def failed(digdag):
    """An attempt of the workflow `daily` that has ended in error, by its id."""
    digdag.push({"daily.dig": DAILY})
    number = digdag.start().json()["id"]
    run(Attempt.objects.get(pk=number))
    return number


def test_push_makes_a_project_and_says_which(digdag):
    made = readable("project", digdag.push({"daily.dig": DAILY}, schedule_from="2026-03-01T12:00:00Z").json())
    assert (made["name"], made["revision"]) == ("shop", "r1")
    assert WorkflowSchedule.objects.get().next_session_time == datetime(2026, 3, 1, 15, tzinfo=UTC)
    digdag.push({"daily.dig": DAILY}, revision="r2")
    told = AuditEntry.objects.filter(action="workflow_project.push", target_name="shop").exclude(api_key="")
    assert told.count() == 2


def test_what_is_wrong_in_the_files_is_told_with_file_and_line(digdag):
    answer = digdag.push({"daily.dig": "schedule:\n  daily>: noon\n+a:\n  sh>: ls\n"})
    told = answer.json()
    assert (answer.status_code, told["status"]) == (400, 400)
    assert "daily.dig, line 2: " in told["message"] and "daily.dig, line 4: " in told["message"]
    assert [(one["file"], one["line"]) for one in told["details"]["problems"]] == [("daily.dig", 2), ("daily.dig", 4)]
    assert "\\u" not in answer.content.decode()
    assert not Project.objects.exists()


@pytest.mark.parametrize(
    ("how", "status"),
    [
        ({"project": ""}, 422),
        ({"project": "a\nb"}, 422),
        ({"project": "x" * 256}, 422),
        ({"schedule_from": "tomorrow"}, 422),
        ({"revision": "taken"}, 409),
    ],
)
def test_a_push_that_cannot_be_changes_nothing(digdag, editor, how, status):
    pushed(editor, {"other.dig": "+a:\n  echo>: hi\n"}, revision="taken")
    assert digdag.push({"daily.dig": DAILY}, **how).status_code == status
    assert list(Project.objects.values_list("revisions__name", flat=True)) == ["taken"]


def test_a_body_that_is_no_archive_or_too_large_is_refused(digdag, monkeypatch):
    where, how = "/api/projects?project=shop&revision=r", {"content_type": "application/gzip"}
    ask = digdag.api.client.put
    assert ask(where, b"no archive", headers=digdag.api.headers, **how).status_code == 400
    monkeypatch.setattr(archives, "LARGEST", 10)
    assert ask(where, b"x" * 11, headers=digdag.api.headers, **how).status_code == 413


def test_projects_are_listed_found_and_shown(digdag):
    for name in ("shop", "other", "shopping"):
        digdag.push({"daily.dig": DAILY}, project=name)
    found = digdag.get("projects").json()["projects"]
    assert [readable("project", one)["name"] for one in found] == ["shop", "other", "shopping"]
    assert digdag.get("projects", name="nothing").json() == {"projects": []}
    assert [one["name"] for one in digdag.get("projects", name_pattern="shop").json()["projects"]] == [
        "shop",
        "shopping",
    ]
    page = digdag.get("projects", last_id=found[0]["id"], count=1).json()["projects"]
    assert [one["name"] for one in page] == ["other"]
    assert digdag.get(f"projects/{found[0]['id']}").json() == found[0]
    assert digdag.get("projects/999").status_code == 404


def test_a_revision_can_be_listed_and_fetched(digdag):
    digdag.push({"daily.dig": DAILY})
    digdag.push({"daily.dig": DAILY, "other.dig": "+a:\n  echo>: hi\n"}, revision="r2")
    number = digdag.project()["id"]
    assert [one["revision"] for one in digdag.get(f"projects/{number}/revisions").json()["revisions"]] == ["r2", "r1"]
    answer = digdag.get(f"projects/{number}/archive", revision="r1")
    assert answer["Content-Type"] == "application/gzip"
    assert archives.unpack(answer.content) == {"daily.dig": DAILY.encode()}
    assert len(archives.unpack(digdag.get(f"projects/{number}/archive").content)) == 2
    assert digdag.get(f"projects/{number}/archive", revision="r3").status_code == 404


def test_a_workflow_has_an_id_in_each_revision(digdag):
    digdag.push({"daily.dig": DAILY})
    digdag.push({"daily.dig": DAILY.replace("Tokyo", "Taipei")}, revision="r2")
    first, last = digdag.workflow(revision="r1"), readable("workflow", digdag.workflow())
    assert (first["revision"], first["timezone"]) == ("r1", "Asia/Tokyo")
    assert (last["revision"], last["timezone"]) == ("r2", "Asia/Taipei")
    assert last["config"]["+load"] == {"echo>": "hello"}
    for one in (first, last):
        assert digdag.get(f"workflows/{one['id']}").json() == one
    number = int(last["id"]) % 10**9
    assert digdag.get(f"workflows/{number}").json() == last  # as in the addresses of pages
    assert digdag.get(f"workflows/{7 * 10**9 + number}").status_code == 404
    assert digdag.get(f"projects/{last['project']['id']}/workflows/daily").json() == last
    assert digdag.get("workflow", project="shop", name="daily", revision="r1").json() == first
    assert digdag.get("workflows").json() == {"workflows": [last]}
    assert digdag.get("workflows", last_id=last["id"]).json() == {"workflows": []}


def test_workflows_are_found_by_name_and_by_that_of_their_project(digdag):
    digdag.push({"daily.dig": DAILY, "hourly.dig": DAILY})
    names = lambda **params: [one["name"] for one in digdag.get("workflows", **params).json()["workflows"]]  # noqa: E731
    assert names(name_pattern="our", order="desc") == ["hourly"]
    assert names(name_pattern="shop") == [] and names(name_pattern="shop", search_project_name="true") == names()
    assert names(order="desc") == ["hourly", "daily"]


@pytest.mark.parametrize(
    ("given", "mode", "cut"),
    [
        ("2026-03-01T09:41:07", None, "2026-03-01T09:41:07+09:00"),
        ("2026-03-01T00:41:07Z", "hour", "2026-03-01T09:00:00+09:00"),
        ("2026-03-01T00:41:07.123Z", "day", "2026-03-01T00:00:00+09:00"),
        ("2026-03-01T09:41:07", "schedule", "2026-03-02T00:00:00+09:00"),
        ("2026-03-02T00:00:00", "schedule", "2026-03-02T00:00:00+09:00"),
        ("2026-03-02T00:00:00", "next_schedule", "2026-03-03T00:00:00+09:00"),
    ],
)
def test_a_session_time_is_cut_in_the_time_zone_of_the_workflow(digdag, given, mode, cut):
    digdag.push({"daily.dig": DAILY})
    asked = {"session_time": given} | ({"mode": mode} if mode else {})
    told = digdag.get(f"workflows/{digdag.workflow()['id']}/truncated_session_time", **asked).json()
    assert (told["sessionTime"], told["timezone"]) == (cut, "Asia/Tokyo")


def test_start_runs_a_workflow_with_its_parameters(digdag, editor):
    digdag.push({"daily.dig": DAILY})
    started = readable("attempt", digdag.start(mode="day", params={"brand": "a"}).json())
    assert (started["sessionTime"], started["params"]) == ("2026-03-01T00:00:00+09:00", {"brand": "a"})
    assert (started["done"], started["status"], started["retryAttemptName"]) == (False, "running", None)
    attempt = Attempt.objects.get(pk=started["id"])
    assert (attempt.created_by, attempt.session.session_time) == (editor, datetime(2026, 2, 28, 15, tzinfo=UTC))
    assert AuditEntry.objects.filter(action="attempt.start", target_id=started["id"]).exists()


def test_a_session_that_has_an_attempt_is_409_with_it(digdag):
    digdag.push({"daily.dig": DAILY})
    first = digdag.start().json()
    answer = digdag.start()
    assert answer.status_code == 409
    assert {name: answer.json()[name] for name in first} == first
    assert f"has an attempt, {first['id']}" in answer.json()["message"]
    assert digdag.start(retry="again").json()["sessionId"] == first["sessionId"]


def test_a_workflow_is_started_in_an_older_revision(digdag):
    digdag.push({"daily.dig": DAILY})
    digdag.push({"daily.dig": "+other:\n  echo>: hi\n"}, revision="r2")
    started = digdag.start(revision="r1").json()
    assert Attempt.objects.get(pk=started["id"]).revision.name == "r1"
    assert started["workflow"]["id"] == digdag.workflow(revision="r1")["id"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"workflowId": ""},
        {"workflowId": "999"},
        {"workflowId": "none"},
        {"sessionTime": "now"},
        {"params": [1]},
        {"resume": "failed"},
        {"resume": {"mode": "failed", "attemptId": "999"}},
        {"resume": {"mode": "from", "attemptId": "1"}},
    ],
)
def test_a_start_that_cannot_be_starts_nothing(digdag, wrong):
    digdag.push({"daily.dig": DAILY})
    request = {"workflowId": digdag.workflow()["id"], "sessionTime": "2026-03-01T00:00:00Z", "params": {}}
    assert digdag.put("attempts", request | wrong).status_code in (404, 422)
    assert not Attempt.objects.exists()


def test_an_attempt_is_shown_with_its_tasks_in_digdags_words(digdag, django_assert_max_num_queries):
    number = failed(digdag)
    told = readable("attempt", digdag.get(f"attempts/{number}").json())
    assert (told["done"], told["success"], told["cancelRequested"], told["status"]) == (True, False, False, "error")
    with django_assert_max_num_queries(12):
        tasks = digdag.get(f"attempts/{number}/tasks").json()["tasks"]
    assert [(readable("task", one)["fullName"], one["state"]) for one in tasks] == [
        ("+daily", "group_error"),
        ("+daily+load", "success"),
        ("+daily+send", "error"),
    ]
    root, load, send = tasks
    assert (root["parentId"], root["isGroup"], root["upstreams"]) == (None, True, [])
    assert (send["parentId"], send["isGroup"], send["upstreams"]) == (root["id"], False, [load["id"]])
    assert (load["config"], send["error"]["message"]) == ({"echo>": "hello"}, "no luck")


def test_what_a_task_left_is_shown_without_personal_data_and_secrets(digdag):
    number = failed(digdag)
    row = {"email": "hanako@example.com", "token": "abcdefgh", "count": 3, "name": ["kana@example.jp"]}
    Task.objects.filter(name="+load").update(stored={"td": {"last_results": row}})
    told = digdag.get(f"attempts/{number}/tasks").json()["tasks"][1]["storeParams"]["td"]["last_results"]
    assert told["count"] == 3 and told["email"] == "h•••@example.com" and told["name"] == ["k•••@example.jp"]
    assert "abcdefgh" not in told["token"]


def test_what_failed_is_resumed_and_everything_retried(digdag):
    number = failed(digdag)
    workflow = digdag.workflow()["id"]
    resumed = digdag.retry(number, workflow, {"mode": "failed", "attemptId": number}).json()
    assert Task.objects.get(attempt=resumed["id"], name="+load").copied
    run(Attempt.objects.get(pk=resumed["id"]))
    again = digdag.retry(number, workflow, {"mode": "from", "attemptId": number, "from": "+load"}, name="third").json()
    assert not Task.objects.get(attempt=again["id"], name="+load").copied
    run(Attempt.objects.get(pk=again["id"]))
    whole = readable("attempt", digdag.retry(number, workflow, name="fourth").json())
    assert whole["index"] == 4
    others = digdag.get(f"attempts/{number}/retries").json()["attempts"]
    assert [one["retryAttemptName"] for one in others] == ["again", "third", "fourth"]


def test_what_is_resumed_keeps_its_parameters_and_has_such_a_task(digdag):
    number = failed(digdag)
    workflow = digdag.workflow()["id"]
    Attempt.objects.update(params={"a": 1})
    resume = {"mode": "failed", "attemptId": number}
    request = {"workflowId": workflow, "sessionTime": "2026-03-01T00:00:00Z", "params": {"a": 2}, "resume": resume}
    assert "keeps its parameters" in digdag.put("attempts", request).json()["message"]
    unknown = digdag.retry(number, workflow, {"mode": "from", "attemptId": number, "from": "+nothing"})
    assert "+nothing is no task of this attempt" in unknown.json()["message"]


def test_attempts_are_listed_the_last_one_of_each_session(digdag):
    number = failed(digdag)
    digdag.push({"daily.dig": DAILY}, project="other")
    retried = digdag.retry(number, digdag.workflow()["id"]).json()["id"]
    later = digdag.start("2026-03-02T00:00:00").json()["id"]
    listed = lambda **params: [one["id"] for one in digdag.get("attempts", **params).json()["attempts"]]  # noqa: E731
    assert listed() == listed(project="shop", workflow="daily") == [later, retried]
    assert listed(include_retried="true") == [later, retried, number]
    assert listed(status="error", include_retried="true") == [number]
    assert listed(last_id=later) == listed(page_size=1, last_id=later) == [retried]
    assert listed(project="other") == listed(workflow="hourly") == []
    assert digdag.get("attempts", project="nothing").status_code == 404
    assert digdag.get("attempts", status="lost").status_code == 422


def test_an_attempt_is_killed_once(digdag):
    digdag.push({"daily.dig": DAILY})
    number = digdag.start().json()["id"]
    killed = readable("attempt", digdag.post(f"attempts/{number}/kill").json())
    assert killed["cancelRequested"] is True
    run(Attempt.objects.get(pk=number))
    assert digdag.post(f"attempts/{number}/kill").status_code == 409
    assert digdag.get(f"attempts/{number}").json()["status"] == "killed"


def test_sessions_are_listed_with_their_last_attempts_or_why_they_were_skipped(digdag, django_assert_max_num_queries):
    number = failed(digdag)
    retried = digdag.retry(number, digdag.workflow()["id"]).json()
    workflow = Attempt.objects.first().session.workflow
    Session.objects.create(workflow=workflow, session_time=NOON, skipped="It was late.")
    with django_assert_max_num_queries(6):
        skipped, ran = digdag.get("sessions", include_skipped="true").json()["sessions"]
    assert (readable("session", skipped)["lastAttempt"], skipped["skipped"]) == (None, "It was late.")
    assert readable("session", ran)["lastAttempt"]["id"] == retried["id"] and "skipped" not in ran
    assert digdag.get("sessions").json()["sessions"] == [ran]
    lacks(RUN, ran["lastAttempt"])
    project = ran["project"]["id"]
    assert digdag.get(f"projects/{project}/sessions", workflow="daily").json()["sessions"] == [ran]
    asked = {"last_id": ran["id"], "include_skipped": "true"}
    assert digdag.get(f"projects/{project}/sessions", **asked).json()["sessions"] == []
    assert digdag.get(f"sessions/{ran['id']}").json() == ran
    attempts = digdag.get(f"sessions/{ran['id']}/attempts").json()["attempts"]
    assert [readable("attempt", one)["id"] for one in attempts] == [retried["id"], number]


def test_logs_are_files_of_tasks_that_grow(digdag):
    number = failed(digdag)
    files = {one["taskName"]: readable("file", one) for one in digdag.get(f"logs/{number}/files").json()["files"]}
    load = files["+daily+load"]
    packed = digdag.get(f"logs/{number}/files/{load['fileName']}")
    assert packed["Content-Type"] == "application/gzip"
    text = gzip.decompress(packed.content).decode()
    assert re.search(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \+0000 \[INFO\] hello$", text, re.MULTILINE)
    assert load["fileSize"] == len(text)
    TaskLog.objects.create(task=Task.objects.get(name="+load"), text="更に")
    only = digdag.get(f"logs/{number}/files", task="+daily+lo", direct_download="false").json()["files"]
    assert [one["taskName"] for one in only] == ["+daily+load"]
    again = gzip.decompress(digdag.get(f"logs/{number}/files/{load['fileName']}").content).decode()
    assert only[0]["fileSize"] == len(again) > len(text)
    for name in ("999.log.gz", "x", "1" * 40):
        assert digdag.get(f"logs/{number}/files/{name}").status_code == 404


def test_secrets_are_written_listed_and_deleted_but_never_told(digdag):
    digdag.push({"daily.dig": DAILY})
    where = f"projects/{digdag.project()['id']}/secrets"
    answer = digdag.put(f"{where}/line.token", {"value": "sesame, open"})
    assert answer.json() == {"key": "line.token", "project": {"id": digdag.project()["id"], "name": "shop"}}
    assert digdag.get(where).json() == digdag.get(f"{where}/").json() == {"secrets": [{"key": "line.token"}]}
    assert "sesame" not in json.dumps(list(AuditEntry.objects.values("details"))) and Secret.objects.count() == 1
    assert digdag.put(f"{where}/bad key", {"value": "x"}).status_code == 422
    assert digdag.put(f"{where}/empty", {"value": ""}).status_code == 422
    assert digdag.delete(f"{where}/line.token").json()["key"] == "line.token"
    assert digdag.delete(f"{where}/line.token").status_code == 404


def scheduled(digdag):
    """→ the schedule of `daily`: next at 15:00 UTC, the begin of 2 March in Tokyo."""
    digdag.push({"daily.dig": DAILY}, schedule_from="2026-03-01T12:00:00Z")
    return digdag.get(f"projects/{digdag.project()['id']}/schedules", workflow="daily").json()["schedules"][0]


def test_schedules_are_listed_paused_and_let_go_on(digdag):
    found = readable("schedule", scheduled(digdag))
    assert (found["nextScheduleTime"], found["nextRunTime"]) == ("2026-03-02T00:00:00+09:00", "2026-03-01T22:00:00Z")
    assert digdag.get("schedules").json()["schedules"] == [found] == [digdag.get(f"schedules/{found['id']}").json()]
    assert digdag.get("schedules", last_id=found["id"]).json()["schedules"] == []
    paused = digdag.post(f"schedules/{found['id']}/disable").json()
    assert re.fullmatch(INSTANT, paused["disabledAt"]) and re.fullmatch(INSTANT, paused["updatedAt"])
    going = readable("schedule", digdag.post(f"schedules/{found['id']}/enable").json())
    assert going["disabledAt"] is None
    actions = ("workflow.pause", "workflow.resume")
    assert AuditEntry.objects.filter(action__in=actions).count() == 2


def test_a_schedule_that_has_ended_can_be_read(digdag):
    found = scheduled(digdag)
    WorkflowSchedule.objects.update(next_session_time=None, next_run_at=None)
    told = readable("schedule", digdag.get(f"schedules/{found['id']}").json())
    assert (told["nextRunTime"], told["nextScheduleTime"][:4]) == ("9999-01-01T00:00:00Z", "9999")


def test_sessions_are_skipped_by_time_or_by_number(digdag):
    where = f"schedules/{scheduled(digdag)['id']}/skip"
    by_number = {"fromTime": "2026-03-01T12:00:00Z", "count": 2, "nextTime": None, "nextRunTime": None, "dryRun": True}
    assert digdag.post(where, by_number).json()["nextScheduleTime"] == "2026-03-04T00:00:00+09:00"
    assert not Session.objects.exists()
    assert digdag.post(where, by_number | {"dryRun": False}).status_code == 200
    assert digdag.post(where, by_number | {"dryRun": False}).status_code == 409  # it is past
    by_time = {"nextTime": "2026-03-06T00:00:00", "nextRunTime": "2026-03-05T20:00:00Z", "dryRun": False}
    told = digdag.post(where, by_time).json()
    assert (told["nextScheduleTime"], told["nextRunTime"]) == ("2026-03-06T00:00:00+09:00", "2026-03-05T20:00:00Z")
    assert Session.objects.exclude(skipped="").count() == 4
    assert digdag.post(where, {"count": 1}).json()["nextScheduleTime"] == "2026-03-07T00:00:00+09:00"
    assert digdag.post(where, {"dryRun": False}).status_code == 422


def test_past_sessions_are_run(digdag):
    found = scheduled(digdag)
    schedules.fire(NOON + timedelta(days=2))
    where = f"schedules/{found['id']}/backfill"
    request = {"fromTime": "2026-02-27T15:00:00Z", "attemptName": "backfill", "count": 2, "dryRun": True}
    told = digdag.post(where, request).json()
    times = ["2026-02-28T00:00:00+09:00", "2026-03-01T00:00:00+09:00"]
    assert [readable("attempt", one)["sessionTime"] for one in told["attempts"]] == times
    assert {one["id"] for one in told["attempts"]} == {"0"}
    ran = digdag.post(where, request | {"dryRun": False}).json()["attempts"]
    assert [(one["sessionTime"], one["retryAttemptName"]) for one in ran] == [(time, "backfill") for time in times]
    assert digdag.post(where, request | {"fromTime": "2226-01-01T00:00:00Z"}).status_code == 422


def test_a_project_is_deleted_with_all_that_is_its_own_unless_it_runs(digdag):
    number = failed(digdag)
    project = digdag.project()
    digdag.retry(number, digdag.workflow()["id"])
    assert "An attempt runs. Kill what runs" in digdag.delete(f"projects/{project['id']}").json()["message"]
    for attempt in Attempt.objects.filter(state="running"):
        run(attempt)
    assert digdag.delete(f"projects/{project['id']}").json() == project
    assert not any(model.objects.exists() for model in (Project, Attempt, TaskLog))
    assert AuditEntry.objects.get(action="workflow_project.delete").target_name == "shop"


WRITES = [
    ("put", "projects?project=p"),
    ("delete", "projects/{project}"),
    ("put", "projects/{project}/secrets/k"),
    ("delete", "projects/{project}/secrets/k"),
    ("put", "attempts"),
    ("post", "attempts/{attempt}/kill"),
    ("post", "schedules/{schedule}/disable"),
    ("post", "schedules/{schedule}/enable"),
    ("post", "schedules/{schedule}/skip"),
    ("post", "schedules/{schedule}/backfill"),
]


def test_a_viewer_reads_and_changes_nothing(digdag, api, viewer):
    number, calls = failed(digdag), api(viewer)
    names = {"project": digdag.project()["id"], "attempt": number, "schedule": WorkflowSchedule.objects.get().pk}
    for method, path in WRITES:
        assert calls.send(method, f"/api/{path.format(**names)}", "{}").status_code == 403, path
    for path in ("projects", "workflows", "attempts", f"attempts/{number}/tasks", "sessions", "schedules"):
        assert calls.get(f"/api/{path}").status_code == 200
    assert calls.get(f"/api/logs/{number}/files").status_code == 200


def test_lists_ask_as_much_for_many_as_for_one(digdag, django_assert_max_num_queries):
    for number in range(4):
        digdag.push({"daily.dig": DAILY}, project=f"p{number}")
        schedules.sessions.start(Project.objects.get(name=f"p{number}").workflows.get(), NOON, user=None)
    for path in ("projects", "attempts", "sessions", "schedules"):
        with django_assert_max_num_queries(7):  # three are of the key, and one of the version
            assert len(digdag.get(path).json()[path]) == 4


def test_the_docs_and_what_is_not_served_stay_as_they_were(digdag, as_user, viewer):
    assert as_user(viewer).get("/api/docs").status_code == 200
    told = digdag.get("nothing").json()
    assert (told["status"], told["message"]) == (404, "GET /api/nothing is not served here.")


def test_basic_auth_is_no_key(digdag):
    header = f"Basic {base64.b64encode(b'me:secret').decode()}"
    assert digdag.api.client.get("/api/projects", headers={"Authorization": header}).status_code == 401


def test_parameters_of_attempts_are_shown_masked_and_kept_by_who_runs_them_again(digdag, api, viewer, editor):
    digdag.push({"daily.dig": DAILY.replace("echo>: hello", "fail>: no luck")})
    params = {"access_token": "s3cret-token", "mail": "ann@example.com", "n": 1}
    start = {"workflowId": digdag.workflow()["id"], "sessionTime": "2026-03-01T00:00:00Z", "params": params}
    made = digdag.put("attempts", start).json()
    run(Attempt.objects.get(pk=made["id"]))
    reads = Digdag(api(viewer))
    paths = [f"attempts/{made['id']}", "attempts", "sessions", f"sessions/{made['sessionId']}/attempts"]
    for path in paths:
        text = reads.get(path).content.decode()
        assert "••••••" in text
        assert "s3cret-token" not in text and "ann@example.com" not in text
    shown = reads.get(paths[0]).json()["params"]
    for more in ({"resume": {"mode": "failed", "attemptId": int(made["id"])}}, {}):
        again = digdag.put("attempts", {**start, "params": shown, "retryAttemptName": f"again-{len(more)}", **more})
        assert again.status_code == 200, again.content
        attempt = Attempt.objects.get(pk=again.json()["id"])
        assert attempt.params == params
        run(attempt)


def test_parameters_that_cannot_be_kept_are_422(digdag):
    digdag.push({"daily.dig": DAILY})
    start = {"workflowId": digdag.workflow()["id"], "sessionTime": "2026-03-01T00:00:00Z"}
    deep = json.loads('{"x": ' + "[" * 300 + "]" * 300 + "}")
    assert digdag.put("attempts", {**start, "params": deep}).status_code == 422
    assert not Attempt.objects.exists()


def test_a_name_in_an_archive_that_is_not_utf_8_is_400(digdag):
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w", format=tarfile.GNU_FORMAT) as archive:
        archive.addfile(tarfile.TarInfo("\udcff.dig"))
    packed = gzip.compress(tar.getvalue())
    answer = digdag.api.client.put("/api/projects?project=p", packed, "application/gzip", headers=digdag.api.headers)
    assert answer.status_code == 400
