"""The commands of workflows: what they ask of digdag's REST, and what they tell."""

import gzip
import io
import json
import os
import tarfile

import pytest

PROJECT = {
    "id": "7",
    "name": "shop",
    "revision": "r2",
    "createdAt": "2026-03-01T00:00:00Z",
    "updatedAt": "2026-03-02T03:04:05Z",
    "archiveType": "db",
}
NAMED = {"id": "7", "name": "shop"}
WORKFLOW = {"id": "2000000003", "name": "daily", "project": NAMED, "revision": "r2", "timezone": "Asia/Tokyo"}
SCHEDULE = {
    "id": "4",
    "project": NAMED,
    "workflow": {"id": "2000000003", "name": "daily"},
    "nextRunTime": "2026-03-01T22:00:00Z",
    "nextScheduleTime": "2026-03-02T00:00:00+09:00",
    "disabledAt": None,
}
TASK = {"fullName": "+daily+load", "state": "error", "startedAt": None, "updatedAt": "2026-03-01T00:00:01Z"}
FINDS = {"projects": [PROJECT]}


def attempt(status="running", number="31", **more):
    return {
        "id": number,
        "sessionId": "12",
        "project": NAMED,
        "workflow": {"id": "1000000003", "name": "daily"},
        "sessionTime": "2026-03-01T00:00:00+09:00",
        "retryAttemptName": None,
        "done": status != "running",
        "success": status == "success",
        "cancelRequested": status == "killed",
        "params": {"brand": "a"},
        "createdAt": "2026-03-01T01:02:03Z",
        **more,
    }


def body(asked):
    return json.loads(asked.body)


@pytest.fixture
def folder(tmp_path):
    """A project's folder, with what is left out."""
    files = {
        "daily.dig": "+a:\n  echo>: hi\n",
        "sql/load.sql": "SELECT 1",
        ".env": "x",
        ".git/config": "x",
        "日本.txt": "x",
    }
    for name, text in files.items():
        path = tmp_path / "shop" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return tmp_path / "shop"


@pytest.fixture
def shop(td):
    """A server that has a project, a workflow and its schedule."""
    td.answers("GET /api/projects", FINDS)
    td.answers("GET /api/projects/7/workflows", {"workflows": [WORKFLOW]})
    td.answers("GET /api/projects/7/schedules", {"schedules": [SCHEDULE]})
    told = {"sessionTime": "2026-03-01T00:00:00+09:00"}
    td.answers("GET /api/workflows/2000000003/truncated_session_time", told)
    return td


def members(packed):
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        return {member.name: tar.extractfile(member).read().decode() for member in tar}


def test_a_folder_is_pushed_without_what_begins_with_a_dot(linecapi, td, folder):
    td.answers("PUT /api/projects", PROJECT)
    ended = linecapi("wf:push", str(folder), "-r", "r2", "--schedule-from", "2026-03-01T00:00:00+09:00")
    assert ended.out == "Project 'shop' has the revision r2.\n"
    [asked] = td.asked
    assert asked.params == {"project": "shop", "revision": "r2", "schedule_from": "2026-02-28T15:00:00Z"}
    assert asked.headers["content-type"] == "application/gzip"
    assert sorted(members(asked.body)) == ["daily.dig", "sql/load.sql", "日本.txt"]


def test_an_archive_is_pushed_from_standard_input(linecapi, td, monkeypatch):
    td.answers("PUT /api/projects", PROJECT)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"packed")))
    assert linecapi("wf:push", "-").code == 2
    assert linecapi("wf:push", "-p", "shop", "-", "--json").json["revision"] == "r2"
    assert (td.asked[0].body, len(td.asked[0].params["revision"])) == (b"packed", 36)


def test_what_is_wrong_in_the_files_has_a_line_each(linecapi, td, folder):
    problems = [{"file": "daily.dig", "line": 2, "message": "No."}, {"file": "daily.dig", "line": 3, "message": "Nor."}]
    td.answers("PUT /api/projects", (400, {"message": "No.\nNor.", "details": {"problems": problems}}))
    ended = linecapi("wf:push", str(folder))
    assert ended.code == 1
    assert ended.err.splitlines()[1:] == [
        "daily.dig:2: No.",
        "daily.dig:3: Nor.",
        "linecapi: Nothing was pushed to shop: its files have 2 problems.",
    ]


