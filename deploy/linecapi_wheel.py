"""Builds the package of the command `linecapi`, and of nothing else here, as PEP 517 and PEP 660 ask.

It needs Python alone: the setuptools of a new virtual environment cannot build a wheel without more packages.
"""

import base64
import hashlib
import tomllib
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "linecapi"


def build_wheel(wheel_directory: str, config_settings: Any = None, metadata_directory: str | None = None) -> str:
    """→ the name of the wheel, which holds the package."""
    modules = sorted(PACKAGE.rglob("*.py"))
    return _write(wheel_directory, {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in modules})


def build_editable(wheel_directory: str, config_settings: Any = None, metadata_directory: str | None = None) -> str:
    """→ the name of the wheel, whose package leads to the folder here."""
    return _write(wheel_directory, {"linecapi/__init__.py": f"__path__ = [{str(PACKAGE)!r}]\n"})


def _write(folder: str, files: Mapping[str, str]) -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    stem = f"{project['name'].replace('-', '_')}-{project['version']}"
    name = f"{stem}-py3-none-any.whl"
    info = f"{stem}.dist-info"
    files = {**files, f"{info}/METADATA": _metadata(project), f"{info}/WHEEL": WHEEL, **_scripts(info, project)}
    with zipfile.ZipFile(Path(folder) / name, "w", zipfile.ZIP_DEFLATED) as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)
        wheel.writestr(f"{info}/RECORD", "".join(map(_recorded, files, files.values())) + f"{info}/RECORD,,\n")
    return name


WHEEL = "Wheel-Version: 1.0\nGenerator: linecapi_wheel\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def _metadata(project: Mapping[str, Any]) -> str:
    fields = [
        "Metadata-Version: 2.1",
        f"Name: {project['name']}",
        f"Version: {project['version']}",
        f"Summary: {project['description']}",
        f"Requires-Python: {project['requires-python']}",
        *(f"Requires-Dist: {name}" for name in project["dependencies"]),
    ]
    return "\n".join(fields) + "\n"


def _scripts(info: str, project: Mapping[str, Any]) -> dict[str, str]:
    lines = [f"{name} = {function}" for name, function in project["scripts"].items()]
    return {f"{info}/entry_points.txt": "\n".join(["[console_scripts]", *lines]) + "\n"}


def _recorded(path: str, text: str) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
    return f"{path},sha256={digest},{len(text.encode())}\n"
