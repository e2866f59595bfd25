"""A packed file is read as what is in it, up to a limit; one that is damaged says so."""

import bz2
import gzip
import io
import zipfile

import pytest

from warehouse.engines.base import LoadFailed
from warehouse.engines.opening import Unreadable, opened, unpacked

MB = 1024 * 1024


@pytest.fixture
def read(tmp_path):
    """`read(content, most_mb=1)` → what comes out, read in lines."""

    def run(content, most_mb=1):
        path = tmp_path / "file"
        path.write_bytes(content)
        with opened(path, most_mb) as file:
            return b"".join(file)

    return run


def test_a_plain_file_is_read_as_it_is(read):
    assert read(b"a\n" * MB) == b"a\n" * MB


def test_gzip_is_unpacked(read):
    assert read(gzip.compress(b"a\nb\n")) == b"a\nb\n"


def test_gzip_of_several_members_is_read_to_its_end(read):
    assert read(gzip.compress(b"a\n") + gzip.compress(b"") + gzip.compress(b"b\n") + b"\0" * 9) == b"a\nb\n"


def test_an_empty_gzip_file_is_empty(read):
    assert read(gzip.compress(b"")) == b""


def test_it_ends_at_the_limit(read):
    assert len(read(gzip.compress(b"0" * MB), most_mb=1)) == MB
    with pytest.raises(LoadFailed, match="more than 1 MB unpacked, which is the limit"):
        read(gzip.compress(b"0" * (MB + 1)), most_mb=1)


def test_a_file_that_is_cut_off_says_so(read):
    for end in (-4, -9, 15):
        with pytest.raises(Unreadable, match="ends too early: its gzip data is cut off"):
            read(gzip.compress(b"a\nb\n" * 1000)[:end])


def test_damage_is_noticed(read):
    packed = bytearray(gzip.compress(bytes(range(256)) * 40, mtime=0))
    packed[-6] ^= 1
    with pytest.raises(Unreadable, match="its gzip data is damaged"):
        read(bytes(packed))
    with pytest.raises(Unreadable, match="its gzip data is damaged"):
        read(gzip.compress(b"a\n") + b"and then something else")


def test_gzip_is_unpacked_once(read):
    with pytest.raises(Unreadable, match="is gzip within gzip"):
        read(gzip.compress(gzip.compress(b"a\n")))


def zipped():
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("a.csv", "a\n1\n")
    return sink.getvalue()


@pytest.mark.parametrize(
    ("content", "what"),
    [(zipped(), "a ZIP archive"), (bz2.compress(b"a\n"), "bzip2"), (b"\xfd7zXZ\0", "xz"), (b"(\xb5/\xfd", "Zstandard")],
)
def test_other_archives_are_refused_by_name(read, content, what):
    with pytest.raises(LoadFailed, match=what):
        read(content)


def test_a_file_for_random_access_is_unpacked_into_the_folder(tmp_path):
    plain, packed = tmp_path / "plain", tmp_path / "packed"
    plain.write_bytes(b"PAR1")
    packed.write_bytes(gzip.compress(b"PAR1"))
    assert unpacked(plain, tmp_path, 1) == plain
    assert unpacked(packed, tmp_path, 1).read_bytes() == b"PAR1"


def test_a_bomb_for_random_access_ends_at_the_limit(tmp_path):
    path = tmp_path / "bomb"
    path.write_bytes(gzip.compress(b"\0" * 3 * MB))
    with pytest.raises(LoadFailed, match="more than 2 MB unpacked"):
        unpacked(path, tmp_path, 2)
