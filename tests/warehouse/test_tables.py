"""Loading is all or nothing, keeps what a table is, and leaves a record."""

import gzip
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import AuditEntry
from exports.models import Query
from tests.warehouse.factories import a_table
from warehouse import altering, tables
from warehouse.catalogue import catalogue
from warehouse.engines.base import Column
from warehouse.loading import NotLoaded, Source
from warehouse.models import Load, Table, TableFile
from warehouse.preview import first_rows

pytestmark = pytest.mark.django_db


def rows_of(table):
    """Every row that a query would see now, without the time of its load."""
    files = catalogue(table.database)[table.database.name, table.name].files
    return [row for path in files for row in pq.read_table(path).drop_columns("time").to_pylist()]


def columns_of(table):
    """The columns of a table without `time`."""
    assert table.columns[-1] == ["time", "BIGINT"]
    return table.columns[:-1]


def load(shop, *sources, **options):
    return tables.load(database=shop, table=options.pop("table", "orders"), sources=sources, **options)


def test_it_makes_a_table_from_a_csv_file(shop, source):
    table = load(shop, source("a.csv", "Order ID,phone,total\nA1,+8190,120\n"))
    assert columns_of(table) == [["order_id", "VARCHAR"], ["phone", "VARCHAR"], ["total", "BIGINT"]]
    assert rows_of(table) == [{"order_id": "A1", "phone": "+8190", "total": 120}]


def test_it_loads_every_format_alike(shop, source, tmp_path):
    pq.write_table(pa.table({"a": [4], "b": ["p"]}), tmp_path / "d.parquet")
    table = load(
        shop,
        source("a.csv", "a,b\n1,x\n"),
        source("b.tsv", "a\tb\n2\ty\n"),
        source("c.jsonl", '{"a": 3, "b": "z"}\n'),
        Source(tmp_path / "d.parquet", "parquet", "d.parquet"),
    )
    assert rows_of(table) == [{"a": n, "b": b} for n, b in zip([1, 2, 3, 4], "xyzp", strict=True)]


def test_files_of_one_load_agree_on_a_type_that_holds_them_all(shop, source):
    table = load(shop, source("a.csv", "n,m\n1,1\n"), source("b.csv", "n,m\n2.5,x\n"))
    assert columns_of(table) == [["n", "DOUBLE"], ["m", "VARCHAR"]]
    assert [row["n"] for row in rows_of(table)] == [1.0, 2.5]


def test_a_chosen_type_wins(shop, source):
    table = load(shop, source("a.csv", "shop,n\n007,1\n"), types={"n": "VARCHAR"})
    assert columns_of(table) == [["shop", "VARCHAR"], ["n", "VARCHAR"]]


@pytest.mark.parametrize(
    ("types", "complaint"),
    [({"nil": "VARCHAR"}, "no column named nil"), ({"n": "HUMBUG"}, "HUMBUG is not a type")],
)
def test_it_refuses_a_choice_that_makes_no_sense(shop, source, types, complaint):
    with pytest.raises(NotLoaded, match=complaint):
        load(shop, source("a.csv", "n\n1\n"), types=types)


def test_append_adds_rows_and_keeps_types(shop, source):
    load(shop, source("a.csv", "n,name\n1,x\n"), types={"n": "VARCHAR"})
    table = load(shop, source("b.csv", "name,n\ny,2\n"))
    assert rows_of(table) == [{"n": "1", "name": "x"}, {"n": "2", "name": "y"}]


def test_append_fills_a_missing_column_with_null(shop, source):
    load(shop, source("a.csv", "n,name\n1,x\n"))
    assert rows_of(load(shop, source("b.csv", "n\n2\n")))[1] == {"n": 2, "name": None}


def test_append_refuses_new_columns_by_name(shop, source):
    table = a_table(shop, n=[1])
    with pytest.raises(NotLoaded, match=r'b\.csv: .* does not have: "extra", "more"'):
        load(shop, source("b.csv", "n,extra,more\n2,3,4\n"))
    assert rows_of(table) == [{"n": 1}]


def test_append_refuses_another_type_than_the_table_has(shop, source):
    a_table(shop, n=[1])
    with pytest.raises(NotLoaded, match="column n is BIGINT and stays so"):
        load(shop, source("b.csv", "n\n2\n"), types={"n": "VARCHAR"})


def test_a_table_without_columns_takes_those_of_the_first_file(shop, source):
    Table.objects.create(database=shop, name="orders")
    assert columns_of(load(shop, source("a.csv", "n\n1\n"))) == [["n", "BIGINT"]]


