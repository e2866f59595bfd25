"""A project's files as one gzipped tar, which `digdag push` sends and a revision keeps. Knows no Django."""

import gzip
import io
import posixpath
import tarfile
import zlib
from collections.abc import Mapping

from workflows.dig.problems import DigError, Place, Problem

Files = Mapping[str, bytes]  # path from the project's root, with slashes → content
LARGEST = 10 * 1024 * 1024
"""Bytes of an archive, as in Treasure Data."""
LARGEST_UNPACKED = 50 * 1024 * 1024
MOST_FILES = 2_000
LONGEST_PATH = 500


class ArchiveError(ValueError):
    """The archive cannot be used; the text may be shown to users."""


def pack(files: Files) -> bytes:
    """The archive of these files; the same for the same files."""
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, content in sorted(files.items()):
            member = tarfile.TarInfo(path)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return gzip.compress(tar.getvalue(), mtime=0)


def unpack(archive: bytes) -> dict[str, bytes]:
    """The files of a .tar.gz, by their paths. Links and devices are refused. Raises ArchiveError."""
    if len(archive) > LARGEST:
        raise ArchiveError(f"The archive has {len(archive):,} bytes; at most {LARGEST:,} are allowed.")
    try:
        with tarfile.open(fileobj=io.BytesIO(_unzipped(archive)), mode="r:") as tar:
            return _members(tar)
    except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
        raise ArchiveError("This is no gzipped tar archive (.tar.gz).") from error


def _unzipped(archive: bytes) -> bytes:
    unzip = zlib.decompressobj(zlib.MAX_WBITS | 16)
    data = unzip.decompress(archive, LARGEST_UNPACKED + 1)
    if len(data) > LARGEST_UNPACKED:
        raise ArchiveError(f"Unpacked, the archive has more than {LARGEST_UNPACKED:,} bytes.")
    if not unzip.eof:
        raise EOFError
    return data


def _members(tar: tarfile.TarFile) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for member in tar:
        if member.isdir():
            continue
        if not member.isfile():
            raise ArchiveError(f"{member.name[:100]} is a link or a device; an archive has files only.")
        path = clean_path(member.name)
        content = tar.extractfile(member)
        assert content is not None
        files[path] = content.read()
        if len(files) > MOST_FILES:
            raise ArchiveError(f"A project can have {MOST_FILES:,} files, no more.")
    return files


def clean_path(name: str) -> str:
    """A file's path within the project, in its one form: `./a//b.dig` is `a/b.dig`. Raises ArchiveError."""
    path = posixpath.normpath(name.removeprefix("./"))
    if not name or path == "." or path.startswith(("/", "../")) or path == ".." or not path.isprintable():
        raise ArchiveError(f"“{name[:100]}” is no path within a project.")
    if "\\" in path or len(path) > LONGEST_PATH:
        raise ArchiveError(f"“{path[:100]}” cannot be a file's path: no \\, and at most {LONGEST_PATH} characters.")
    return path


def texts(files: Files) -> dict[str, str]:
    """Those of the files that are text. Raises DigError for a .dig file that is none."""
    found, wrong = {}, []
    for path, content in files.items():
        try:
            found[path] = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            if path.endswith(".dig"):
                wrong.append(Problem(Place(path), "The file is not UTF-8 text."))
    if wrong:
        raise DigError(wrong)
    return found
