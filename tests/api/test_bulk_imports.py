"""Bulk imports by the API, as pytd and embulk do them, and what becomes of them when things go wrong."""

import gzip
from datetime import timedelta
from io import BytesIO

import msgpack
import pytest
from django.utils import timezone

from accounts.models import AuditEntry
from exports import bulk_imports, bulk_performing, jobs
from exports.bulk_models import BulkImport, BulkPart, bulk_folder
from exports.bulk_sweep import sweep
from exports.lease import Lease, LostLease
from exports.models import Job, JobState
from exports.run import run_job
from warehouse import files, tables
from warehouse.models import Database, Table, TableFile
from warehouse.preview import first_rows

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "data"
    settings.UPLOADS_DIR = settings.DATA_DIR / "uploads"
    settings.UPLOADS_DIR.mkdir(parents=True)


@pytest.fixture
def events(db):
    shop = Database.objects.create(name="shop")
    return Table.objects.create(database=shop, name="events", columns=[["time", "BIGINT"], ["n", "BIGINT"]])


@pytest.fixture
def calls(api, editor):
    return api(editor)


def packed(*records):
    return gzip.compress(b"".join(map(msgpack.packb, records)))


def step(calls, what, *rest, **params):
    answer = calls.post("/".join(["/v3/bulk_import", what, "one", *rest]), **params)
    return answer.status_code, answer.json()


def create(calls, **params):
    assert step(calls, "create", "shop", "events", **params)[0] == 200


def upload(calls, name, body):
    return calls.put(f"/v3/bulk_import/upload_part/one/{name}", body)


def shown(calls):
    return calls.get("/v3/bulk_import/show/one").json()


def perform(calls):
    """Freeze and perform it, and run its job. → the job"""
    step(calls, "freeze")
    status, answer = step(calls, "perform")
    assert status == 200, answer
    return run(answer["job_id"])


def run(pk):
    run_job(int(pk))
    return Job.objects.get(pk=pk)


def rows():
    return sorted(first_rows(Table.objects.get(name="events")), key=str)


def loaded(calls):
    create(calls)
    upload(calls, "part-1", packed({"time": 1, "n": 1}, {"time": 2, "n": 2, "t": "b"}))
    perform(calls)


# --- the way ------------------------------------------------------------------------------------------------------


def test_it_goes_from_parts_to_rows(calls, events, editor):
    create(calls)
    assert upload(calls, "part-1", packed({"time": 1, "n": 1})).json() == {
        "name": "one",
        "bulk_import": "one",
        "part": "part-1",
    }
    upload(calls, "part-2", packed({"time": 2, "n": 2, "t": "b"}))
    assert (shown(calls)["status"], shown(calls)["upload_frozen"], shown(calls)["job_id"]) == ("uploading", False, None)
    step(calls, "freeze")
    assert shown(calls)["upload_frozen"]
    job_id = step(calls, "perform")[1]["job_id"]
    assert (shown(calls)["status"], shown(calls)["job_id"]) == ("performing", job_id)
    assert run(job_id).state == JobState.SUCCESS
    assert shown(calls) == {
        "name": "one",
        "bulk_import": "one",
        "status": "ready",
        "database": "shop",
        "table": "events",
        "job_id": job_id,
        "upload_frozen": True,
        "valid_records": 2,
        "error_records": 0,
        "valid_parts": 2,
        "error_parts": 0,
    }
    assert rows() == []
    assert step(calls, "commit")[0] == 200
    assert (shown(calls)["status"], rows()) == ("committed", [("1", "1", None), ("2", "2", "b")])
    assert events.loads.get().sources == ["bulk import one"] and events.loads.get().loaded_by == editor
    assert step(calls, "delete")[0] == 200
    assert calls.get("/v3/bulk_import/show/one").status_code == 404 and not list(bulk_folder().iterdir())
    deeds = AuditEntry.objects.filter(action__startswith="bulk_import").order_by("pk").values_list("action", flat=True)
    assert list(deeds) == ["bulk_import.create", "bulk_import.perform", "bulk_import.delete"]


