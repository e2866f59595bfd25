"""Databases, tables and imports by the API."""

import gzip
import json

import msgpack
import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry
from exports.models import Query
from warehouse import merging
from warehouse.models import Database, Table, TableFile

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "data"
    settings.UPLOADS_DIR = settings.DATA_DIR / "uploads"
    settings.UPLOADS_DIR.mkdir(parents=True)


@pytest.fixture
def shop(db):
    return Database.objects.create(name="shop")


@pytest.fixture
def events(shop):
    return Table.objects.create(database=shop, name="events", columns=[["time", "BIGINT"], ["n", "BIGINT"]])


def packed(*records):
    return gzip.compress(b"".join(map(msgpack.packb, records)), mtime=0)


def send(api, *records, table="shop/events"):
    return api.put(f"/v3/table/import/{table}/msgpack.gz", packed(*records))


def message(answer):
    return answer.status_code, answer.json()["message"]


def columns():
    return Table.objects.get(name="events").columns


# --- databases ---------------------------------------------------------------------------------------------------


def test_a_database_is_made_shown_and_listed(api, editor, viewer):
    assert api(editor).post("/v3/database/create/shop").json() == {"database": "shop"}
    shown = api(viewer).get("/v3/database/show/shop").json()
    assert (shown["name"], shown["count"], shown["permission"]) == ("shop", 0, "query_only")
    assert api(editor).get("/v3/database/list").json()["databases"] == [shown | {"permission": "full_access"}]
    assert AuditEntry.objects.get(action="database.create").user == editor


def test_listing_costs_the_same_however_many_there_are(api, viewer, shop, django_assert_max_num_queries):
    calls = api(viewer)
    for number in range(5):
        database = Database.objects.create(name=f"more_{number}")
        Table.objects.create(database=database, name="one", columns=[])
    with django_assert_max_num_queries(4):
        assert len(calls.get("/v3/database/list").json()["databases"]) == 6
    with django_assert_max_num_queries(4):
        calls.get("/v3/table/list/shop")


@pytest.mark.parametrize("name", ["ab", "Shop", "1shop", "a" * 129, "system", "a b", "a.b"])
def test_a_name_that_no_database_can_have_is_422(api, editor, name):
    answer = api(editor).post(f"/v3/database/create/{name}")
    assert answer.status_code == 422 and list(answer.json()["details"]) == ["database"]


def test_a_name_that_is_taken_is_409_and_one_that_is_missing_404(api, editor, shop):
    assert message(api(editor).post("/v3/database/create/shop")) == (409, "Database shop already exists.")
    assert message(api(editor).post("/v3/database/delete/other")) == (404, "Database other does not exist.")
    assert message(api(editor).get("/v3/database/show/other")) == (404, "Database other does not exist.")
    assert api(editor).get("/v3/table/list/other").status_code == 404


def test_a_database_goes_with_its_tables(api, editor, events):
    assert api(editor).post("/v3/database/delete/shop").json() == {"database": "shop"}
    assert not Database.objects.exists() and not Table.objects.exists()


def test_a_database_that_is_in_use_stays_and_says_who_uses_it(api, editor, events):
    Query.objects.create(name="daily", database=events.database, sql="SELECT n FROM events")
    answer = api(editor).post("/v3/database/delete/shop")
    assert message(answer) == (409, "shop cannot be deleted: query “daily” uses it.")
    assert answer.json()["details"] == {"used_by": [{"kind": "query", "name": "daily"}]}
    assert Table.objects.exists()


# --- tables ------------------------------------------------------------------------------------------------------


def test_a_table_is_made_with_time_alone(api, editor, shop):
    answer = api(editor).post("/v3/table/create/shop/events/log")
    assert answer.json() == {"database": "shop", "table": "events", "type": "log"}
    assert columns() == [["time", "BIGINT"]]
    shown = api(editor).get("/v3/table/show/shop/events").json()
    assert (shown["type"], shown["count"], shown["schema"], shown["expire_days"]) == ("log", 0, "[]", None)
    assert api(editor).get("/v3/table/list/shop").json() == {"database": "shop", "tables": [shown]}