def test_a_folder_that_is_no_project_is_not_sent(linecapi, td, folder, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "no folder" in linecapi("wf:push", str(tmp_path / "nothing")).err
    assert "has no workflow" in linecapi("wf:push", str(tmp_path / "empty")).err
    (folder / "host").symlink_to("/etc/hostname")
    assert "leads out of the folder" in linecapi("wf:push", str(folder)).err
    (folder / "host").unlink()
    (folder / "queries").symlink_to(folder / "sql")
    assert "is a link to a folder" in linecapi("wf:push", str(folder)).err
    assert not td.asked


def test_a_folder_that_is_too_large_is_not_sent(linecapi, td, folder):
    (folder / "large.bin").write_bytes(os.urandom(11 * 1024 * 1024))
    ended = linecapi("wf:push", str(folder))
    assert (ended.code, "10,485,760 are allowed" in ended.err, td.asked) == (2, True, [])


def test_projects_are_listed_and_downloaded(linecapi, shop, folder, tmp_path, monkeypatch):
    shop.answers("PUT /api/projects", PROJECT)
    linecapi("wf:push", str(folder))
    shop.answers("GET /api/projects/7/archive", shop.asked[0].body)
    assert linecapi("wf:projects").out.splitlines()[2].split() == ["7", "shop", "r2", "2026-03-02", "03:04:05", "UTC"]
    assert linecapi("wf:download", "shop", "-r", "r1", "-o", str(tmp_path / "copy")).code == 0
    assert shop.asked[-1].params == {"revision": "r1"}
    assert (tmp_path / "copy/sql/load.sql").read_text() == "SELECT 1"
    assert "is not empty" in linecapi("wf:download", "shop", "-o", str(tmp_path / "copy")).err


@pytest.mark.parametrize("name", ["../evil", "/evil"])
def test_a_download_writes_nothing_outside_its_folder(linecapi, shop, tmp_path, name):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        tar.addfile(tarfile.TarInfo("fine.dig"), io.BytesIO())
        tar.addfile(tarfile.TarInfo(name), io.BytesIO())
    shop.answers("GET /api/projects/7/archive", out.getvalue())
    assert linecapi("wf:download", "shop", "-o", str(tmp_path / "new")).code == 1
    assert not (tmp_path / "new").exists() and not (tmp_path / "evil").exists()


def test_a_project_that_is_missing_is_exit_code_5(linecapi, td):
    td.answers("GET /api/projects", {"projects": []})
    ended = linecapi("wf:delete", "-f", "shop")
    assert (ended.code, ended.err) == (5, "linecapi: Project shop does not exist. See linecapi wf:projects.\n")


def test_a_project_is_deleted_if_somebody_wants_it(linecapi, shop):
    shop.answers("DELETE /api/projects/7", PROJECT)
    assert "there is nobody to ask" in linecapi("wf:delete", "shop").err and not shop.of("DELETE")
    assert linecapi("wf:delete", "-f", "shop").out == "Project 'shop' is deleted.\n"


def test_a_secret_comes_from_standard_input_or_a_file_and_is_not_told(linecapi, shop, tmp_path, monkeypatch):
    shop.answers("PUT /api/projects/7/secrets/line.token", {"key": "line.token", "project": NAMED})
    monkeypatch.setattr("sys.stdin", io.StringIO("sesame\n"))
    ended = linecapi("wf:secrets", "shop", "-s", "line.token")
    assert ended.out == "Secret 'line.token' is set.\n" and "sesame" not in ended.err
    (tmp_path / "token").write_text("open\n")
    linecapi("wf:secrets", "shop", "-s", "line.token", "-v", f"@{tmp_path / 'token'}")
    assert [body(asked) for asked in shop.of("PUT")] == [{"value": "sesame"}, {"value": "open"}]
    assert linecapi("wf:secrets", "shop", "-s", "line.token", "-v", "sesame").code == 2
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert linecapi("wf:secrets", "shop", "-s", "line.token").code == 2


def test_secrets_are_listed_and_deleted(linecapi, shop):
    shop.answers("GET /api/projects/7/secrets", {"secrets": [{"key": "a"}, {"key": "b"}]})
    shop.answers("DELETE /api/projects/7/secrets/*", {"key": "x"})
    assert linecapi("wf:secrets", "shop", "--json").json == ["a", "b"]
    linecapi("wf:secrets", "shop", "-d", "a", "-d", "b")
    assert [asked.path[-1] for asked in shop.of("DELETE")] == ["a", "b"]


@pytest.mark.parametrize(
    ("session", "given"),
    [
        ("2026-03-01", {"session_time": "2026-03-01T00:00:00"}),
        ("2026-03-01 09:00:00", {"session_time": "2026-03-01T09:00:00"}),
    ],
)
def test_a_workflow_is_started_for_a_time_of_its_own_zone(linecapi, shop, session, given):
    shop.answers("PUT /api/attempts", attempt())
    ended = linecapi("wf:start", "shop", "daily", "-t", session, "-P", '{"n": 1}', "-p", "brand=a=b", "-r", "r2")
    assert ended.out.startswith("Attempt 31 is started.\n")
    assert shop.asked[1].params == {"name": "daily", "revision": "r2"}
    assert shop.asked[2].params == given
    assert body(shop.of("PUT")[0]) == {
        "workflowId": "2000000003",
        "sessionTime": "2026-03-01T00:00:00+09:00",
        "retryAttemptName": None,
        "params": {"n": 1, "brand": "a=b"},
    }


@pytest.mark.parametrize(
    ("word", "mode"), [("now", None), ("hourly", "hour"), ("daily", "day"), ("schedule", "schedule")]
)
def test_a_session_time_may_be_a_word(linecapi, shop, word, mode):
    shop.answers("PUT /api/attempts", attempt())
    linecapi("wf:start", "shop", "daily", "-t", word)
    assert shop.asked[2].params.get("mode") == mode and shop.asked[2].params["session_time"].endswith("Z")


@pytest.mark.parametrize(("status", "code"), [("success", 0), ("error", 3), ("killed", 4)])
def test_an_attempt_is_waited_for_and_its_end_is_the_exit_code(linecapi, shop, status, code):
    shop.answers("PUT /api/attempts", attempt())
    shop.answers("GET /api/attempts/31", attempt(), attempt(status))
    ended = linecapi("wf:start", "shop", "daily", "-w")
    assert (ended.code, len(ended.slept)) == (code, 1)
    assert f"Status  : {status}" in ended.out


def test_a_session_that_has_an_attempt_says_how_to_go_on(linecapi, shop):
    shop.answers("PUT /api/attempts", (409, {**attempt(), "message": "The session has an attempt, 31."}))
    ended = linecapi("wf:start", "shop", "daily")
    assert ended.code == 1 and "linecapi wf:retry --all" in ended.err


@pytest.mark.parametrize("wrong", [["-p", "brand"], ["-P", "{"], ["-P", "[]"]])
def test_parameters_that_are_none_are_not_sent(linecapi, shop, wrong):
    assert linecapi("wf:start", "shop", "daily", *wrong).code == 2
    assert not shop.of("PUT")


def test_attempts_are_listed_with_how_they_stand(linecapi, td):
    found = [attempt("error", "32", retryAttemptName="again"), attempt()]
    td.answers("GET /api/attempts", {"attempts": found})
    lines = linecapi("wf:attempts", "shop", "daily", "-a", "--status", "error").out.splitlines()
    expected = ["32", "12", "shop", "daily", "2026-03-01", "00:00:00", "+09:00", "error"]
    assert lines[2].split() == [*expected, "2026-03-01", "01:02:03", "UTC", "again"]
    given = {"project": "shop", "workflow": "daily", "status": "error", "include_retried": "true", "page_size": "20"}
    assert td.asked[0].params == given
    td.answers("GET /api/sessions/12/attempts", {"attempts": found})
    assert [one["id"] for one in linecapi("wf:attempts", "-S", "12", "--json").json] == ["32", "31"]


def test_sessions_say_why_they_were_skipped(linecapi, td):
    one = {"id": "12", "project": NAMED, "workflow": {"name": "daily"}, "sessionTime": "2026-03-01T00:00:00+09:00"}
    td.answers("GET /api/sessions", {"sessions": [one | {"skipped": "It was late."}, one | {"lastAttempt": attempt()}]})
    lines = linecapi("wf:sessions").out.splitlines()
    assert lines[2].endswith("skipped: It was late.") and lines[3].endswith("31       running")


def test_tasks_are_listed_with_their_errors(linecapi, td):
    td.answers("GET /api/attempts/31/tasks", {"tasks": [TASK | {"error": {"message": "no luck"}}]})
    assert linecapi("wf:tasks", "31").out.splitlines()[2].startswith("+daily+load  error")
    assert linecapi("wf:tasks", "31").out.splitlines()[2].endswith("no luck")


def logged(*lines):
    return gzip.compress("".join(f"{line}\n" for line in lines).encode())


def files(*sizes):
    return {"files": [{"fileName": f"{n}.log.gz", "taskName": f"+t{n}", "fileSize": s} for n, s in enumerate(sizes)]}


def test_a_log_is_followed_until_the_end_and_each_line_comes_once(linecapi, td):
    td.answers("GET /api/attempts/31", attempt(), attempt(), attempt("error"))
    td.answers("GET /api/logs/31/files", files(3), files(3, 3), files(6, 3))
    td.answers("GET /api/logs/31/files/0.log.gz", logged("a"), logged("a", "\x1b[2Jb"))
    td.answers("GET /api/logs/31/files/1.log.gz", logged("c"))
    ended = linecapi("wf:log", "-f", "31", "+t")
    assert ended.out == "+t0  a\n+t1  c\n+t0  �[2Jb\n"
    assert (ended.code, td.asked[1].params) == (3, {"task": "+t"})


def test_a_log_is_printed_for_programs(linecapi, td):
    td.answers("GET /api/logs/31/files", files(3))
    td.answers("GET /api/logs/31/files/0.log.gz", logged("a"))
    assert linecapi("wf:log", "31", "--json").json == [{"task": "+t0", "line": "a"}]


def test_an_attempt_is_killed(linecapi, td):
    td.answers("POST /api/attempts/31/kill", attempt(cancelRequested=True))
    assert linecapi("wf:kill", "31").out == "Attempt 31 is being killed.\n"
    assert body(td.asked[0]) == {}
    td.answers("POST /api/attempts/32/kill", (409, {"message": "Attempt 32 has ended already."}))
    assert linecapi("wf:kill", "32").code == 1


@pytest.mark.parametrize(
    ("options", "workflow", "resume"),
    [
        ([], "1000000003", {"attemptId": "31", "mode": "failed"}),
        (["--from", "+daily+load"], "1000000003", {"attemptId": "31", "mode": "from", "from": "+daily+load"}),
        (["--all", "--latest"], "2000000003", None),
    ],
)
def test_what_failed_or_everything_is_run_again(linecapi, shop, options, workflow, resume):
    shop.answers("GET /api/attempts/31", attempt("error"))
    shop.answers("PUT /api/attempts", attempt(number="32"))
    assert linecapi("wf:retry", "31", "-n", "again", *options).code == 0
    expected = {"workflowId": workflow, "sessionTime": "2026-03-01T00:00:00+09:00", "retryAttemptName": "again"}
    assert body(shop.of("PUT")[0]) == expected | {"params": {"brand": "a"}, "resume": resume}


def test_schedules_are_listed_and_one_that_has_ended_never_runs(linecapi, td):
    ended = SCHEDULE | {"nextRunTime": "9999-01-01T00:00:00Z", "nextScheduleTime": "9999-01-01T09:00:00+09:00"}
    td.answers("GET /api/schedules", {"schedules": [SCHEDULE, ended | {"problem": "No luck."}]})
    lines = linecapi("wf:schedules").out.splitlines()
    assert lines[2].split()[3:] == ["2026-03-02", "00:00:00", "+09:00", "2026-03-01", "22:00:00", "UTC"]
    assert lines[3].split()[3:] == ["never", "never", "No", "luck."]


@pytest.mark.parametrize(
    ("argv", "how", "sent"),
    [
        (["wf:disable", "shop", "daily"], "disable", {}),
        (["wf:enable", "shop", "daily"], "enable", {"skipSchedule": True}),
        (["wf:skip", "shop", "daily", "-n", "2", "--dry-run"], "skip", {"count": 2, "dryRun": True}),
        (
            ["wf:skip", "shop", "daily", "-t", "2026-03-05"],
            "skip",
            {"nextTime": "2026-03-05T00:00:00", "dryRun": False},
        ),
    ],
)
def test_a_schedule_is_changed(linecapi, shop, argv, how, sent):
    shop.answers(f"POST /api/schedules/4/{how}", SCHEDULE)
    ended = linecapi(*argv)
    assert ended.code == 0 and (how == "disable" or "2026-03-02 00:00:00 +09:00" in ended.out)
    assert body(shop.of("POST")[0]) == sent


def test_past_sessions_are_run(linecapi, shop):
    shop.answers("POST /api/schedules/4/backfill", {"id": "4", "attempts": [attempt(), attempt(number="32")]})
    ended = linecapi("wf:backfill", "shop", "daily", "2026-03-01 00:00:00", "-n", "2", "--name", "again")
    assert ended.out.startswith("2 sessions run.\n")
    expected = {"fromTime": "2026-03-01T00:00:00", "count": 2, "attemptName": "again", "dryRun": False}
    assert body(shop.of("POST")[0]) == expected
    assert linecapi("wf:skip", "shop", "daily").code == 2


def test_a_workflow_without_a_schedule_is_told(linecapi, shop):
    shop.answers("GET /api/projects/7/schedules", {"schedules": []})
    ended = linecapi("wf:enable", "shop", "daily")
    assert (ended.code, ended.err) == (5, "linecapi: Workflow daily of project shop has no schedule.\n")
