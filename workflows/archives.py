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
    """The archive of these files; the same for the same files. Raises ArchiveError for what `unpack` would not take."""
    _refuse_too_many(len(files))
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, content in sorted(files.items()):
            member = tarfile.TarInfo(path)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
            _refuse_too_large(tar.tell())
    _refuse_too_large(len(tar.getvalue()))
    packed = gzip.compress(tar.getvalue(), mtime=0)
    if len(packed) > LARGEST:
        raise ArchiveError(f"The project has {len(packed):,} bytes packed; at most {LARGEST:,} are allowed.")
    return packed


def unpack(archive: bytes) -> dict[str, bytes]:
    """The files of a .tar.gz by their paths, links within the project as what they lead to. Raises ArchiveError."""
    if len(archive) > LARGEST:
        raise ArchiveError(f"The archive has {len(archive):,} bytes; at most {LARGEST:,} are allowed.")
    try:
        with tarfile.open(fileobj=io.BytesIO(_unzipped(archive)), mode="r:") as tar:
            return _members(tar)
    except ArchiveError:
        raise
    except (tarfile.TarError, zlib.error, EOFError, OSError, ValueError, OverflowError) as error:
        raise ArchiveError("This is no gzipped tar archive (.tar.gz).") from error


def _unzipped(archive: bytes) -> bytes:
    unzip = zlib.decompressobj(zlib.MAX_WBITS | 16)
    data = unzip.decompress(archive, LARGEST_UNPACKED + 1)
    _refuse_too_large(len(data))
    if not unzip.eof:
        raise EOFError
    return data


def _members(tar: tarfile.TarFile) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    links: dict[str, str] = {}
    for member in tar:
        if member.isdir():
            continue
        path = clean_path(member.name)
        if member.issym():
            links[path] = posixpath.join(posixpath.dirname(path), member.linkname)
        elif member.islnk():
            links[path] = member.linkname
        elif (
            member.isfile() and not member.issparse() and member.size >= 0
        ):  # few bytes can stand for terabytes of holes
            content = tar.extractfile(member)
            assert content is not None
            files[path] = content.read()
        else:
            raise ArchiveError(f"{path[:100]} is a device or has holes; an archive has plain files only.")
        _refuse_too_many(len(files) + len(links))
    return _followed(files, links)


def _followed(files: dict[str, bytes], links: Mapping[str, str]) -> dict[str, bytes]:
    """With what links lead to, files or folders of the project that are no links themselves, in their place."""
    real, size = dict(files), sum(map(len, files.values()))
    for path, target in links.items():
        to = clean_path(target)
        found = {path + name.removeprefix(to): name for name in real if name == to or name.startswith(f"{to}/")}
        if not found:
            raise ArchiveError(f"{path[:100]} is a link to {to[:100]}, which is no file or folder of the project.")
        files |= {place: real[name] for place, name in found.items()}
        _refuse_too_many(len(files))
        size += sum(len(real[name]) for name in found.values())
        _refuse_too_large(size)
    return files


def _refuse_too_many(files: int) -> None:
    if files > MOST_FILES:
        raise ArchiveError(f"A project can have {MOST_FILES:,} files, no more.")


def _refuse_too_large(size: int) -> None:
    if size > LARGEST_UNPACKED:
        raise ArchiveError(f"Unpacked, the archive has more than {LARGEST_UNPACKED:,} bytes.")


def clean_path(name: str) -> str:
    """A file's path within the project, in its one form: `./a//b.dig` is `a/b.dig`. Raises ArchiveError."""
    path = posixpath.normpath(name.removeprefix("./"))
    if not name or path == "." or path.startswith(("/", "../")) or path == ".." or not path.isprintable():
        shown = name[:100].encode(errors="replace").decode()  # a name that is not UTF-8 cannot be sent back as it is
        raise ArchiveError(f"“{shown}” is no path within a project.")
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
