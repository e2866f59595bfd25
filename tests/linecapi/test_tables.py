import gzip
import io
import json
import random

import msgpack
import pytest

from linecapi import importing

CREATED = "2026-11-30 14:00:00 UTC"
DATABASE = {"name": "shop", "count": 3, "created_at": CREATED, "updated_at": "", "permission": "full_access"}
TABLE = {
    "id": 1,
    "name": "events",
    "type": "log",
    "count": 1200,
    "estimated_storage_size": 4096,
    "counter_updated_at": "",
    "last_log_timestamp": "",
    "created_at": CREATED,
    "updated_at": "",
    "expire_days": None,
    "schema": '[["phone","string"],["price","long","p"]]',
}
PART = "PUT /v3/table/import_with_id/shop/events/*/msgpack.gz"
IMPORTED = {"elapsed_time": 0.1, "unique_id": "x", "database": "shop", "table": "events", "md5_hex": "x"}


@pytest.fixture
def imports(linecapi, td, tmp_path):
    """`imports(name, data)` → (how it ended, the rows that were sent)."""
    td.answers(PART, IMPORTED)

    def run(name, data, *options):
        (tmp_path / name).write_bytes(data)
        td.asked.clear()
        ended = linecapi("import", "shop", "events", str(tmp_path / name), *options)
        return ended, rows_of(td)

    return run


def rows_of(td):
    packed = b"".join(gzip.decompress(asked.body) for asked in td.of("PUT"))
    return list(msgpack.Unpacker(io.BytesIO(packed), raw=False))


def test_databases_and_tables_are_listed(linecapi, td):
    td.answers("GET /v3/database/list", {"databases": [DATABASE]})
    assert linecapi("db:list").out.splitlines()[2].split()[:3] == ["shop", "3", "2026-11-30"]
    td.answers("GET /v3/table/list/shop", {"database": "shop", "tables": [TABLE]})
    line = linecapi("table:list", "shop").out.splitlines()[2]
    assert " ".join(line.split()) == "events log 1,200 4,096 phone:string, price:long"


def test_creating_and_deleting(linecapi, td):
    td.answers("POST /v3/database/create/shop", {"database": "shop"})
    td.answers("POST /v3/table/create/shop/events/log", {"database": "shop", "table": "events", "type": "log"})
    td.answers("POST /v3/table/delete/shop/events", {"type": "log"})
    assert linecapi("db:create", "shop").out == "Database 'shop' is created.\n"
    assert linecapi("table:create", "shop", "events").code == 0
    assert linecapi("table:delete", "-f", "shop", "events").code == 0


def test_where_nobody_can_be_asked_deleting_needs_force(linecapi, td, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    ended = linecapi("db:delete", "shop")
    assert (ended.code, td.asked) == (2, [])
    assert "Give -f to delete" in ended.err


def test_csv_becomes_numbers_only_where_nothing_is_lost(imports):
    text = "time,phone,code,price,rate,flag,none\n1,+818012345678,007,10,0.5,true,\n2,,12,-3,2,false,\n"
    ended, rows = imports("a.csv", text.encode("utf-8-sig"))
    assert ended.out == "Imported 2 rows into shop.events.\n"
    first = {"time": 1, "phone": "+818012345678", "code": "007", "price": 10, "rate": 0.5, "flag": True, "none": None}
    assert rows[0] == first
    assert rows[1] == {"time": 2, "phone": None, "code": "12", "price": -3, "rate": 2.0, "flag": False, "none": None}


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.tsv", "time\tname\n5\t森\n".encode()),
        ("a.jsonl", '{"time": 5, "name": "森"}\n\n'.encode()),
        ("a.json.gz", gzip.compress('{"time": 5, "name": "森"}'.encode())),
        ("a.msgpack.gz", gzip.compress(msgpack.packb({"time": 5, "name": "森"}))),
    ],
    ids=["tsv", "jsonl", "json.gz", "msgpack.gz"],
)
def test_each_format_is_read(imports, name, data):
    assert imports(name, data)[1] == [{"time": 5, "name": "森"}]