def test_a_table_that_has_time_alone_takes_the_columns_of_the_first_file(shop, source):
    table = altering.create_table(shop, "orders")
    load(shop, source("time.csv", "time\n7\n"))
    load(shop, source("a.csv", "n,time\n1,8\n"))
    table.refresh_from_db()
    assert columns_of(table) == [["n", "BIGINT"]]
    with pytest.raises(NotLoaded, match="does not have"):
        load(shop, source("b.csv", "m\n1\n"))
    assert {tuple(row) for row in first_rows(table)} == {("1", "8"), (None, "7")}


def test_replace_changes_rows_and_columns_and_retires_files(shop, source):
    a_table(shop, n=[1])
    table = load(shop, source("b.csv", "name\ny\n"), mode="replace")
    assert rows_of(table) == [{"name": "y"}]
    assert [file.retired_at is None for file in TableFile.objects.all()] == [False, True]


def test_a_reader_that_began_before_a_replace_reads_on(shop, source):
    table = a_table(shop, n=[1])
    seen = catalogue(shop)["shop", "orders"]
    load(shop, source("b.csv", "n\n2\n"), mode="replace")
    assert pq.read_table(seen.files[0])["n"].to_pylist() == [1]
    assert rows_of(table) == [{"n": 2}]


def test_a_broken_second_file_leaves_nothing(shop, source, data_dir):
    with pytest.raises(NotLoaded) as caught:
        load(shop, source("a.csv", "n,m\n1,2\n"), source("b.csv", "n,m\n1,2\n3\n"))
    assert (caught.value.source, caught.value.line) == ("b.csv", 3)
    assert not Table.objects.exists() and not Load.objects.exists() and not AuditEntry.objects.exists()
    assert not list(data_dir.rglob("*.parquet"))


def test_a_value_that_does_not_fit_names_line_and_column(shop, source):
    a_table(shop, n=[1])
    with pytest.raises(NotLoaded) as caught:
        load(shop, source("b.csv", "n\n2\nthree\n"))
    assert (caught.value.line, caught.value.column) == (3, "n")


