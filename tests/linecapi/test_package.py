"""What is installed of this folder: the command alone."""

import subprocess
import sys
import zipfile
from pathlib import Path

from flit_core import buildapi

ROOT = Path(__file__).resolve().parents[2]


def test_the_wheel_holds_the_command_and_nothing_of_the_console(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    wheel = zipfile.ZipFile(tmp_path / buildapi.build_wheel(str(tmp_path)))
    assert {name.split("/")[0] for name in wheel.namelist()} == {"linecapi", "linecapi_console-0.1.0.dist-info"}
    assert "linecapi/commands/query.py" in wheel.namelist()
    scripts = wheel.read("linecapi_console-0.1.0.dist-info/entry_points.txt").decode()
    assert scripts.split("\n")[:2] == ["[console_scripts]", "linecapi=linecapi.main:main"]


def test_no_django_is_loaded():
    program = "import sys, linecapi.main; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT).returncode == 0
