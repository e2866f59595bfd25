"""Workflows of control operators, from their start to their end."""

import pytest
import responses

from tests.workflows.factories import SESSION_TIME, pushed
from tests.workflows.running import run
from workflows import secrets, sessions
from workflows.models import Attempt, AttemptState, Task, TaskLog, TaskState

pytestmark = pytest.mark.django_db


def ran(user, text, **files):
    """The attempt of a workflow daily.dig at its end; other files by their names with / for __."""
    named = {name.replace("__", "/") + ".dig": one for name, one in files.items()}
    workflow = pushed(user, {"daily.dig": text, **named}).project.workflows.get(name="daily")
    attempt = sessions.start(workflow, SESSION_TIME, user=user)
    run(attempt)
    attempt.refresh_from_db()
    return attempt


def echoed(attempt):
    lines = TaskLog.objects.filter(task__attempt=attempt, task__op="echo")
    return list(lines.order_by("pk").values_list("text", flat=True))


def states(attempt):
    return {task.full_name: task.state for task in Task.objects.filter(attempt=attempt)}


def test_loops_within_loops_with_conditions(editor):
    attempt = ran(
        editor,
        """
+brands:
  for_each>: {brand: [acme, zeta]}
  _do:
    +each:
      loop>: 2
      _do:
        +choose:
          if>: ${brand == 'acme' && i == 1}
          _do:
            echo>: ${brand} ${i} yes
          _else_do:
            +no:
              echo>: ${brand} ${i} no
""",
    )
    assert attempt.state == AttemptState.SUCCESS
    assert echoed(attempt) == ["acme 0 no", "acme 1 yes", "zeta 0 no", "zeta 1 no"]


def test_the_variables_of_a_loop_come_before_what_its_body_exports(editor):
    attempt = ran(
        editor,
        """
+brands:
  for_each>: {brand: [acme]}
  _do:
    _export: {brand: none, table: "t_${brand}"}
    +say:
      echo>: ${brand} ${table}
""",
    )
    assert echoed(attempt) == ["acme t_acme"]


def test_a_failing_body_in_parallel_lets_the_others_go_on(editor):
    attempt = ran(
        editor,
        """
+all:
  for_range>: {from: 0, to: 30, step: 10}
  _parallel: {limit: 2}
  _do:
    +first:
      if>: ${range.from == 10}
      _do:
        fail>: ten is bad
    +then:
      echo>: ${range.from} to ${range.to}
+after:
  echo>: never
""",
    )
    assert attempt.state == AttemptState.ERROR
    assert sorted(echoed(attempt)) == ["0 to 10", "20 to 30"]
    assert states(attempt)["+daily+all+range-from=10&to=20+then"] == TaskState.CANCELED
    assert states(attempt)["+daily+after"] == TaskState.CANCELED
    assert "ten is bad" in attempt.error


def test_a_called_file_runs_in_its_folder_with_its_own_variables(editor):
    attempt = ran(
        editor,
        "_export: {brand: acme}\n+go:\n  call>: jp/part\n+end:\n  echo>: ${brand}\n",
        jp__part="""
timezone: Asia/Tokyo
_export: {brand: zeta}
+inner:
  call>: deeper/last.dig
+say:
  echo>: ${brand} ${timezone}
""",
        jp__deeper__last="+last:\n  echo>: ${brand} in ${task_name}\n",
    )
    assert attempt.state == AttemptState.SUCCESS
    assert echoed(attempt) == ["zeta in +daily+go^sub+inner^sub+last", "zeta UTC", "acme"]


def test_a_file_that_calls_itself_ends(editor):
    attempt = ran(editor, "+again:\n  call>: daily\n")
    assert attempt.state == AttemptState.ERROR
    assert "levels deep" in attempt.error or "1,000 tasks" in attempt.error


