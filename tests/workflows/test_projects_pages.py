"""The pages of workflows' projects: what they show, make, refuse and leave on the audit trail, and for whom."""

import io
import tarfile
from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry
from tests.exports.queries import line, orders, shop
from tests.workflows.factories import attempt_of, pushed
from workflows import archives, contents, projects, secrets
from workflows.models import Attempt, Project, Revision, Secret, Session, Workflow

pytestmark = pytest.mark.django_db
DAILY = "timezone: Asia/Tokyo\nschedule:\n  daily>: 07:00:00\n+load:\n  td>: queries/load.sql\n  database: shop\n"
FILES = {"daily.dig": DAILY, "queries/load.sql": "SELECT 1"}
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path):
    settings.DATA_DIR = tmp_path


@pytest.fixture
def edit(as_user, editor):
    return as_user(editor)


@pytest.fixture
def look(as_user, viewer):
    return as_user(viewer)


@pytest.fixture
def project(editor):
    return pushed(editor, FILES, project="shop", note="First").project


def url(name, *args):
    return reverse(f"workflows:{name}", args=args)


def text(response):
    return response.content.decode()


def latest(project=None):
    return projects.latest(project or Project.objects.get())


def files(project=None):
    return contents.files(latest(project).pk)


def trail():
    return list(
        AuditEntry.objects.filter(action__startswith="workflow").order_by("pk").values_list("action", flat=True)
    )


# --- the list ----------------------------------------------------------------------------------------------------


def test_an_empty_list_says_what_to_do(edit, look):
    page = text(edit.get(url("projects")))
    assert "No workflows yet" in page and url("project_new") in page
    assert url("project_new") not in text(look.get(url("projects")))


def test_the_list_shows_schedule_next_run_and_last_attempt(look, editor):
    workflow = pushed(editor, FILES, schedule_from=datetime(2026, 3, 1, tzinfo=UTC))
    for state in ("error", "success"):
        attempt = attempt_of(workflow, editor) if state == "error" else None
        if attempt is None:
            session = Session.objects.create(workflow=workflow, session_time=datetime(2026, 2, 1, tzinfo=UTC))
            attempt = Attempt.objects.create(session=session, number=1, revision=workflow.revision)
        Attempt.objects.filter(pk=attempt.pk).update(state=state, finished_at=timezone.now())
    page = text(look.get(url("projects")))
    assert "Every day at 07:00, Asia/Tokyo time" in page and "Mon 2 Mar 2026, 07:00 JST" in page
    assert "Success" in page and "1 Feb" in page and "Error" not in page


@pytest.mark.database
def test_a_search_finds_projects_and_workflows(look, editor):
    pushed(editor, {"daily.dig": "+a:\n  echo>: a\n", "Weekly.dig": "+a:\n  echo>: a\n"}, project="shop")
    pushed(editor, {"weekly_report.dig": "+a:\n  echo>: a\n"}, project="crm")
    page = text(look.get(url("projects"), {"q": "weekly"}))
    assert "Weekly" in page and "weekly_report" in page and "daily" not in page
    page = text(look.get(url("projects"), {"q": "SHOP"}))
    assert "daily" in page and "Weekly" in page and "weekly_report" not in page
    assert "Nothing matches “&lt;b&gt;”" in text(look.get(url("projects"), {"q": "<b>"}))


@pytest.mark.database
def test_many_projects_cost_no_more_sql(look, editor, django_assert_max_num_queries):
    whole = {f"w{n:02}.dig": DAILY for n in range(30)} | {"queries/load.sql": "SELECT 1"}
    revision = pushed(editor, whole, project="p000").revision
    for n in range(1, 60):
        one = Project.objects.create(name=f"p{n:03}")
        Workflow.objects.create(project=one, name="w", revision=revision)
    for workflow in Workflow.objects.all():
        attempt_of(workflow, editor)
    with django_assert_max_num_queries(9):
        page = text(look.get(url("projects")))
    assert "1–25 of 60" in page and "20 more in this project" in page and page.count("Running") == 10 + 24


# --- new ones ----------------------------------------------------------------------------------------------------


def test_a_blank_workflow_is_made_and_opened_in_the_editor(edit):
    answer = edit.post(url("project_new"), {"name": "daily", "template": "blank", "time_zone": "Asia/Tokyo"})
    made = Project.objects.get()
    assert answer.url == url("editor", made.pk) and made.name == "daily"
    assert b"timezone: Asia/Tokyo" in files()["daily.dig"] and trail() == ["workflow_project.push"]


def test_the_template_of_an_export_is_made_of_what_exists(edit):
    table, authentication = orders(shop()), line("line: prod")
    given = {"name": "to_line", "template": "export", "time_zone": "UTC"}
    refused = edit.post(url("project_new"), given)
    assert refused.status_code == 422 and "Choose a table." in text(refused) and not Project.objects.exists()
    edit.post(url("project_new"), {**given, "table": table.pk, "authentication": authentication.pk})
    workflow = contents.workflow(latest().pk, "to_line.dig")
    assert workflow.tasks[0].plain_params()["result_connection"] == "line: prod"
    assert files()["queries/events.sql"].decode().endswith("SELECT\n  phone,\n  email\nFROM orders\n")


