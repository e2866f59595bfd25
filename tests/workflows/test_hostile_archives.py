"""Archives that nobody packs by mistake, and projects that grow beyond what an archive can hold."""

import gzip
import io
import tarfile

import pytest

from tests.workflows.factories import pushed
from workflows import archives, contents, projects
from workflows.archives import ArchiveError
from workflows.models import Revision

DIG = b"+a:\n  echo>: hi\n"


def packed(name, content=b"", encoding="utf-8", **values):
    """An archive of a workflow and one other member."""
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w", encoding=encoding, errors="surrogateescape") as archive:
        for path, text, more in (("a.dig", DIG, {}), (name, content, values)):
            member = tarfile.TarInfo(path)
            member.size = len(text)
            for key, value in more.items():
                setattr(member, key, value)
            archive.addfile(member, io.BytesIO(text))
    return gzip.compress(tar.getvalue())


HOLES = {
    "old": {"GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.map": "0,0", "GNU.sparse.size": f"{10**12}"},
    "new": {
        "GNU.sparse.major": "1",
        "GNU.sparse.minor": "0",
        "GNU.sparse.name": "x",
        "GNU.sparse.realsize": f"{10**12}",
    },
}


@pytest.mark.parametrize("kind", HOLES)
def test_a_file_of_holes_is_refused_before_it_fills_the_memory(kind):
    content = b"1\n0\n0\n".ljust(512, b"\0") if kind == "new" else b""
    with pytest.raises(ArchiveError, match="has holes"):
        archives.unpack(packed("x", content, pax_headers=HOLES[kind]))


@pytest.mark.parametrize("size", ["9" * 30, "-5"])
def test_a_size_that_cannot_be_is_an_error_of_the_archive(size):
    with pytest.raises(ArchiveError):
        archives.unpack(packed("x", b"text", pax_headers={"size": size}))


@pytest.mark.parametrize(
    "values",
    [{"name": "\udcff.sql"}, {"name": "x", "type": tarfile.SYMTYPE, "linkname": "\udcff"}],
    ids=["name", "link"],
)
def test_a_name_that_is_not_utf_8_is_told_in_text_that_can_be_sent(values):
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w", format=tarfile.GNU_FORMAT, errors="surrogateescape") as archive:
        member = tarfile.TarInfo()
        for key, value in values.items():
            setattr(member, key, value)
        archive.addfile(member)
    with pytest.raises(ArchiveError, match="no path within a project") as refused:
        archives.unpack(gzip.compress(tar.getvalue()))
    assert str(refused.value).encode()


@pytest.mark.parametrize(
    "files",
    [
        {"a.dig": DIG} | {f"{n}.sql": b"" for n in range(archives.MOST_FILES)},
        {"a.dig": DIG, "a.sql": bytes(archives.LARGEST_UNPACKED)},
    ],
    ids=["too many", "too large"],
)
def test_files_that_no_revision_can_give_back_are_not_kept(editor, files):
    project = pushed(editor, {"a.dig": DIG.decode()}).project
    with pytest.raises(ArchiveError):
        projects.push(project.name, files, user=editor)
    assert contents.files(Revision.objects.get().pk) == {"a.dig": DIG}


def test_of_large_revisions_few_are_remembered(editor, monkeypatch):
    for number in range(4):
        pushed(editor, {"a.dig": DIG.decode(), "a.sql": str(number) * 1_000})
    monkeypatch.setattr(contents, "MOST_REMEMBERED", 2_500)
    numbers = sorted(Revision.objects.values_list("pk", flat=True))
    for number in numbers:
        assert contents.files(number)["a.sql"] == contents.texts(number)["a.sql"].encode()
    assert list(contents._files.known) == list(contents._texts.known) == numbers[-2:]