def test_time_is_taken_from_a_column_or_is_now(imports, monkeypatch):
    monkeypatch.setattr("time.time", lambda: 1_796_083_200.9)
    assert imports("a.csv", b"at\n2026-12-01 00:00:01\n", "-t", "at")[1] == [
        {"at": "2026-12-01 00:00:01", "time": 1796083201}
    ]
    assert imports("b.csv", b"at\n7\n")[1] == [{"at": 7, "time": 1796083200}]


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a.csv", b"a,b\n1,2\n1\n", "line 3 has 1 fields, the header 2."),
        ("a.csv", b"a,a\n1,2\n", "must name each column once: a."),
        ("a.csv", "a\n森\n".encode("cp932"), "is not UTF-8. Convert it first."),
        ("a.jsonl", b'{"a": 1}\n{"a": \n', "line 2 is no JSON"),
        ("a.jsonl", b"[1]\n", "line 1 is no object"),
        ("a.csv.gz", b"a\n1\n", "is no whole gzip file"),
        ("a.msgpack", msgpack.packb([1]), "row 1 is no object"),
    ],
)
def test_a_file_that_cannot_be_read_sends_nothing(imports, name, data, says):
    ended, rows = imports(name, data)
    assert (ended.code, rows) == (1, [])
    assert says in ended.err
    assert ended.err.count("\n") == 1


def test_a_part_whose_answer_is_lost_is_sent_again_under_the_same_name(imports, td):
    td.answers(PART, None, (503, b""), IMPORTED)
    ended, _ = imports("a.csv", b"time\n1\n")
    assert (ended.code, ended.slept) == (0, [1.0, 5.0])
    assert len(td.of("PUT")) == 3
    assert len({asked.path for asked in td.of("PUT")}) == 1


def test_a_part_that_is_refused_tells_how_many_rows_are_stored(imports, td, monkeypatch):
    monkeypatch.setattr(importing, "BLOCK", 1)
    monkeypatch.setattr(importing, "PART", 1)
    td.answers(PART, IMPORTED, (404, {"message": "Table shop.events does not exist."}))
    ended, rows = imports("a.csv", b"time\n1\n2\n3\n")
    assert (ended.code, len(rows)) == (5, 2)
    says = "1 rows were stored, then: Table shop.events does not exist. Create it with --auto-create-table."
    assert says in ended.err


def test_many_rows_go_in_several_parts(tmp_path):
    rows = ({"time": n, "text": random.Random(n).randbytes(50).hex()} for n in range(5000))
    made = list(importing.parts(rows, tmp_path, size=50_000))
    assert len(made) > 2
    assert sum(count for _, count in made) == 5000


def test_missing_database_and_table_are_created_when_asked(imports, td):
    td.answers("POST /v3/database/create/shop", (409, {"message": "shop exists"}))
    td.answers("POST /v3/table/create/shop/events/log", {"database": "shop", "table": "events", "type": "log"})
    ended, rows = imports("a.csv", b"time\n1\n", "--auto-create-table", "--json")
    assert ended.json == {"database": "shop", "table": "events", "rows": 1}
    assert len(rows) == 1


def test_connections_are_listed_without_secrets(linecapi, td):
    line = {"name": "line", "url": json.dumps({"type": "line_conversion", "access_token": "hidden"})}
    old = {"name": "old", "url": "mysql://user:hidden@host/db"}
    td.answers("GET /v3/result/list", {"results": [line, old]})
    ended = linecapi("connection:list", "--json")
    assert [found["name"] for found in ended.json] == ["line", "old"]
    assert "hidden" not in ended.out


def test_a_connection_is_created_from_a_file(linecapi, td, tmp_path):
    (tmp_path / "line.json").write_text('{"type": "line_conversion"}', encoding="utf-8")
    td.answers("POST /v3/result/create/line", {"name": "line", "result": "…"})
    assert linecapi("connection:create", "line", f"@{tmp_path}/line.json").code == 0
    assert td.asked[0].params == {"url": '{"type": "line_conversion"}'}