def test_what_cannot_be_made_is_told(api, editor, events):
    calls = api(editor)
    assert message(calls.post("/v3/table/create/shop/events/log")) == (409, "Table shop.events already exists.")
    assert calls.post("/v3/table/create/shop/Events/log").json()["details"]["table"][0].startswith("Use 3 to 128")
    assert message(calls.post("/v3/table/create/shop/other/item"))[1].startswith("Validation failed: type: must be log")
    assert calls.post("/v3/table/create/none/other/log").status_code == 404


def test_a_table_is_deleted_unless_a_query_reads_it(api, editor, events):
    query = Query.objects.create(name="daily", database=events.database, sql="SELECT n FROM events")
    answer = api(editor).post("/v3/table/delete/shop/events")
    assert message(answer) == (409, "shop.events cannot be deleted: query “daily” uses it.")
    query.delete()
    assert api(editor).post("/v3/table/delete/shop/events").json()["type"] == "log"
    assert api(editor).post("/v3/table/delete/shop/events").status_code == 404


def test_tables_are_swapped_renamed_and_moved(api, editor, events):
    other = Table.objects.create(database=events.database, name="other", columns=[])
    calls = api(editor)
    assert calls.post("/v3/table/swap/shop/events/other").status_code == 200
    assert Table.objects.get(pk=other.pk).name == "events"
    assert calls.post("/v3/table/rename/shop/other/third").json()["table"] == "third"
    assert message(calls.post("/v3/table/rename/shop/events/third")) == (409, "shop.third exists already.")
    assert calls.post("/v3/table/rename/shop/events/third", overwrite="true").status_code == 200
    assert [table.pk for table in Table.objects.all()] == [other.pk]
    Database.objects.create(name="archive")
    assert (
        calls.post("/v3/table/change_database/shop/third", dest_database_name="archive").json()["database"] == "archive"
    )
    assert Table.objects.get().database.name == "archive"


def test_what_cannot_be_swapped_renamed_or_moved_is_told(api, editor, events):
    calls = api(editor)
    assert calls.post("/v3/table/swap/shop/events/none").status_code == 404
    assert calls.post("/v3/table/swap/shop/events/events").status_code == 409
    assert list(calls.post("/v3/table/rename/shop/events/X").json()["details"]) == ["new_name"]
    assert list(calls.post("/v3/table/change_database/shop/events").json()["details"]) == ["dest_database_name"]
    assert calls.post("/v3/table/change_database/shop/events", dest_database_name="none").status_code == 404


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ({}, ""),
        ({"expire_days": "0"}, ""),
        ({"expire_days": "30"}, "expire_days"),
        ({"include_v": "true"}, "include_v"),
        ({"include_v": "false", "detect_schema": "true"}, ""),
        ({"detect_schema": "false"}, "detect_schema"),
    ],
)
def test_options_that_cannot_be_held_are_422(api, editor, events, given, refused):
    answer = api(editor).post("/v3/table/update/shop/events", **given)
    assert answer.status_code == (422 if refused else 200)
    assert list(answer.json().get("details", {})) == ([refused] if refused else [])


def test_there_is_no_distribution(api, viewer, events):
    assert api(viewer).get("/v3/table/distribution/shop/events").status_code == 404


# --- schemas -----------------------------------------------------------------------------------------------------


def test_a_schema_is_read_as_text_and_as_json(api, editor, events):
    schema = [["n", "double", "n"], ["tags", "array<string>"], ["small", "int"]]
    calls = api(editor)
    calls.post("/v3/table/update-schema/shop/events", schema=json.dumps(schema[:1]))
    assert columns() == [["n", "DOUBLE"], ["time", "BIGINT"]]
    calls.post("/v3/table/update-schema/shop/events", json=json.dumps({"schema": schema}))
    assert columns() == [["n", "DOUBLE"], ["tags", "VARCHAR[]"], ["small", "INTEGER"], ["time", "BIGINT"]]
    shown = calls.get("/v3/table/show/shop/events").json()["schema"]
    assert json.loads(shown) == [["n", "double"], ["tags", "array<string>"], ["small", "int"]]
    assert AuditEntry.objects.filter(action="table.schema").count() == 2