def test_error_tells_what_failed_by_mail_and_disabled_tasks_do_nothing(editor, settings, mailoutbox):
    settings.EMAIL_MISSING = []
    attempt = ran(
        editor,
        """
_export:
  mail: {to: ops@shop.example}
_error:
  mail>: {data: "${task_name} says: ${error.message} (${error.task_name})"}
  subject: Session ${session_date} failed
+off:
  _disable: true
  fail>: not me
+with_env:
  echo>: fine
  _env: {A: b}
+bad:
  fail>: too few rows
""",
    )
    assert attempt.state == AttemptState.ERROR
    assert echoed(attempt) == ["fine"]
    (sent,) = mailoutbox
    assert (sent.to, sent.subject) == (["ops@shop.example"], "Session 2026-03-01 failed")
    assert sent.body == "+daily^error says: too few rows (+daily+bad)"


@pytest.mark.parametrize(("op", "end"), [("echo>: loaded", "success"), ("fail>: no file", "error")])
def test_a_required_workflow_is_run_and_its_end_counts(editor, op, end):
    attempt = ran(
        editor,
        "+wait:\n  require>: load\n  params: {source: '${session_date}'}\n+then:\n  echo>: then\n",
        load=f"+l:\n  {op} ${{source}}\n",
    )
    load = Attempt.objects.get(session__workflow__name="load")
    assert attempt.state == AttemptState.RUNNING
    run(load)
    run(attempt)
    assert (load.state, attempt.state) == (end, end)
    assert echoed(load) == (["loaded 2026-03-01"] if end == "success" else [])
    assert echoed(attempt) == (["then"] if end == "success" else [])


def test_workflows_that_require_each_other_end(editor):
    attempt = ran(editor, "+a:\n  require>: load\n", load="+b:\n  require>: daily\n")
    load = Attempt.objects.get(session__workflow__name="load")
    run(load)
    run(attempt)
    assert "waits for this workflow itself" in load.error
    assert (load.state, attempt.state) == (AttemptState.ERROR, AttemptState.ERROR)


def test_what_a_server_answers_is_seen_by_the_next_task(editor, settings):
    settings.WORKFLOW_HTTP_HOSTS = ["api.shop.example"]
    files = {
        "daily.dig": """
_export:
  http: {store_content: true, headers: [{authorization: "TD1 ${secret:key}"}]}
+ask:
  http>: https://api.shop.example/${session_date}
+say:
  echo>: ${JSON.parse(http.last_content).rows} rows, ${http.last_status}
"""
    }
    workflow = pushed(editor, files)
    secrets.keep(workflow.project, "key", "s3cret-key", user=editor)
    with responses.RequestsMock() as server:
        server.get("https://api.shop.example/2026-03-01", json={"rows": 3, "you": "TD1 s3cret-key"})
        attempt = run(sessions.start(workflow, SESSION_TIME, user=editor))
        assert server.calls[0].request.headers["authorization"] == "TD1 s3cret-key"
    assert (attempt.state, echoed(attempt)) == (AttemptState.SUCCESS, ["3 rows, 200"])
    kept = attempt.tasks.values_list("stored", "params")
    assert "s3cret" not in str(list(kept))


def test_a_list_cannot_ask_for_a_secret_by_an_escape(editor):
    attempt = ran(
        editor,
        """
+named:
  for_each>: {b: "[{\\"token\\": \\"${secret:key}\\"}]"}
  _do:
    echo>: ${b.token}
+hidden:
  for_each>: {b: '["\\u0024{secret:key}"]'}
  _do:
    echo>: never
""",
    )
    assert echoed(attempt) == ["${secret:key}"]
    assert attempt.error.startswith("+daily+hidden: A list has ${secret:…} that the workflow's file does not have")


def test_an_error_that_tells_of_a_secret_can_be_told_on(editor):
    attempt = ran(
        editor,
        """
+a:
  fail>: "no ${secret:key} here"
_error:
  echo>: "${error.message}"
""",
    )
    assert (echoed(attempt), states(attempt)["+daily^error"]) == (["no {secret:key} here"], TaskState.SUCCESS)
