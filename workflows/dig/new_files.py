"""The paths of files that tasks make, which count from the folder of the workflow's file like those that they read."""

import posixpath

LONGEST = 500  # characters


class PathError(ValueError):
    """The text may be shown to users."""


def new_file(folder: str, name: str) -> str:
    """The path in the project, in its one form: `./a//b.csv` is `a/b.csv`. Raises PathError."""
    path = posixpath.normpath(posixpath.join(folder, name))
    if path == ".." or path.startswith(("/", "../")):
        raise PathError(f"“{name}” leads out of the project.")
    if path == "." or name.rpartition("/")[2] in ("", ".", ".."):
        raise PathError(f"“{name}” names a folder; it must be the path of a file, such as reports/daily.csv.")
    if "\\" in path or not path.isprintable() or len(path) > LONGEST:
        told = f"no \\, no control characters, and at most {LONGEST} characters"
        raise PathError(f"“{''.join(one for one in name[:100] if one.isprintable())}” cannot be a file's path: {told}.")
    return path
