"""Loading a file in two steps through the browser's eyes."""

import gzip
import io
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from accounts.models import AuditEntry
from warehouse.models import Load, Table, TableFile

pytestmark = pytest.mark.django_db

UPLOAD = "/databases/shop/upload"


def named(name, content):
    file = io.BytesIO(content if isinstance(content, bytes) else content.encode())
    file.name = name
    return file


def send(client, file, **choices):
    return client.post(UPLOAD, {"file": file, "format": "", "table": "orders", "mode": "append"} | choices)


def parquet():
    sink = io.BytesIO()
    pq.write_table(pa.table({"id": [1], "phone": ["+819012345678"]}), sink)
    return sink.getvalue()


FILES = {
    "a.csv": "id,phone\n1,+819012345678\n",
    "a.tsv": "id\tphone\n1\t+819012345678\n",
    "a.jsonl": '{"id": "1", "phone": "+819012345678"}\n',
    "a.parquet": parquet(),
}


@pytest.fixture
def client(as_user, editor):
    return as_user(editor)


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_each_format_is_loaded_in_two_steps(client, shop, name):
    step = send(client, named(name, FILES[name]))["Location"]
    page = client.get(step).content.decode()
    assert "becomes" in page and "+81•••78" in page and "Type of phone" in page
    done = client.post(step, {"column-0": "BIGINT", "column-1": "VARCHAR"})
    assert done["Location"] == "/databases/shop/tables/orders"
    assert Table.objects.get().columns == [["id", "BIGINT"], ["phone", "VARCHAR"], ["time", "BIGINT"]]
    assert Load.objects.get().sources == [name]
    assert b"1 row loaded into shop.orders" in client.get(done["Location"]).content


def test_the_waiting_file_is_private_and_goes_when_it_is_loaded(client, shop, data_dir):
    step = send(client, named("a.csv", "n\n1\n"))["Location"]
    waiting = list((data_dir / "uploads").iterdir())
    assert [path.stat().st_mode & 0o777 for path in waiting] == [0o600]
    client.post(step, {"column-0": "BIGINT"})
    assert not list((data_dir / "uploads").iterdir())
    assert client.get(step).status_code == 404


def test_another_session_cannot_reach_the_file(client, as_user, admin, shop):
    step = send(client, named("a.csv", "n\n1\n"))["Location"]
    assert as_user(admin).get(step).status_code == 404
    assert client.get(step.replace("/shop/", "/other/")).status_code == 404
    assert client.get(step).status_code == 200


def test_headers_that_are_renamed_are_shown_with_their_own_names(client, shop):
    page = client.get(send(client, named("a.csv", "Order ID,n\n1,2\n"))["Location"]).content.decode()
    assert "order_id" in page and "“Order ID” in the file" in page


def test_a_chosen_type_is_kept(client, shop):
    step = send(client, named("a.csv", "shop,n\n1,2\n"))["Location"]
    client.post(step, {"column-0": "VARCHAR", "column-1": "DOUBLE"})
    assert Table.objects.get().columns == [["shop", "VARCHAR"], ["n", "DOUBLE"], ["time", "BIGINT"]]


def times():
    return pq.read_table(TableFile.objects.get().absolute_path)["time"].to_pylist()


def test_it_says_that_time_is_added_and_takes_it_from_a_chosen_column(client, shop):
    step = send(client, named("a.csv", "n,seen,word\n1,2025-01-02 12:00,x\n"))["Location"]
    page = client.get(step).content.decode()
    assert "Added: Treasure Data" in page and "The time of the load" in page
    assert "From seen" in page and "From word" not in page
    types = {"column-0": "BIGINT", "column-1": "TIMESTAMP", "column-2": "VARCHAR"}
    client.post(step, {**types, "name-1": "seen_at", "time_column": "seen"})
    assert times() == [1735819200]


def test_a_time_column_that_is_read_as_text_is_refused(client, shop):
    step = send(client, named("a.csv", "seen\n2025-01-02 12:00\n"))["Location"]
    response = client.post(step, {"column-0": "VARCHAR", "time_column": "seen"})
    assert response.status_code == 422 and b"Read seen as a whole number, a date" in response.content


def test_a_file_with_its_own_time_is_not_given_another(client, shop):
    step = send(client, named("a.csv", "n,time\n1,2025-01-02 12:00\n"))["Location"]
    page = client.get(step).content.decode()
    assert "Times become Unix seconds" in page and "The time of the load" not in page
    client.post(step, {"column-0": "BIGINT", "column-1": "BIGINT"})
    assert times() == [1735819200]


