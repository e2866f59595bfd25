"""Files that someone picked in the browser → the files of a project: one archive, or files of its top folder."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from django.core.files.uploadedfile import UploadedFile

from workflows import archives
from workflows.archives import ArchiveError

ARCHIVES = (".tar.gz", ".tgz")


@dataclass(frozen=True)
class Picked:
    """`hidden`: how many files were left out because their name, or that of their folder, starts with a dot."""

    files: dict[str, bytes]
    hidden: int = 0


def read(uploads: Sequence["UploadedFile[Any]"]) -> Picked:
    """Raises ArchiveError."""
    packed = [one for one in uploads if _name(one).endswith(ARCHIVES)]
    if packed and len(uploads) > 1:
        raise ArchiveError("Choose one archive, or several files, not both.")
    if sum(one.size or 0 for one in uploads) > archives.LARGEST:
        raise ArchiveError(f"There are more than {archives.LARGEST:,} bytes; so many are allowed.")
    if packed:
        return _shown(archives.unpack(packed[0].read()))
    if len(uploads) == 1 and _name(uploads[0]).endswith((".zip", ".tar", ".gz")):
        raise ArchiveError("An archive must be a .tar.gz. Make one with: tar czf project.tar.gz FOLDER")
    return _shown({archives.clean_path(one.name or ""): one.read() for one in uploads})


def project_name(uploads: Sequence["UploadedFile[Any]"]) -> str:
    """What a project of these files may be called: the name of the archive or of the one workflow; "" if there is
    none."""
    names = [_name(one) for one in uploads]
    for ending in (*ARCHIVES, ".dig"):
        found = [name.removesuffix(ending) for name in names if name.endswith(ending)]
        if len(found) == 1:
            return found[0]
    return ""


def _name(upload: "UploadedFile[Any]") -> str:
    return upload.name or ""


def _inside(files: dict[str, bytes]) -> dict[str, bytes]:
    """Without the folder that all files are in, as in an archive of a folder."""
    while not any("/" not in path for path in files) and len({path.split("/")[0] for path in files}) == 1:
        files = {path.partition("/")[2]: content for path, content in files.items()}
    return files


def _shown(files: dict[str, bytes]) -> Picked:
    kept = {path: content for path, content in files.items() if not _is_hidden(path)}
    return Picked(_inside(kept), len(files) - len(kept))


def _is_hidden(path: str) -> bool:
    return any(part.startswith(".") for part in PurePosixPath(path).parts)
