"""A look at a query's first rows: with the real engine where it matters, else with one that the test plays."""

import os
import threading
import time

import pyarrow as pa
import pytest

from exports import preview as previews
from exports.preview import type_name
from tests.exports.queries import a_text, orders, shop
from warehouse.engines.base import Cancelled, LimitExceeded, QueryRejected

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    return tmp_path


class Played:
    """An engine whose one query gives these batches, then raises `end` if there is one."""

    def __init__(self, batches, end=None, wait_for_cancel=False):
        self.batches, self.end, self.wait = batches, end, wait_for_cancel
        self.schema = pa.schema([("n", pa.int64())])
        self.cancelled = threading.Event()

    def run(self, sql, **asked):
        self.asked = asked
        return self

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        pass

    def __iter__(self):
        for rows in self.batches:
            yield pa.record_batch({"n": pa.array(range(rows), pa.int64())})
        if self.wait and self.cancelled.wait(10):
            raise Cancelled("The query was cancelled.")
        if self.end:
            raise self.end

    def cancel(self):
        self.cancelled.set()


def asked(user, **changes):
    return {"text": a_text(**changes), "user": user}


def test_it_gives_the_first_rows_types_and_the_count(editor, data_dir):
    orders(shop())
    found = previews.preview(**asked(editor))
    assert found.columns == [
        ("order_uid", "varchar"),
        ("phone", "varchar"),
        ("email", "varchar"),
        ("paid_at", "bigint"),
    ]
    assert found.table.column("order_uid").to_pylist() == ["o-1", "o-2", "o-3"]
    assert (found.rows, found.complete) == (3, True) and found.seconds > 0
    assert not list((data_dir / "previews" / "work").iterdir())


def test_it_tells_where_the_text_is_wrong(editor):
    with pytest.raises(QueryRejected) as caught:
        previews.preview(**asked(editor, sql="SELECT\n  1 AS n\nFROM no_such_table"))
    assert caught.value.line == 3


def test_a_running_preview_is_cancelled_from_elsewhere(editor):
    endless = "SELECT count(*) AS n FROM range(100000000000) a, range(1000) b"
    threading.Timer(1.0, lambda: previews.cancel(user=editor, ticket="t-1")).start()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        previews.preview(**asked(editor, sql=endless), ticket="t-1")
    assert time.monotonic() - began < 15


def test_someone_elses_ticket_cancels_nothing(editor, admin):
    previews.cancel(user=admin, ticket="t-1")
    assert previews.preview(**asked(editor), ticket="t-1", using=Played([5])).rows == 5


def test_a_ticket_serves_once(editor, data_dir):
    previews.cancel(user=editor, ticket="t-1")
    with pytest.raises(Cancelled):
        previews.preview(**asked(editor), ticket="t-1", using=Played([5], wait_for_cancel=True))
    assert previews.preview(**asked(editor), ticket="t-1", using=Played([5])).rows == 5


def test_it_keeps_a_hundred_rows_and_counts_them_all(editor):
    found = previews.preview(**asked(editor), using=Played([60, 60, 900]))
    assert (len(found.table), found.rows, found.complete) == (100, 1020, True)


def test_it_stops_counting_at_the_row_limit(editor):
    full = Played([1000], end=LimitExceeded("rows", "Stopped at the limit of rows."))
    found = previews.preview(**asked(editor), using=full)
    assert (found.rows, found.complete) == (1000, False)
    assert full.asked["limits"].rows == previews.COUNTED_ROWS and full.asked["limits"].seconds == 30


def test_it_stops_counting_after_its_time(editor, monkeypatch):
    monkeypatch.setattr(previews, "COUNTING_SECONDS", 0.2)
    slow = Played([150], wait_for_cancel=True)
    found = previews.preview(**asked(editor), using=slow)
    assert (found.rows, found.complete) == (150, False)


def test_another_limit_is_an_error(editor):
    with pytest.raises(LimitExceeded) as caught:
        previews.preview(**asked(editor), using=Played([5], end=LimitExceeded("memory", "Stopped.")))
    assert caught.value.which == "memory"


def test_a_preview_is_kept_for_this_person_text_and_time_zone(editor, admin):
    previews.preview(**asked(editor), using=Played([3]))
    kept = previews.cached(**asked(editor))
    assert kept.table.to_pydict() == {"n": [0, 1, 2]} and kept.columns == [("n", "bigint")]
    assert (kept.rows, kept.complete) == (3, True)
    assert previews.cached(**asked(admin)) is None
    assert previews.cached(**asked(editor, sql="SELECT 2")) is None
    assert previews.cached(**asked(editor, time_zone="UTC")) is None


def test_a_kept_preview_is_private(editor, data_dir):
    previews.preview(**asked(editor), using=Played([3]))
    (file,) = (data_dir / "previews").glob("*.arrow")
    assert oct(file.stat().st_mode)[-3:] == "600" and oct(file.parent.stat().st_mode)[-3:] == "700"


def test_a_kept_preview_goes_after_an_hour(editor, data_dir):
    previews.preview(**asked(editor), using=Played([3]))
    (file,) = (data_dir / "previews").glob("*.arrow")
    old = time.time() - previews.KEPT_SECONDS - 1
    os.utime(file, (old, old))
    assert previews.cached(**asked(editor)) is None
    previews.sweep()
    assert not file.exists()


def test_a_broken_file_is_no_preview(editor, data_dir):
    previews.preview(**asked(editor), using=Played([3]))
    (file,) = (data_dir / "previews").glob("*.arrow")
    file.write_bytes(b"not arrow")
    assert previews.cached(**asked(editor)) is None


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (pa.string(), "varchar"),
        (pa.int32(), "integer"),
        (pa.decimal128(18, 3), "decimal(18, 3)"),
        (pa.timestamp("us"), "timestamp"),
        (pa.timestamp("us", tz="Asia/Tokyo"), "timestamp with time zone"),
        (pa.list_(pa.int64()), "bigint[]"),
        (pa.struct([("a", pa.int64())]), "struct"),
        (pa.dictionary(pa.int8(), pa.string()), "varchar"),
    ],
)
def test_types_have_sql_names(kind, name):
    assert type_name(kind) == name