def test_its_job_is_one_of_the_history(calls, events, as_user, editor):
    loaded(calls)
    job = Job.objects.get()
    told = calls.get(f"/v3/job/show/{job.pk}").json()
    assert (told["type"], told["status"], told["database"]) == ("bulk_import_perform", "success", "shop")
    assert told["query"] == "-- Bulk import one: 1 part into shop.events"
    page = as_user(editor).get(f"/jobs/{job.pk}").content.decode()
    assert "Bulk import into" in page and "2 records of 1 parts wait for the commit." in page
    assert 'id="job-again"' not in page
    again = as_user(editor).post(f"/jobs/{job.pk}/run-again", follow=True)
    assert "performs it again, by the API" in again.content.decode() and Job.objects.count() == 1


def test_a_part_that_is_sent_again_takes_the_place_of_the_first(calls, events):
    create(calls)
    upload(calls, "part", packed({"time": 1, "n": 1}))
    upload(calls, "part", packed({"time": 1, "n": 2}))
    upload(calls, "other", packed({"time": 1, "n": 3}))
    assert calls.get("/v3/bulk_import/list_parts/one").json()["parts"] == ["part", "other"]
    assert step(calls, "delete_part", "other")[0] == 200
    assert step(calls, "delete_part", "other")[0] == 404
    perform(calls)
    step(calls, "commit")
    assert rows() == [("1", "2")]


def test_what_cannot_be_read_is_left_out_and_given_back(calls, events):
    create(calls)
    upload(calls, "good", packed({"time": 1, "n": 1}, {"n": "x"}, [3]))
    upload(calls, "bad", b"no gzip, no msgpack")
    perform(calls)
    told = shown(calls)
    assert [told[k] for k in ("valid_records", "error_records", "valid_parts", "error_parts")] == [1, 2, 1, 1]
    answer = calls.get("/v3/bulk_import/error_records/one")
    records = gzip.decompress(b"".join(answer))
    assert list(msgpack.Unpacker(BytesIO(records))) == [[3], {"n": "x"}]
    assert AuditEntry.objects.get(action="bulk_import.error_records").details == {"rows": 2}
    assert '"x"' not in " ".join(line.text for line in Job.objects.get().log.all())


def test_before_its_job_there_are_no_bad_records(calls, events):
    create(calls)
    assert gzip.decompress(calls.get("/v3/bulk_import/error_records/one").content) == b""


def test_replace_takes_the_place_of_rows_and_columns(calls, events):
    loaded(calls)
    step(calls, "commit")
    step(calls, "delete")
    create(calls, mode="replace")
    upload(calls, "part", packed({"time": 9, "n": "text"}))
    perform(calls)
    step(calls, "commit")
    assert (rows(), Table.objects.get().columns) == ([("text", "9")], [["n", "VARCHAR"], ["time", "BIGINT"]])


def test_they_are_listed_in_few_queries(calls, events, django_assert_max_num_queries):
    for number in range(4):
        calls.post(f"/v3/bulk_import/create/more{number}/shop/events")
    with django_assert_max_num_queries(3):
        assert len(calls.get("/v3/bulk_import/list").json()["bulk_imports"]) == 4


# --- not now ------------------------------------------------------------------------------------------------------


def test_steps_in_another_order_are_409(calls, events):
    create(calls)
    assert step(calls, "create", "shop", "events") == (409, _conflict("The bulk import one exists already."))
    assert step(calls, "commit") == (409, _conflict("Perform it first."))
    assert step(calls, "perform") == (409, _conflict("Send its parts first."))
    upload(calls, "part", packed({"n": 1}))
    assert step(calls, "perform")[1]["message"].startswith("Freeze it first")
    step(calls, "freeze")
    assert upload(calls, "part", packed()).json()["message"].startswith("It is frozen")
    assert step(calls, "delete_part", "part")[0] == 409
    job = step(calls, "perform")[1]["job_id"]
    busy = _conflict(f"Job {job} is performing it.")
    for deed in ("perform", "unfreeze", "commit", "delete"):
        assert step(calls, deed) == (409, busy)
    run(job)
    step(calls, "commit")
    for deed in ("perform", "unfreeze"):
        assert step(calls, deed) == (409, _conflict("It is committed already."))


