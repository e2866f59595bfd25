"""A folder of workflow files as one .tar.gz, as `digdag push` packs it, and back."""

import gzip
import io
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from linecapi.options import reason
from linecapi.problems import Exit, Problem

LARGEST = 10 * 1024 * 1024  # bytes, packed
MOST_FILES = 2_000


def pack(folder: Path) -> tuple[bytes, list[str]]:
    """→ the archive, and its files by their paths from the folder. Raises Problem.

    What begins with a dot is left out, as digdag does. Links to files are followed where they stay in the folder.
    """
    if not folder.is_dir():
        raise Problem(f"{folder} is no folder.", Exit.USAGE)
    paths = sorted(_files(folder, folder.resolve()))
    if not any(path.suffix == ".dig" and len(path.parts) == 1 for path in paths):
        raise Problem(f"{folder} has no workflow: .dig files in the folder itself, not below it, are.", Exit.USAGE)
    if len(paths) > MOST_FILES:
        raise Problem(f"{folder} has {len(paths):,} files; a project can have {MOST_FILES:,}.", Exit.USAGE)
    packed = _packed(folder, paths)
    if len(packed) > LARGEST:
        raise Problem(f"{folder} has {len(packed):,} bytes packed; {LARGEST:,} are allowed.", Exit.USAGE)
    return packed, [path.as_posix() for path in paths]


def _files(folder: Path, root: Path) -> Iterator[Path]:
    """By their paths from the folder."""
    for path in folder.iterdir():
        if path.name.startswith("."):
            continue
        if not path.resolve().is_relative_to(root):
            raise Problem(f"{path} leads out of the folder; copy what it leads to.", Exit.USAGE)
        if path.is_dir() and path.is_symlink():
            raise Problem(f"{path} is a link to a folder; copy the folder.", Exit.USAGE)
        if path.is_dir():
            yield from (path.name / below for below in _files(path, root))
        elif path.is_file():
            yield Path(path.name)


def _packed(folder: Path, paths: list[Path]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in paths:
            try:
                content = (folder / path).read_bytes()
            except OSError as error:
                raise Problem(f"{folder / path} cannot be read: {reason(error)}") from error
            member = tarfile.TarInfo(path.as_posix())
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return gzip.compress(out.getvalue(), mtime=0)


def unpack(archive: bytes, folder: Path) -> list[str]:
    """Write its files into the folder, which is made. → their paths. Raises Problem, before anything is written."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Problem(f"{folder} exists and is not empty. Give another with -o.", Exit.USAGE)
    files = _read(archive)
    try:
        for path, content in files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    except OSError as error:
        raise Problem(f"{folder} cannot be written: {reason(error)}") from error
    return sorted(files)


def _read(archive: bytes) -> dict[str, bytes]:
    files = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
            for member in tar:
                path = PurePosixPath(member.name)
                if path.is_absolute() or ".." in path.parts or not (member.isfile() or member.isdir()):
                    raise Problem(f"The archive has {member.name}, which is no file of a project. Nothing is written.")
                content = tar.extractfile(member)
                if content:
                    files[path.as_posix()] = content.read()
    except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
        raise Problem("The server's answer is no .tar.gz.") from error
    return files
