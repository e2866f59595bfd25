"""The packed result: the same bytes each time, made once, in parts, and gone with the result."""

import gzip
import stat
from datetime import timedelta
from threading import Thread

import msgpack
import pytest
from django.db import connection
from django.utils import timezone

from exports import packed, retention
from exports.job_files import ResultGone
from exports.models import Job
from tests.exports.factories import a_job, keep

pytestmark = pytest.mark.django_db
ROWS = 25_000


@pytest.fixture
def job():
    columns = {"n": list(range(ROWS)), "text": [f"row {n}" for n in range(ROWS)]}
    return keep(a_job(exports=False), columns)


def rows(data):
    unpacker = msgpack.Unpacker()
    unpacker.feed(gzip.decompress(data))
    return list(unpacker)


def test_it_holds_every_row_in_order(job):
    found = packed.of(job)
    data = found.path.read_bytes()
    assert rows(data) == [[n, f"row {n}"] for n in range(ROWS)]
    assert (found.size, found.unpacked) == (len(data), len(gzip.decompress(data)))


def test_only_the_console_can_read_it(job):
    assert stat.S_IMODE(packed.of(job).path.stat().st_mode) == 0o600


def test_it_is_made_once(job):
    first = packed.of(job).path.stat()
    again = packed.of(Job.objects.get(pk=job.pk)).path.stat()
    assert (first.st_ino, first.st_mtime_ns) == (again.st_ino, again.st_mtime_ns)


def test_made_again_it_is_the_same_bytes(job):
    path = packed.of(job).path
    first = path.read_bytes()
    path.unlink()
    assert packed.of(job).path.read_bytes() == first
    assert [each.name for each in job.folder.iterdir() if each.suffix == ".tmp"] == []


def test_parts_of_both_forms_are_read(job):
    found = packed.of(job)
    data = found.path.read_bytes()
    plain = gzip.decompress(data)
    for start, end in [(0, 10), (300_000, 300_001), (7, 270_000), (len(plain) - 3, len(plain))]:
        assert b"".join(found.read_unpacked(start, end)) == plain[start:end]
    assert b"".join(found.read(5, 50)) == data[5:50]


def test_nothing_is_lost_of_what_compresses_well():
    found = packed.of(keep(a_job(exports=False), {"text": ["x" * 5_000] * 2_000}))
    assert len(b"".join(found.read_unpacked(0, found.unpacked))) == found.unpacked > 10_000_000


def test_what_is_heard_ends_it_without_a_trace(job):
    def stop():
        raise InterruptedError

    before = set(job.folder.iterdir())
    with pytest.raises(InterruptedError):
        packed.of(job, stop)
    assert set(job.folder.iterdir()) == before
    assert Job.objects.get(pk=job.pk).packed_bytes is None


def test_it_goes_with_the_result(job):
    path = packed.of(job).path
    Job.objects.filter(pk=job.pk).update(finished_at=timezone.now() - timedelta(days=8))
    retention.tidy(timezone.now())
    assert not path.exists()
    with pytest.raises(ResultGone):
        packed.of(job)


def test_without_a_result_there_is_none():
    with pytest.raises(ResultGone):
        packed.of(a_job(exports=False))


@pytest.mark.django_db(transaction=True)
def test_of_several_at_once_one_makes_it(monkeypatch):
    job = keep(a_job(exports=False), {"n": list(range(ROWS))})
    made, make = [], packed._make
    monkeypatch.setattr(packed, "_make", lambda *given: made.append(1) or make(*given))

    def ask():
        packed.of(Job.objects.get(pk=job.pk))
        connection.close()

    threads = [Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [1]