@pytest.mark.parametrize("name", ["", "a/b", "1daily", "shop", "a\nb"])
def test_names_that_cannot_be_taken(edit, project, name):
    answer = edit.post(url("project_new"), {"name": name, "template": "blank", "time_zone": "UTC"})
    assert answer.status_code == 422 and Project.objects.count() == 1


def packed(content, name="shop.tar.gz"):
    return SimpleUploadedFile(name, content)


def tar(**members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name.replace("__", "/").replace("_dot_", "."))
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return out.getvalue()


def test_an_archive_of_a_folder_becomes_a_project(edit):
    archive = tar(shop__daily_dot_dig=b"+a:\n  echo>: a\n", shop__q__a_dot_sql=b"1", shop___dot_git__x=b"", _dot_DS=b"")
    answer = edit.post(url("project_upload"), {"upload": packed(archive)}, follow=True)
    assert set(files()) == {"daily.dig", "q/a.sql"}
    assert Project.objects.get().name == "shop" and "hidden ones were left out" in text(answer)


def test_several_files_become_a_project(edit):
    picked = [packed(b"+a:\n  td>: a.sql\n  database: d\n", "daily.dig"), packed(b"SELECT 1", "a.sql")]
    edit.post(url("project_upload"), {"name": "picked", "upload": picked})
    assert set(files()) == {"daily.dig", "a.sql"} and Project.objects.get().name == "picked"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "Choose an archive, or one or more files."),
        ({"upload": packed(b"nothing")}, "This is no gzipped tar archive"),
        ({"upload": packed(b"PK", "a.zip")}, "An archive must be a .tar.gz"),
        ({"upload": packed(archives.pack({"a.dig": b"+a:\n  sh>: ls\n"}), "new.tgz")}, "a.dig, line 2"),
        ({"upload": packed(archives.pack({"a.sql": b""}), "new.tgz")}, "The project has no workflow"),
        ({"upload": packed(b"", "shop.dig")}, "A project with this name exists."),
        ({"upload": [packed(b"", "a.dig"), packed(b"", "a.tgz")]}, "one archive, or several files"),
    ],
    ids=["nothing", "no tar", "zip", "wrong", "no workflow", "taken", "both"],
)
def test_uploads_that_are_refused(edit, project, given, told):
    for one in given.get("upload", []) if isinstance(given.get("upload"), list) else given.values():
        one.seek(0)
    answer = edit.post(url("project_upload"), given)
    assert answer.status_code == 422 and told in text(answer)
    assert Project.objects.count() == 1


def test_an_upload_is_the_next_revision_of_a_project(edit, project):
    edit.post(url("revision_upload", project.pk), {"upload": packed(archives.pack({"other.dig": b"timezone: UTC"}))})
    assert set(files()) == {"other.dig"} and latest().note == "Uploaded"


# --- a project ---------------------------------------------------------------------------------------------------


def test_the_page_of_a_project_shows_what_is_in_it(look, project, editor):
    secrets.keep(project, "td.apikey", "1/abc", user=editor)
    page = text(look.get(url("project", project.pk)))
    assert all(word in page for word in ("daily", "queries/load.sql", "First", "td.apikey", "Every day at 07:00"))
    assert "1/abc" not in page and url("project_delete", project.pk) not in page


def test_a_project_is_deleted_unless_an_attempt_runs(edit, project, editor):
    attempt = attempt_of(Workflow.objects.get(), editor)
    page = edit.get(url("project_delete", project.pk))
    assert "1 attempt runs" in text(page) and "Delete project" not in text(page)
    refused = edit.post(url("project_delete", project.pk))
    assert refused.status_code == 409 and "An attempt runs." in text(refused)
    Attempt.objects.filter(pk=attempt.pk).update(state="killed", finished_at=timezone.now())
    assert "1 session with 1 attempt," in text(edit.get(url("project_delete", project.pk)))
    edit.post(url("project_delete", project.pk))
    assert not Project.objects.exists() and trail()[-1] == "workflow_project.delete"


# --- revisions ---------------------------------------------------------------------------------------------------


def test_a_revision_shows_what_it_changed_and_can_be_restored(edit, look, project, editor):
    first = latest(project)
    pushed(editor, {**FILES, "queries/load.sql": "SELECT 2", "b.sql": "x"}, note="Second")
    page = text(look.get(url("revision", project.pk, latest(project).pk)))
    assert "<code>SELECT 1</code>" in page and "<code>SELECT 2</code>" in page and "Added" in page
    assert "Restore" not in text(look.get(url("revision", project.pk, first.pk)))
    assert "SELECT 1" in text(look.get(url("revision_file", project.pk, first.pk), {"path": "queries/load.sql"}))
    edit.post(url("revision_restore", project.pk, first.pk))
    assert files(project)["queries/load.sql"] == b"SELECT 1" and Revision.objects.count() == 3
    same = text(look.get(url("revisions_compare", project.pk), {"old": first.pk, "new": latest(project).pk}))
    assert "The same files" in same


