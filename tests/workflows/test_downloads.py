"""download_file: the file that a task leaves, who finds it, as what it is sent, and who may download it."""

import pytest
from django.urls import reverse

from accounts.models import AuditEntry, Role
from exports.models import Job
from tests.exports.factories import a_query
from tests.workflows.factories import SESSION_TIME, pushed, step, taken
from tests.workflows.running import log, run
from tests.workflows.shop import a_table, through
from workflows import downloads, sessions
from workflows.models import Attempt, AttemptState, Task, TaskJob
from workflows.operators import attachments
from workflows.operators.base import TaskFailed

pytestmark = pytest.mark.django_db(transaction=True)

START = "_export:\n  td: {database: shop}\n  mail: {to: ops@example.com, subject: Report}\n"
KEEP = "  td>: {data: \"select '%s' name\"}\n  download_file: reports/report.csv\n"
SEND = "  mail>: {data: See the file.}\n  attach_files: [{path: reports/report.csv, content_type: text/csv}]\n"


@pytest.fixture(autouse=True)
def shop(db, settings):
    settings.EMAIL_MISSING = []
    return a_table("events")


@pytest.fixture
def start(editor):
    def begin(text, **files):
        return run(sessions.start(pushed(editor, {"daily.dig": START + text, **files}), SESSION_TIME, user=editor))

    return begin


def attached(mailoutbox):
    """The names and texts of what the last mail has with it."""
    return [(name, content) for name, content, _ in mailoutbox[-1].attachments]


def failure(attempt):
    task = Task.objects.exclude(error="").exclude(op="").get(attempt=attempt)
    return f"{task.error} {task.advice}".strip()


# --- what is kept


def test_the_file_is_csv_as_digdag_writes_it(editor):
    sql = """select 1 n, 'a,"b"' text, '' blank, cast(null as varchar) none, true flag, array['x', 'y'] list,
        'é' || chr(13) || chr(10) || 'f' || chr(13) || 'g' lines, 0.5e0 half, date '2026-01-02' day, '=1+1' sum"""
    one, _, job = through(editor, "td", query=sql, download_file="./a//report.csv", folder="jp")
    assert (
        b"".join(downloads.content(job))
        == (
            "n,text,blank,none,flag,list,lines,half,day,sum\r\n"
            '1,"a,""b""","",,true,"[""x"",""y""]","é\nf\ng",0.5,2026-01-02,=1+1\r\n'
        ).encode()
    )
    assert TaskJob.objects.get(job=job).file == "jp/a/report.csv"
    assert "The result, 1 row, is kept as jp/a/report.csv." in one.log.text


def test_a_saved_query_leaves_one_too_and_no_rows_are_a_header(editor):
    a_query("daily", sql="select 7 n where false")
    files = {"none.csv": "id\n"}
    one, _, job = through(editor, "td_run", "daily", download_file="none.csv", preview=True, files=files)
    assert b"".join(downloads.content(job)) == b"n\r\n"
    assert ("INFO", "The result, 0 rows, is kept as none.csv.") in one.log
    assert ("WARN", "The project has a file none.csv, too: mail> attaches that one.") in one.log


# --- who finds it


def test_a_mail_after_it_attaches_it_and_a_file_of_the_project_first(start, mailoutbox):
    text = "+a:\n" + KEEP % "a" + "+b:\n  +c:\n" + KEEP.replace("  ", "    ") % "c" + "+send:\n" + SEND
    attempt = start(text)
    assert (attempt.state, attempt.error) == (AttemptState.SUCCESS, "")
    assert attached(mailoutbox) == [("report.csv", "name\r\nc\r\n")]  # the latest
    job = TaskJob.objects.get(task__name="+c").job
    assert f"+daily+b+c: Job {job.pk} finished" in log(attempt)
    entry = AuditEntry.objects.get(action="job.mail_result")
    assert (entry.target_id, entry.user, entry.details) == (
        str(job.pk),
        attempt.created_by,
        {"file": "reports/report.csv", "rows": 1},
    )
    workflow = pushed(attempt.created_by, {"daily.dig": START + text, "reports/report.csv": "mine"})
    run(sessions.start(workflow, SESSION_TIME.replace(day=2), user=attempt.created_by))
    assert attached(mailoutbox) == [("report.csv", "mine")]


