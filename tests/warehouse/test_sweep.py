"""A sweep deletes what is past its grace, and nothing that someone may still read."""

import os
from datetime import timedelta

import pytest
from django.utils import timezone

from warehouse.models import Table, TableFile
from warehouse.sweep import sweep

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def file(data_dir, shop):
    """`file("1/1/a.parquet")` → a file below DATA_DIR/tables, two days old unless told."""

    def write(path, age=48 * HOUR):
        target = data_dir / "tables" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("rows")
        then = (timezone.now() - age).timestamp()
        os.utime(target, (then, then))
        return target

    return write


def listed(path, shop, retired_at=None):
    table = Table.objects.get_or_create(database=shop, name="orders")[0]
    return TableFile.objects.create(table=table, path=path, rows=1, bytes=4, retired_at=retired_at)


def test_a_listed_file_stays_however_old_it_is(file, shop):
    path = file("1/1/a.parquet", age=9999 * HOUR)
    listed("1/1/a.parquet", shop)
    assert sweep() == 0 and path.exists()


def test_a_retired_file_goes_after_a_day_and_the_longest_query(file, shop, settings):
    settings.QUERY_TIME_LIMIT = 2 * 3600
    path, now = file("1/1/a.parquet"), timezone.now()
    listed("1/1/a.parquet", shop, retired_at=now)
    assert sweep(now + 25.9 * HOUR) == 0 and path.exists()
    assert sweep(now + 26.1 * HOUR) == 1 and not path.exists()
    assert not TableFile.objects.exists()


def test_an_orphan_goes_after_a_day(file, shop):
    old, young = file("1/1/old.parquet", age=25 * HOUR), file("1/1/young.parquet", age=23 * HOUR)
    assert sweep() == 1
    assert not old.exists() and young.exists()


def test_leftovers_of_a_load_that_died_go_too(file, data_dir, shop):
    part, folder = file("loading/a.parquet"), file("loading/child-x/part.parquet").parent
    os.utime(folder, (0, 0))
    assert sweep() == 2
    assert not part.exists() and not folder.exists()


def test_forgotten_uploads_go_after_a_day(data_dir, shop):
    old, young = data_dir / "uploads" / "old", data_dir / "uploads" / "young"
    for path in (old, young):
        path.write_text("n")
    os.utime(old, (0, 0))
    assert sweep() == 1
    assert not old.exists() and young.exists()


def test_a_missing_file_does_not_stop_the_sweep(shop):
    listed("1/1/gone.parquet", shop, retired_at=timezone.now() - 99 * HOUR)
    assert sweep() == 1 and not TableFile.objects.exists()
