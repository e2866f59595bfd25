import io
import tarfile
from datetime import UTC, datetime

import pytest

from accounts.models import AuditEntry
from exports.errors import NotPossible
from exports.models import Job
from tests.exports.factories import a_job
from tests.workflows.factories import attempt_of, pushed
from workflows import archives, contents, projects, secrets
from workflows.archives import ArchiveError
from workflows.models import Attempt, Project, Revision, Session, Task, TaskJob, TaskLog, Workflow, WorkflowSchedule
from workflows.projects import NotLatest, NotPushed, RevisionTaken

pytestmark = pytest.mark.django_db

DAILY = b"timezone: Asia/Tokyo\nschedule:\n  daily>: 07:00:00\n+load:\n  td>: load.sql\n  database: shop\n"
FILES = {"daily.dig": DAILY, "load.sql": b"SELECT 1"}
TEXTS = {path: content.decode() for path, content in FILES.items()}
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_push_makes_the_project_its_workflows_and_their_schedules(editor):
    revision = projects.push("shop", FILES, user=editor, schedule_from=NOON)
    workflow = Workflow.objects.get(project__name="shop")
    assert (workflow.name, workflow.timezone, workflow.revision) == ("daily", "Asia/Tokyo", revision)
    assert workflow.schedule.next_run_at == datetime(2026, 3, 1, 22, tzinfo=UTC)
    assert workflow.schedule.next_session_time == datetime(2026, 3, 1, 15, tzinfo=UTC)
    assert contents.files(revision.pk) == FILES


def test_what_is_wrong_is_told_with_its_line_and_nothing_is_pushed(editor):
    files = {"daily.dig": b"schedule:\n  daily>: 25 o'clock\n+load:\n  sh>: rm -rf\n"}
    with pytest.raises(NotPushed) as error:
        projects.push("shop", files, user=editor)
    assert [(p.place.file, p.place.line) for p in error.value.problems] == [("daily.dig", 2), ("daily.dig", 4)]
    assert not Project.objects.exists()


def test_a_workflow_whose_file_is_gone_stays_without_its_schedule(editor):
    projects.push("shop", FILES, user=editor)
    projects.push("shop", {"other.dig": b"+a:\n  echo>: hi\n"}, user=editor)
    assert list(Workflow.objects.values_list("name", "present")) == [("daily", False), ("other", True)]
    assert not WorkflowSchedule.objects.exists()


def test_the_session_that_comes_next_stays_while_the_schedule_does(editor):
    projects.push("shop", FILES, user=editor, schedule_from=NOON)
    later = datetime(2026, 4, 1, tzinfo=UTC)
    projects.push("shop", {**FILES, "load.sql": b"SELECT 2"}, user=editor, schedule_from=later)
    assert WorkflowSchedule.objects.get().next_run_at == datetime(2026, 3, 1, 22, tzinfo=UTC)
    projects.push("shop", {**FILES, "daily.dig": DAILY.replace(b"Tokyo", b"Taipei")}, user=editor, schedule_from=later)
    assert WorkflowSchedule.objects.get().next_run_at == datetime(2026, 4, 1, 23, tzinfo=UTC)


def test_the_same_revision_twice_is_one(editor):
    first = projects.push("shop", FILES, user=editor, revision="r1")
    assert projects.push("shop", FILES, user=editor, revision="r1") == first
    with pytest.raises(RevisionTaken, match="revision r1 with other files"):
        projects.push("shop", {**FILES, "load.sql": b"SELECT 2"}, user=editor, revision="r1")


def tar(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for member, content in members:
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return out.getvalue()


def link(name: str, to: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = tarfile.SYMTYPE, to
    return member


@pytest.mark.parametrize(
    ("archive", "told"),
    [
        (b"PK\x03\x04", "no gzipped tar"),
        (archives.pack(FILES)[:-20], "no gzipped tar"),
        (tar((tarfile.TarInfo("../a.dig"), b"")), "no path within a project"),
        (tar((tarfile.TarInfo("/etc/a.dig"), b"")), "no path within a project"),
        (tar((link("a.dig", "/etc/passwd"), b"")), "is a link"),
        (archives.gzip.compress(bytes(60 * 1024 * 1024)), "Unpacked, the archive has more than"),
    ],
    ids=["zip", "cut", "above", "absolute", "link", "bomb"],
)
def test_archives_that_cannot_be_used(archive, told):
    with pytest.raises(ArchiveError, match=told):
        archives.unpack(archive)


def test_an_archive_is_the_same_for_the_same_files_and_comes_back_whole():
    files = {"b.sql": b"\xff\x00", "a/深い.sql": "SELECT 'あ'".encode()}
    assert archives.pack(files) == archives.pack(dict(reversed(files.items())))
    assert archives.unpack(archives.pack(files)) == files
    assert archives.unpack(tar((tarfile.TarInfo("./a//b.dig"), b"x"))) == {"a/b.dig": b"x"}


def test_a_change_of_a_revision_that_is_not_the_latest_is_refused(editor):
    first = projects.push("shop", FILES, user=editor)
    second = projects.push("shop", {**FILES, "load.sql": b"SELECT 2"}, user=editor, upon=first.pk)
    with pytest.raises(NotLatest) as error:
        projects.push("shop", {**FILES, "load.sql": b"SELECT 3"}, user=editor, upon=first.pk)
    assert error.value.latest == second == projects.latest(second.project)


def test_a_project_goes_with_all_that_ran_in_it_and_leaves_the_jobs_and_others(editor):
    workflow, other = pushed(editor, TEXTS), pushed(editor, TEXTS, project="other")
    job = a_job()
    for one in (workflow, other):
        attempt = attempt_of(one, editor)
        top = Task.objects.create(attempt=attempt, position=0, name="+daily", full_name="+daily", file="daily.dig")
        task = Task.objects.create(attempt=attempt, parent=top, position=0, name="+a", full_name="+daily+a", file="d")
        TaskLog.objects.create(task=task, text="hi")
    TaskJob.objects.create(task=Task.objects.filter(attempt__session__workflow=workflow).last(), job=job)
    Task.objects.filter(pk=task.pk).update(awaited=Attempt.objects.get(session__workflow=workflow))
    secrets.keep(workflow.project, "token", "abc", user=editor)
    with pytest.raises(NotPossible, match="An attempt runs"):
        projects.delete(workflow.project, user=editor)
    Attempt.objects.update(state="success", finished_at=NOON)
    projects.delete(workflow.project, user=editor)
    kept = [Project, Workflow, Revision, Session, Attempt, TaskLog, WorkflowSchedule]
    assert [model.objects.count() for model in kept] == [1] * len(kept)
    assert Task.objects.count() == 2 and not Task.objects.exclude(awaited=None).exists()
    assert Job.objects.get() == job and not TaskJob.objects.exists()
    assert AuditEntry.objects.filter(action="workflow_project.delete", target_name="shop").exists()