def test_a_schema_that_is_given_back_as_shown_changes_nothing(api, editor, events):
    kinds = ["BOOLEAN", "DATE", "TIMESTAMP", "DECIMAL(10,2)", "HUGEINT", "TINYINT", "MAP(VARCHAR, VARCHAR)", "DATE[]"]
    held = [[f"c{number}", kind] for number, kind in enumerate(kinds)]
    Table.objects.update(columns=[*held, ["time", "BIGINT"]])
    shown = api(editor).get("/v3/table/show/shop/events").json()["schema"]
    words = ["string", "string", "string", "double", "string", "int", "string", "array<string>"]
    assert [word for _, word in json.loads(shown)] == words
    api(editor).post("/v3/table/update-schema/shop/events", schema=shown)
    assert columns() == [*held, ["time", "BIGINT"]]


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        ("", "is required"),
        ("[", "is no valid JSON"),
        ("{}", "must be a list like"),
        ('["a"]', "entry 1 must be"),
        ('[["a", 1]]', "entry 1 must be"),
        ('[["A", "int"]]', "cannot be the name of a column"),
        ('[["a", "text"]]', '"text" is not a type. The types are int, long, float, double, string and array<…>'),
        ('[["a", "array<map>"]]', '"map" is not a type'),
        ('[["a", "int"], ["a", "int"]]', 'has the column "a" twice'),
        ('[["a", "int", "b"]]', "cannot have another name in SQL"),
        ('[["time", "string"]]', "time is a long in every table"),
        (json.dumps([[f"c{n}", "int"] for n in range(1000)]), "fewer than 1,000 are allowed"),
    ],
)
def test_a_schema_that_cannot_be_is_422(api, editor, events, schema, says):
    answer = api(editor).post("/v3/table/update-schema/shop/events", schema=schema)
    assert answer.status_code == 422 and says in answer.json()["message"]
    assert list(answer.json()["details"]) == ["schema"]


def test_columns_are_appended(api, editor, events):
    calls = api(editor)
    calls.post("/v3/table/append-schema/shop/events", schema='[["m", "string"], ["n", "long"]]')
    assert columns() == [["n", "BIGINT"], ["m", "VARCHAR"], ["time", "BIGINT"]]
    answer = calls.post("/v3/table/append-schema/shop/events", schema='[["n", "string"]]')
    assert answer.status_code == 422 and 'has a column "n" of the type long' in answer.json()["message"]


# --- imports -----------------------------------------------------------------------------------------------------


def test_rows_are_imported_and_the_newest_come_back(api, editor, events):
    body = packed({"time": 5, "n": 1, "tags": ["a", None]}, {"time": 7, "n": 2})
    answer = api(editor).put("/v3/table/import/shop/events/msgpack.gz", body).json()
    assert (answer["database"], answer["table"], len(answer["md5_hex"])) == ("shop", "events", 32)
    assert answer["elapsed_time"] > 0 and answer["unique_id"]
    tail = api(editor).get("/v3/table/tail/shop/events", count=1, format="msgpack")
    assert list(msgpack.Unpacker(tail_file(tail))) == [{"time": 7, "n": 2, "tags": None}]
    assert api(editor).get("/v3/table/show/shop/events").json()["count"] == 2
    assert AuditEntry.objects.get(action="table.tail").details == {"rows": 1}


def tail_file(answer):
    from io import BytesIO

    return BytesIO(answer.content)