def _conflict(message):
    return {
        "error": "Conflict",
        "message": message,
        "text": message,
        "severity": "error",
        "status_code": 409,
        "status": 409,
    }


def test_a_commit_that_is_asked_for_again_adds_nothing(calls, events):
    loaded(calls)
    assert [step(calls, "commit")[0] for _ in range(2)] == [200, 200]
    assert len(rows()) == 2


def test_unfrozen_it_takes_more_parts_and_is_performed_anew(calls, events):
    loaded(calls)
    step(calls, "unfreeze")
    assert (shown(calls)["status"], shown(calls)["valid_records"]) == ("uploading", 0)
    upload(calls, "part-2", packed({"time": 3, "n": 3}))
    perform(calls)
    step(calls, "commit")
    assert len(rows()) == 3


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("create/one/shop/none", 404),
        ("create/one/none/events", 404),
        ("freeze/none", 404),
        ("commit/none", 404),
        (f"create/{'a' * 256}/shop/events", 422),
        ("create/a%0Ab/shop/events", 422),
    ],
)
def test_what_is_not_there_or_not_valid(calls, events, path, status):
    assert calls.post(f"/v3/bulk_import/{path}").status_code == status


def test_names_and_modes_are_checked(calls, events):
    assert list(step(calls, "create", "shop", "events", mode="merge")[1]["details"]) == ["mode"]
    create(calls)
    assert list(upload(calls, "a" * 256, packed()).json()["details"]) == ["part"]


def test_a_viewer_sees_them_and_changes_nothing(api, viewer, calls, events):
    create(calls)
    seen = api(viewer)
    assert shown(seen)["status"] == "uploading"
    assert seen.get("/v3/bulk_import/error_records/one").status_code == 403
    assert upload(seen, "part", b"").status_code == 403
    for deed in ("freeze", "unfreeze", "perform", "commit", "delete"):
        assert step(seen, deed)[0] == 403


# --- when things go wrong -----------------------------------------------------------------------------------------


def test_a_table_that_is_deleted_meanwhile_is_told(calls, events):
    create(calls)
    upload(calls, "part", packed({"n": 1}))
    step(calls, "freeze")
    job = step(calls, "perform")[1]["job_id"]
    tables.delete_table(events)
    assert run(job).error == "The table shop.events was deleted."
    assert (shown(calls)["status"], shown(calls)["database"]) == ("uploading", "shop")
    assert step(calls, "perform")[1]["message"] == "The table shop.events was deleted."


def test_a_job_that_is_stopped_leaves_the_parts(calls, events):
    create(calls)
    upload(calls, "part", packed({"time": 1, "n": 1}))
    step(calls, "freeze")
    assert jobs.stop(Job.objects.get(pk=step(calls, "perform")[1]["job_id"]))
    assert shown(calls)["status"] == "uploading"
    run(step(calls, "perform")[1]["job_id"])
    assert shown(calls)["status"] == "ready"


def die_in(monkeypatch, module, name):
    """Let the next call of it be a worker's last; → a function that lets the calls through again."""
    as_it_is = getattr(module, name)

    def die(*args, **options):
        raise LostLease

    monkeypatch.setattr(module, name, die)
    return lambda: monkeypatch.setattr(module, name, as_it_is)