def test_a_column_can_be_given_a_name(client, shop):
    step = send(client, named("a.csv", "名前,n\nx,1\n"))["Location"]
    assert 'value="column_1"' in client.get(step).content.decode()
    client.post(step, {"name-0": "given_name", "column-0": "VARCHAR", "name-1": "n", "column-1": "BIGINT"})
    assert Table.objects.get().columns[0] == ["given_name", "VARCHAR"]


@pytest.mark.parametrize(
    ("name", "complaint"),
    [("n", "Another column is called n."), ("Name!", "lower-case letters, digits and underscores")],
)
def test_a_name_that_will_not_do_is_explained(client, shop, name, complaint):
    step = send(client, named("a.csv", "n,m\n1,2\n"))["Location"]
    response = client.post(step, {"column-0": "BIGINT", "name-1": name, "column-1": "BIGINT"})
    assert response.status_code == 422 and complaint in response.content.decode()
    assert not Table.objects.exists()


def test_a_column_that_the_table_calls_otherwise_is_told_apart_when_appending(client, shop):
    Table.objects.create(database=shop, name="orders", columns=[["given_name", "VARCHAR"], ["n", "BIGINT"]])
    step = send(client, named("a.csv", "名前,n\nx,1\n"))["Location"]
    assert "Say below which column it is" in client.get(step).content.decode()
    assert client.post(step).status_code == 422
    client.post(step, {"name-0": "given_name"})
    file = TableFile.objects.get().absolute_path
    assert pq.read_table(file).to_pylist() == [{"given_name": "x", "n": 1}]


def test_a_gzip_file_is_loaded_whatever_its_name(client, shop):
    for name in ("a.csv.gz", "a.csv"):
        step = send(client, named(name, gzip.compress(b"n\n1\n")))["Location"]
        client.post(step, {"column-0": "BIGINT"})
    assert [load.rows for load in Load.objects.all()] == [1, 1]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (gzip.compress(b"n\n1\n", mtime=0)[:-3], "its gzip data is cut off. Line 3 is not whole."),
        (b"PK\3\4 and so on", "The file is a ZIP archive or an Excel workbook."),
    ],
    ids=["cut off", "zip"],
)
def test_a_packed_file_that_is_broken_or_other_is_explained(client, shop, content, complaint):
    response = send(client, named("a.csv.gz", content))
    assert response.status_code == 422 and complaint in response.content.decode()


def test_a_type_that_is_none_is_refused(client, shop):
    step = send(client, named("a.csv", "n\n1\n"))["Location"]
    assert client.post(step, {"column-0": "HUMBUG"}).status_code == 422
    assert not Table.objects.exists()


def test_a_broken_file_is_explained_and_the_choices_stay(client, shop, data_dir):
    response = send(client, named("a.csv", "a,b\n1,2\n3\n"), table="fresh_orders", mode="replace")
    page = response.content.decode()
    assert response.status_code == 422 and "Line 3 has 1 field, but the header has 2 columns." in page
    assert 'value="fresh_orders"' in page and re.search('<input[^>]* value="replace"[^>]* checked', page)
    assert not list((data_dir / "uploads").iterdir())


def test_a_value_that_does_not_fit_is_explained_and_the_types_stay(client, shop):
    step = send(client, named("a.csv", "shop,n\n1,2\n3,x\n"))["Location"]
    response = client.post(step, {"column-0": "DOUBLE", "column-1": "BIGINT"})
    page = response.content.decode()
    assert response.status_code == 422 and "Line 3" in page and "A value does not fit" in page
    assert '<option value="DOUBLE" selected>' in page
    assert not Table.objects.exists() and not TableFile.objects.exists()


def test_a_corrected_file_takes_the_place_of_a_broken_one(client, shop):
    step = send(client, named("a.csv", "shop,n\n1,2\n3,x\n"), mode="replace")["Location"]
    client.post(step, {"column-0": "DOUBLE", "column-1": "BIGINT"})
    again = client.post(f"{step}/file", {"file": named("b.csv", "shop,n\n1,2\n3,4\n"), "format": ""})["Location"]
    page = client.get(again).content.decode()
    assert "b.csv" in page and '<option value="DOUBLE" selected>' in page
    assert client.get(step).status_code == 404
    client.post(again, {"column-0": "DOUBLE", "column-1": "BIGINT"})
    assert Load.objects.get().mode == "replace" and Load.objects.get().rows == 2