def test_a_failing_transaction_lists_nothing(shop, source, monkeypatch):
    table = a_table(shop, n=[1])
    monkeypatch.setattr(tables.audit, "record", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        load(shop, source("b.csv", "n\n2\n"), mode="replace")
    assert rows_of(table) == [{"n": 1}]
    assert TableFile.objects.count() == Load.objects.count() == 1


def test_a_load_is_on_record(shop, source, editor):
    load(shop, source("a.csv", "n\n1\n2\n"), user=editor)
    record, entry = Load.objects.get(), AuditEntry.objects.get(action="table.load")
    assert (record.mode, record.sources, record.rows, record.loaded_by) == ("append", ["a.csv"], 2, editor)
    assert (entry.user, entry.target_name) == (editor, "shop.orders")
    assert entry.details == {"mode": "append", "files": ["a.csv"], "rows": 2}


def test_create_makes_a_table_and_refuses_one_that_exists(shop, source):
    table = load(shop, source("a.csv", "n\n1\n"), mode="create")
    assert Load.objects.get().mode == "create"
    with pytest.raises(NotLoaded, match=r"^Table shop\.orders exists already\.$"):
        load(shop, source("b.csv", "n\n2\n"), mode="create")
    assert rows_of(table) == [{"n": 1}]


def test_what_goes_with_a_load_happens_in_its_transaction(shop, source):
    seen = []
    load(shop, source("a.csv", "n\n1\n"), also=lambda table: seen.append((table.name, rows_of(table))))
    assert seen == [("orders", [{"n": 1}])]
    with pytest.raises(ZeroDivisionError):
        load(shop, source("b.csv", "n\n2\n"), mode="replace", also=lambda _: 1 / 0)
    assert rows_of(Table.objects.get()) == [{"n": 1}] and Load.objects.count() == 1


def test_what_goes_with_a_deletion_happens_in_its_transaction(shop):
    table = a_table(shop, n=[1])
    with pytest.raises(ZeroDivisionError):
        tables.delete_table(table, also=lambda: 1 / 0)
    assert rows_of(table) == [{"n": 1}]
    tables.delete_table(table, also=lambda: Query.objects.create(name="q", database=shop, sql="SELECT 1"))
    assert Query.objects.exists() and not Table.objects.exists()


def test_the_catalogue_holds_columns_and_files_of_every_table_in_one_query(shop, django_assert_num_queries):
    loaded = [a_table(shop, f"table_{number}", n=[1]) for number in range(3)]
    Table.objects.create(database=shop, name="empty", columns=[["x", "DATE"]])
    with django_assert_num_queries(1):
        found = catalogue(shop)
    assert found["shop", "empty"].files == () and found["shop", "empty"].columns == (Column("x", "DATE"),)
    assert found["shop", "table_2"].files == (str(loaded[2].files.get().absolute_path),)
    assert len(found) == 4


def test_a_deleted_table_is_gone_at_once_and_its_files_later(shop, editor):
    table = a_table(shop, n=[1])
    path = table.files.get().absolute_path
    tables.delete_table(table, user=editor)
    assert not Table.objects.exists() and path.exists()
    assert TableFile.objects.get().retired_at <= timezone.now()
    assert AuditEntry.objects.get(action="table.delete").target_name == "shop.orders"


def test_a_table_that_a_query_reads_stays_unless_forced(shop):
    table = a_table(shop, n=[1])
    Query.objects.create(name="daily", database=shop, sql="SELECT n FROM orders")
    with pytest.raises(tables.InUse, match=r"^shop\.orders cannot be deleted: query “daily” uses it\.$"):
        tables.delete_table(table)
    assert rows_of(table) == [{"n": 1}]
    tables.delete_table(table, force=True)
    assert not Table.objects.exists()


def test_a_table_without_time_that_is_there_already_gets_none(shop, source):
    Table.objects.create(database=shop, name="orders", columns=[["n", "BIGINT"]])
    table = load(shop, source("a.csv", "n\n1\n"))
    assert table.columns == [["n", "BIGINT"]]


def test_an_append_without_time_is_given_the_time_of_the_load(shop, source):
    before = int(time.time())
    load(shop, source("a.csv", "n,time\n1,5\n"))
    table = load(shop, source("b.csv", "n\n2\n"))
    files = catalogue(shop)["shop", "orders"].files
    first, second = (pq.read_table(path)["time"].to_pylist()[0] for path in files)
    assert first == 5 and before <= second <= time.time()
    assert table.columns == [["n", "BIGINT"], ["time", "BIGINT"]]


@pytest.mark.parametrize(
    ("content", "column", "complaint"),
    [
        ("n,m\n1,x\n", "m", "The column m is VARCHAR. The time can come from a BIGINT, a TIMESTAMP or a DATE."),
        ("n\n1\n", "none", "There is no column named none. The columns are n, time."),
        ("n,time\n1,2\n", "n", "The file has a column named time, so no other column can be the time."),
    ],
)
def test_a_time_column_that_will_not_do_is_refused(shop, source, content, column, complaint):
    with pytest.raises(NotLoaded, match=f"^{complaint}$"):
        load(shop, source("a.csv", content), time_column=column)


def test_limits_are_told_with_their_values(shop, source, settings):
    settings.QUERY_ROW_LIMIT = 2
    with pytest.raises(NotLoaded, match="limit of 2 rows"):
        load(shop, source("a.csv", "n\n1\n2\n3\n"))
    settings.QUERY_ROW_LIMIT, settings.UPLOAD_LIMIT_MB = 10**9, 1
    with pytest.raises(NotLoaded, match="more than 20 MB unpacked, which is the limit"):
        load(shop, source("b.csv.gz", gzip.compress(b"n\n" + b"1\n" * 11 * 1024**2)))
    settings.LOAD_TIME_LIMIT = 0.01
    with pytest.raises(NotLoaded, match=r"time limit of 0\.01 seconds"):
        load(shop, source("c.csv", "n\n1\n"))
    assert not Table.objects.exists()


def test_a_database_is_created_once(db, editor):
    assert tables.create_database("shop_jp", editor).created_by == editor
    with pytest.raises(ValidationError, match="A database with this name exists"):
        tables.create_database("shop_jp", editor)


def test_a_database_with_tables_or_queries_stays(shop):
    Table.objects.create(database=shop, name="orders")
    with pytest.raises(tables.InUse, match="still has 1 table"):
        tables.delete_database(shop)
    shop.tables.all().delete()
    Query.objects.create(name="q", database=shop, sql="SELECT 1")
    with pytest.raises(tables.InUse, match=r"^shop cannot be deleted: query “q” uses it\.$"):
        tables.delete_database(shop)
    assert not AuditEntry.objects.exists()


def test_an_empty_database_goes(shop):
    tables.delete_database(shop)
    assert AuditEntry.objects.get().action == "database.delete"


def test_a_load_into_a_database_that_was_deleted_says_so(shop, source):
    shop.__class__.objects.all().delete()
    with pytest.raises(NotLoaded, match="was deleted meanwhile"):
        load(shop, source("a.csv", "n\n1\n"))