def test_an_import_with_an_id_is_done_once(api, editor, events):
    for _ in range(2):
        answer = api(editor).put("/v3/table/import_with_id/shop/events/a%20b/msgpack.gz", packed({"n": 1}))
        assert answer.json()["unique_id"] == "a b"
    assert events.loads.count() == 1
    assert api(editor).put(f"/v3/table/import_with_id/shop/events/{'a' * 256}/msgpack.gz", b"").status_code == 422


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (packed({"n": "x"}), 422, 'Record 1, column "n": "x" is not a whole number (BIGINT).'),
        (packed([1]), 422, "Record 1 is a list; a map was expected."),
        (packed({"n": 1})[:-9], 422, "ends too early"),
        (b"PK\x03\x04", 422, "a ZIP archive"),
        (gzip.compress(b"\xc1", mtime=0), 422, "is not valid msgpack"),
    ],
)
def test_what_cannot_be_imported_is_told_and_leaves_nothing(api, editor, events, settings, body, status, says):
    answer = api(editor).put("/v3/table/import/shop/events/msgpack.gz", body)
    assert (answer.status_code, says in answer.json()["message"]) == (status, True)
    assert not TableFile.objects.exists() and not list(settings.UPLOADS_DIR.iterdir())


def test_an_error_has_its_place_for_programs(api, editor, events):
    assert send(api(editor), {}, {"n": "x"}).json()["details"] == {"record": 2, "column": "n"}


def test_a_body_that_is_too_large_or_not_whole_is_refused(api, editor, events, settings):
    settings.UPLOAD_LIMIT_MB = 1
    path, calls = "/v3/table/import/shop/events/msgpack.gz", api(editor)
    assert message(calls.put(path, b"a" * 1_100_000))[0] == 413
    options = {"headers": calls.headers, "content_type": "application/octet-stream"}
    assert Client().put(path, b"", CONTENT_LENGTH="", **options).status_code == 411
    assert not list(settings.UPLOADS_DIR.iterdir())


def test_only_msgpack_is_taken_and_only_into_a_table(api, editor, events):
    assert list(api(editor).put("/v3/table/import/shop/events/json", b"").json()["details"]) == ["format"]
    assert message(send(api(editor), {"n": 1}, table="shop/none")) == (404, "Table shop.none does not exist.")


def test_a_table_that_is_deleted_while_rows_come_is_404(api, editor, events, monkeypatch):
    pack = merging.loader.pack

    def late(*args, **options):
        found = pack(*args, **options)
        Table.objects.all().delete()
        return found

    monkeypatch.setattr(merging.loader, "pack", late)
    assert send(api(editor), {"n": 1}).status_code == 404


def test_values_of_every_type_come_back(api, editor, events):
    send(api(editor), {"time": int(timezone.now().timestamp()), "n": 1})
    schema = [["n", "long"], ["t", "string"]]
    api(editor).post("/v3/table/update-schema/shop/events", schema=json.dumps(schema))
    answer = api(editor).get("/v3/table/tail/shop/events")
    (row,) = msgpack.Unpacker(tail_file(answer))
    assert (row["n"], row["t"]) == (1, None)


def test_a_tail_that_cannot_be_read_is_no_5xx(api, editor, events):
    send(api(editor), {"n": 1})
    TableFile.objects.get().absolute_path.write_bytes(b"damaged")
    assert api(editor).get("/v3/table/tail/shop/events").status_code == 422


# --- roles -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "database/create/other",
        "database/delete/shop",
        "table/create/shop/other/log",
        "table/delete/shop/events",
        "table/swap/shop/events/events",
        "table/rename/shop/events/other",
        "table/change_database/shop/events",
        "table/update-schema/shop/events",
        "table/append-schema/shop/events",
        "table/update/shop/events",
    ],
)
def test_a_viewer_changes_nothing(api, viewer, events, path):
    assert message(api(viewer).post(f"/v3/{path}")) == (403, "This needs the role editor.")


def test_a_viewer_neither_imports_nor_sees_rows(api, viewer, events):
    assert send(api(viewer), {"n": 1}).status_code == 403
    assert api(viewer).get("/v3/table/tail/shop/events").status_code == 403