def test_the_path_may_be_computed_and_counts_from_the_folder_of_a_called_file(start, mailoutbox):
    keep, send = KEEP.replace("reports/report", "${name}"), SEND.replace("reports/report", "../jp/r")
    called = "_export:\n  name: r\n  mail: {to: ops@example.com, subject: Report}\n+x:\n" + keep % "x" + "+y:\n" + send
    attempt = start("+a: {call>: jp/c.dig}\n", **{"jp/c.dig": called})
    assert (attempt.state, attempt.error) == (AttemptState.SUCCESS, "")
    assert (TaskJob.objects.get().file, attached(mailoutbox)) == ("jp/r.csv", [("r.csv", "name\r\nx\r\n")])


def test_only_tasks_that_end_before_it_leave_it_files(start, mailoutbox):
    attempt = start("_parallel: true\n+keep:\n" + KEEP % "a" + "+send:\n" + SEND)
    assert failure(attempt) == (
        "The project has no file reports/report.csv, and no task before this one has downloaded it."
    )
    assert mailoutbox == []


def test_a_check_and_an_error_find_what_came_before(start, mailoutbox):
    inner = SEND.replace("  ", "    ", 1).replace("\n  ", "\n    ")
    attempt = start("+a:\n" + KEEP % "a" + "  _check:\n" + inner + "+b: {fail>: no}\n_error:\n" + SEND)
    assert attempt.state == AttemptState.ERROR
    assert [len(one.attachments) for one in mailoutbox] == [1, 1]


def test_a_try_that_was_repeated_leaves_nothing(start, mailoutbox):
    within = KEEP.replace("  ", "    ") % "a"
    attempt = start("+g:\n  _retry: 1\n  +a:\n" + within + "  +b: {fail>: no}\n_error:\n" + SEND)
    mail, path = Task.objects.get(attempt=attempt, op="mail"), "reports/report.csv"
    assert len(mailoutbox) == 1
    second = TaskJob.objects.last()
    assert TaskJob.objects.filter(file=path).count() == 2
    assert downloads.latest(attempt, mail, path) == second
    TaskJob.objects.filter(pk=second.pk).update(file="other.csv")
    assert downloads.latest(attempt, mail, path) is None


def test_an_attempt_that_resumes_others_finds_what_they_downloaded(start, editor, mailoutbox):
    text = "+g:\n  +a:\n" + KEEP.replace("  ", "    ") % "a" + "+b: {fail>: no}\n+send:\n" + SEND
    first = start(text)
    second = run(sessions.resume(first, user=editor))
    assert second.state == AttemptState.ERROR
    pushed(editor, {"daily.dig": START + text.replace("+b: {fail>: no}", "+b: {echo>: yes}")})
    third = run(sessions.resume(second, user=editor, latest=True))
    assert (third.state, third.error) == (AttemptState.SUCCESS, "")
    assert attached(mailoutbox) == [("report.csv", "name\r\na\r\n")]
    assert TaskJob.objects.get().task.attempt == first
    copied = Task.objects.get(attempt=third, name="+a")
    assert downloads.of(copied) == TaskJob.objects.get()
    Attempt.objects.filter(pk=second.pk).update(resumed_from=None)
    assert downloads.of(copied) is None


def test_one_that_runs_all_anew_does_not_find_what_was_downloaded_before(start, editor, mailoutbox):
    first = start("+a:\n" + KEEP % "a" + "+send:\n" + SEND)
    text = "+a: {echo>: 1}\n+send:\n" + SEND
    pushed(editor, {"daily.dig": START + text})
    again = run(sessions.resume(first, user=editor, latest=True, from_task="+daily+a"))
    assert "no task before this one has downloaded it" in failure(again)
    assert len(mailoutbox) == 1


# --- what cannot be attached