def test_a_revision_whose_files_are_wrong_by_now_is_not_restored(edit, project):
    first = latest(project)
    old = Revision.objects.create(
        project=project, name="old", archive=archives.pack({"a.dig": b"+a:\n  sh>: x"}), size=1
    )
    Revision.objects.create(project=project, name="new", archive=archives.pack({"b.dig": b""}), size=1)
    answer = edit.post(url("revision_restore", project.pk, old.pk), follow=True)
    assert "a.dig, line 2" in text(answer) and Revision.objects.count() == 3 and first.pk


def test_a_revision_is_downloaded_as_it_was_pushed(edit, project):
    answer = edit.get(url("revision_archive", project.pk, latest().pk))
    assert archives.unpack(answer.content) == files() and 'filename="shop-' in answer["Content-Disposition"]


def test_what_is_not_of_the_project_is_not_found(look, edit, project, editor):
    other = pushed(editor, FILES, project="other").revision
    assert look.get(url("revision", project.pk, other.pk)).status_code == 404
    assert edit.get(url("revision_archive", project.pk, other.pk)).status_code == 404
    assert look.get(url("revision_file", project.pk, latest(project).pk), {"path": "../x"}).status_code == 404
    assert look.get(url("revisions_compare", project.pk), {"old": "a", "new": "²"}).url == url("revisions", project.pk)


# --- secrets -----------------------------------------------------------------------------------------------------


def test_secrets_are_written_and_never_shown(edit, look, project):
    add = url("secret_add", project.pk)
    edit.post(add, {"key": "td.apikey", "value": "1/abcdef"})
    again = edit.post(add, {"key": "td.apikey", "value": "other"})
    assert again.status_code == 422 and "There is a secret with this key" in text(again)
    edit.post(url("secret", project.pk, "td.apikey"), {"value": "2/ghijkl "})
    assert secrets.fill("${secret:td.apikey}", project.pk) == "2/ghijkl "
    page = text(edit.get(url("secrets", project.pk))) + text(look.get(url("secrets", project.pk)))
    assert "td.apikey" in page and "ghijkl" not in page
    assert trail()[1:] == ["workflow_secret.create", "workflow_secret.replace"]
    assert not any("ghijkl" in str(entry.details) for entry in AuditEntry.objects.all())


def test_a_secret_that_a_file_names_is_missed_and_its_deletion_says_so(edit, editor):
    workflow = pushed(editor, {"daily.dig": "+a:\n  echo>: ${secret:line.token}\n"})
    assert "Files name secrets that are not set." in text(edit.get(url("secrets", workflow.project_id)))
    secrets.keep(workflow.project, "line.token", "abc", user=editor)
    page = edit.get(url("secret_delete", workflow.project_id, "line.token"))
    assert "daily.dig names it." in text(page)
    edit.post(url("secret_delete", workflow.project_id, "line.token"))
    assert not Secret.objects.exists() and trail()[-1] == "workflow_secret.delete"


@pytest.mark.parametrize(("key", "value"), [("a b", "x"), ("", "x"), ("a", ""), ("a", "x" * 10_001), ("é", "x")])
def test_secrets_that_cannot_be_kept(edit, project, key, value):
    assert edit.post(url("secret_add", project.pk), {"key": key, "value": value}).status_code == 422
    assert not Secret.objects.exists()


# --- who may -----------------------------------------------------------------------------------------------------


def test_a_viewer_reads_and_changes_nothing(look, project, editor):
    secrets.keep(project, "k", "v", user=editor)
    number = latest(project).pk
    reads = ["project", "editor", "revisions", "secrets"]
    assert all(look.get(url(name, project.pk)).status_code == 200 for name in reads)
    assert look.get(url("reference")).status_code == 200
    pages = ["project_delete", "revision_upload", "editor_save", "editor_check", "secret_add"]
    addresses = [url("project_new"), url("project_upload"), *(url(name, project.pk) for name in pages)]
    addresses += [url("revision_restore", project.pk, number), url("secret", project.pk, "k")]
    addresses += [url("secret_delete", project.pk, "k")]
    assert [look.post(one).status_code for one in addresses] == [403] * len(addresses)
    assert latest(project).pk == number and Secret.objects.exists()


def test_the_reference_is_that_of_the_checks(look):
    page = text(look.get(url("reference")))
    assert all(word in page for word in ("td_for_each&gt;", "store_last_results", "result_connection", "_parallel"))
    assert "<html" not in text(look.get(url("reference"), headers=HTMX))


def test_the_time_of_a_session_is_that_of_its_workflow(look, editor):
    workflow = pushed(editor, FILES)
    attempt = attempt_of(workflow, editor)
    Session.objects.filter(pk=attempt.session_id).update(session_time=timezone.now() - timedelta(days=400))
    assert "JST" in text(look.get(url("projects")))