def test_a_correction_that_is_broken_too_leaves_the_first_file(client, shop):
    step = send(client, named("a.csv", "n\n1\n"))["Location"]
    response = client.post(f"{step}/file", {"file": named("b.csv", "a,b\n1\n"), "format": ""})
    assert response.status_code == 422 and "Line 2 has 1 field" in response.content.decode()
    assert client.get(step).status_code == 200


def test_appending_shows_the_tables_types_and_what_is_missing(client, shop):
    Table.objects.create(database=shop, name="orders", columns=[["id", "VARCHAR"], ["n", "BIGINT"]])
    step = send(client, named("a.csv", "id\n1\n"))["Location"]
    page = client.get(step).content.decode()
    assert "is appended to" in page and "The file lacks n" in page and "<select" not in page.split("h-file")[0]
    client.post(step)
    assert Table.objects.get().columns == [["id", "VARCHAR"], ["n", "BIGINT"]] and Load.objects.get().rows == 1


def test_appending_a_new_column_is_refused_before_the_load(client, shop):
    Table.objects.create(database=shop, name="orders", columns=[["id", "VARCHAR"]])
    step = send(client, named("a.csv", "id,extra\n1,2\n"))["Location"]
    page = client.get(step).content.decode()
    assert "The table has no column named extra." in page and ">Load<" not in page
    assert client.post(step).status_code == 422 and not Load.objects.exists()


@pytest.mark.parametrize(
    ("choices", "reason"),
    [
        ({"table": "No Such Name"}, "lower-case letters"),
        ({"mode": "upsert"}, "valid choice"),
        ({"file": named("a.bin", "x")}, "does not tell its format"),
        ({"file": ""}, "This field is required"),
        ({"file": named("a.csv", "")}, "The file is empty"),
    ],
)
def test_a_choice_that_will_not_do_is_explained(client, shop, choices, reason):
    choices = {"file": named("a.csv", "n\n1\n")} | choices
    response = send(client, choices.pop("file"), **choices)
    assert response.status_code == 422 and reason in response.content.decode()


def test_the_format_can_be_chosen_when_the_name_does_not_tell(client, shop):
    page = client.get(send(client, named("a.txt", "a\tb\n1\t2\n"), format="tsv")["Location"]).content.decode()
    assert "Type of b" in page


def test_a_file_over_the_limit_is_refused_and_not_kept(client, shop, settings, data_dir):
    settings.UPLOAD_LIMIT_MB = 1
    response = send(client, named("a.csv", b"n\n" + b"1\n" * 700_000))
    assert response.status_code == 422 and b"The file is larger than 1 MB" in response.content
    assert b'value="orders"' in response.content
    assert not list((data_dir / "uploads").iterdir())


def test_a_file_just_over_the_limit_is_refused_too(client, shop, settings, data_dir):
    settings.UPLOAD_LIMIT_MB = 1
    response = send(client, named("a.csv", b"n\n" + b"1\n" * 512 * 1024))
    assert response.status_code == 422 and b"The file is larger than 1 MB" in response.content
    assert not list((data_dir / "uploads").iterdir())


def test_an_upload_can_be_cancelled(client, shop, data_dir):
    step = send(client, named("a.csv", "n\n1\n"))["Location"]
    assert client.post(f"{step}/cancel")["Location"] == "/databases/shop"
    assert not list((data_dir / "uploads").iterdir())


def test_a_swept_upload_is_not_found(client, shop, data_dir):
    step = send(client, named("a.csv", "n\n1\n"))["Location"]
    next((data_dir / "uploads").iterdir()).unlink()
    assert client.get(step).status_code == 404


def test_a_load_is_in_the_audit_trail(client, shop, editor):
    client.post(send(client, named("a.csv", "n\n1\n"))["Location"], {"column-0": "BIGINT"})
    entry = AuditEntry.objects.get(action="table.load")
    assert (entry.user, entry.target_name, entry.ip_address) == (editor, "shop.orders", "127.0.0.1")


def test_a_viewer_may_not_upload(as_user, viewer, shop, data_dir):
    assert send(as_user(viewer), named("a.csv", "n\n1\n")).status_code == 403
    assert not list((data_dir / "uploads").iterdir())