@pytest.fixture
def kept(start):
    """An attempt with a file, and the step of a mail> that may attach it."""
    attempt = start("+a:\n" + KEEP % "a" + "+send: {echo>: 1}\n")

    def mail(user, **params):
        one = step(user, "mail", {"data": "x"}, params={"subject": "a", "to": "a@x.example", **params}, attempt=attempt)
        one.task = Task.objects.get(attempt=attempt, name="+send")
        one.task.op = "mail"
        return one

    return mail


def test_attachments_have_a_limit_together(kept, editor, monkeypatch, mailoutbox):
    monkeypatch.setattr(attachments, "MOST_BYTES", 3 * len("name\r\na\r\n") - 1)
    path = {"path": "reports/report.csv"}
    taken(kept(editor, attach_files=[path, path]))
    assert len(mailoutbox[0].attachments) == 2
    with pytest.raises(TaskFailed, match=r"The attachments would have more than \d+ MB with reports/report\.csv"):
        taken(kept(editor, attach_files=[path, path, path]))
    with pytest.raises(TaskFailed, match=r"with daily\.dig"):
        taken(kept(editor, attach_files=[{"path": "daily.dig"}]))


def test_a_result_that_was_deleted_or_is_not_for_viewers_is_told(kept, editor):
    one = kept(editor, attach_files=[{"path": "reports/report.csv"}])
    editor.role = Role.VIEWER
    editor.save()
    one.attempt.created_by = editor
    with pytest.raises(TaskFailed, match="needs the role editor"):
        taken(one)
    editor.role = Role.EDITOR
    job = Job.objects.get()
    (job.folder / "result.arrow").unlink()
    with pytest.raises(TaskFailed) as raised:
        taken(one)
    says = f"The file reports/report.csv is the result of job {job.pk}, which was deleted meanwhile."
    assert (raised.value.message, raised.value.advice) == (says, "Run +daily+a again.")


# --- the page


def test_an_editor_downloads_it_from_the_details_and_a_viewer_sees_its_name(start, as_user, editor, viewer):
    attempt = start("+a:\n" + KEEP.replace("report.csv", "日報.csv") % "a" + "+b: {fail>: no}\n")
    again = run(sessions.resume(attempt, user=editor))
    made = TaskJob.objects.get()
    file = reverse("workflows:attempt_file", args=[attempt.pk, made.job.pk])
    edit, see = as_user(editor), as_user(viewer)
    for one in (attempt, again):
        task = Task.objects.get(attempt=one, name="+a").pk
        address = reverse("workflows:attempt", args=[one.pk]) + f"?task={task}"
        page = edit.get(address).content.decode()
        assert f'href="{file}" download>reports/日報.csv</a><span class="sub">1 row</span>' in page
        page = see.get(address).content.decode()
        assert file not in page and '<span class="mono">reports/日報.csv</span>' in page
    answer = edit.get(file)
    assert b"".join(answer.streaming_content) == b"name\r\na\r\n"
    assert answer["Content-Disposition"] == "attachment; filename*=utf-8''%E6%97%A5%E5%A0%B1.csv"
    assert (answer["Content-Type"], answer["Cache-Control"]) == ("text/csv; charset=utf-8", "no-store")
    entry = AuditEntry.objects.get(action="job.download_result")
    assert (entry.user, entry.target_id, entry.details["file"]) == (editor, str(made.job.pk), "reports/日報.csv")


def test_nobody_else_downloads_it_and_what_is_gone_is_told(start, as_user, editor, viewer):
    attempt = start("+a:\n" + KEEP % "a" + "+b: {td>: {data: 'select 1 n'}}\n")
    kept, other = TaskJob.objects.order_by("pk")
    file = reverse("workflows:attempt_file", args=[attempt.pk, kept.job.pk])
    assert as_user(viewer).get(file).status_code == 403
    edit = as_user(editor)
    for args in ([attempt.pk, other.job.pk], [attempt.pk + 1, kept.job.pk]):
        assert edit.get(reverse("workflows:attempt_file", args=args)).status_code == 404
    (kept.job.folder / "result.arrow").unlink()
    page = edit.get(file, follow=True).content.decode()
    assert "reports/report.csv was deleted with the result of job" in page
    assert file not in page and "1 row; deleted with the result of its job" in page
    assert not AuditEntry.objects.filter(action="job.download_result").exists()
