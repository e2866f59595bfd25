"""`manage.py load_table`: says what it loaded, or which line of which file stopped it."""

import gzip

import pyarrow.parquet as pq
import pytest
from django.core.management import CommandError, call_command

from accounts.models import AuditEntry
from warehouse.models import Database, Load, Table, TableFile

pytestmark = pytest.mark.django_db


def load_table(*args, capsys, **options):
    call_command("load_table", *map(str, args), **options)
    return capsys.readouterr().out


def test_it_makes_database_and_table_and_prints_rows_and_types(source, capsys):
    out = load_table("shop_jp", "orders", source("a.csv", "id,phone\n1,+8190\n").path, capsys=capsys)
    assert out.splitlines() == [
        "shop_jp.orders received 1 row:",
        "  id VARCHAR",
        "  phone VARCHAR",
        "  time BIGINT",
    ]
    assert AuditEntry.objects.get(action="table.load").user_name == "console"
    assert Load.objects.get().sources == ["a.csv"]


def test_it_replaces_with_chosen_types(shop, source, capsys):
    file = source("a.csv", "n,m\n1,2\n").path
    load_table("shop", "orders", file, capsys=capsys)
    out = load_table("shop", "orders", "--replace", "--type", "n=double", "--type=m=varchar", file, capsys=capsys)
    assert out.splitlines() == ["shop.orders replaced by 1 row:", "  n DOUBLE", "  m VARCHAR", "  time BIGINT"]


def test_it_takes_the_time_from_a_column(shop, source, capsys):
    file = source("a.csv", "n,seen\n1,2025-01-02 03:04:05\n").path
    load_table("shop", "orders", file, "--time-column=Seen", capsys=capsys)
    assert pq.read_table(TableFile.objects.get().absolute_path)["time"].to_pylist() == [1735787045]


def test_it_reads_gzip_whatever_the_name(shop, source, capsys):
    packed = gzip.compress(b"n\n1\n")
    for name in ("a.csv.gz", "b.csv"):
        assert "received 1 row" in load_table("shop", "orders", source(name, packed).path, capsys=capsys)


def test_it_takes_the_format_that_the_names_do_not_tell(shop, source, capsys):
    assert "n BIGINT" in load_table("shop", "t_1", "--format=jsonl", source("a.log", '{"n": 1}\n').path, capsys=capsys)


def test_it_names_file_and_line_and_loads_nothing(source, tmp_path):
    good, bad = source("good.csv", "a,b\n1,2\n").path, source("bad.csv", "a,b\n1\n").path
    with pytest.raises(CommandError, match=rf"{bad}: Line 2 has 1 field") as caught:
        call_command("load_table", "shop_jp", "orders", str(good), str(bad))
    assert caught.value.returncode == 1
    assert not Table.objects.exists() and not Database.objects.exists()


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        (("shop", "orders", "/no/such.csv"), "There is no such file"),
        (("shop", "orders", "/etc/hostname"), "does not tell the format"),
        (("shop", "My Orders", "/etc/hostname"), "lower-case letters"),
        (("My Shop", "orders", "--format=csv", "/etc/hostname"), "lower-case letters"),
        (("shop", "orders", "/etc/hostname", "--type=n"), "is not COLUMN=TYPE"),
        (("shop", "orders", "--format=csv", "/etc/hostname", "--time-column=no"), "There is no column named no"),
    ],
)
def test_it_explains_what_it_cannot_use(db, args, complaint):
    with pytest.raises(CommandError, match=complaint):
        call_command("load_table", *args)
    assert not Database.objects.exists()