@pytest.mark.parametrize("where", ["_note", "_keep_counts"])
def test_a_worker_that_dies_is_followed_by_another_and_nothing_counts_twice(calls, events, monkeypatch, where):
    create(calls)
    upload(calls, "part", packed({"time": 1, "n": 1}))
    step(calls, "freeze")
    job = step(calls, "perform")[1]["job_id"]
    revive = die_in(monkeypatch, bulk_performing, where)
    run(job)
    assert shown(calls)["status"] == "performing"
    Job.objects.update(state=JobState.QUEUED, lease_token=None, lease_until=None)
    revive()
    assert run(job).state == JobState.SUCCESS
    step(calls, "commit")
    assert rows() == [("1", "1")]


def test_a_job_that_lost_its_lease_puts_nothing_on_record(calls, events):
    create(calls)
    upload(calls, "part", packed({"time": 1, "n": 1}))
    step(calls, "freeze")
    job = Job.objects.get(pk=step(calls, "perform")[1]["job_id"])
    lease = Lease(job.pk)
    assert lease.claim()
    Job.objects.update(lease_token="00000000-0000-0000-0000-000000000000")
    with pytest.raises(LostLease):
        bulk_performing.perform(job, lease)
    assert not BulkImport.objects.get().prepared


def test_a_commit_that_fails_can_be_asked_for_again(calls, events, monkeypatch):
    loaded(calls)
    record = files.record
    monkeypatch.setattr(files, "record", lambda *args, **options: 1 / 0)
    assert step(calls, "commit")[0] == 500
    assert shown(calls)["status"] == "ready" and not TableFile.objects.exists()
    monkeypatch.setattr(files, "record", record)
    assert step(calls, "commit")[0] == 200 and len(rows()) == 2


def test_columns_that_came_meanwhile_are_kept(calls, events):
    loaded(calls)
    files.change_columns(Table.objects.get(), [["time", "BIGINT"], ["n", "DOUBLE"], ["x", "VARCHAR"]])
    step(calls, "commit")
    assert Table.objects.get().columns == [["time", "BIGINT"], ["n", "DOUBLE"], ["x", "VARCHAR"], ["t", "VARCHAR"]]


def test_a_column_whose_type_no_longer_goes_with_the_rows_is_409(calls, events):
    loaded(calls)
    files.change_columns(Table.objects.get(), [["time", "BIGINT"], ["n", "BIGINT"], ["t", "BIGINT"]])
    status, answer = step(calls, "commit")
    assert status == 409
    assert answer["message"] == (
        "The column t of the table has become BIGINT, but holds VARCHAR here. Perform it again."
    )


def test_too_many_parts_are_refused(calls, events, monkeypatch):
    monkeypatch.setattr(bulk_imports, "MOST_PARTS", 1)
    create(calls)
    assert [upload(calls, name, packed()).status_code for name in ("a", "a", "b")] == [200, 200, 409]


# --- what is abandoned --------------------------------------------------------------------------------------------


def test_an_import_that_is_abandoned_ends_with_its_files(calls, events):
    loaded(calls)
    sweep(timezone.now() + timedelta(days=29))
    assert shown(calls)["status"] == "ready" and step(calls, "commit")[0] == 200
    sweep(timezone.now() + timedelta(days=31))
    assert not BulkImport.objects.exists() and not list(bulk_folder().iterdir()) and len(rows()) == 2


def test_an_import_that_is_performed_is_not_swept(calls, events):
    create(calls)
    upload(calls, "part", packed({"n": 1}))
    step(calls, "freeze")
    step(calls, "perform")
    sweep(timezone.now() + timedelta(days=31))
    assert BulkPart.objects.get().path.is_file()


def test_files_that_nobody_knows_of_are_swept(calls, events):
    loaded(calls)
    found = BulkImport.objects.get()
    stray = found.folder / "stray.part"
    stray.write_bytes(b"")
    sweep(timezone.now() + timedelta(days=2))
    assert not stray.exists() and (found.folder / found.prepared).is_file() and found.parts.get().path.is_file()
