"""`make setup` on a folder that is set up already."""

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_new_packages_leave_the_keys_as_they_are(tmp_path):
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name, age in {".env": 300, ".venv/bin/python": 200, "requirements.txt": 200, "build/.packages": 100}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        os.utime(path, (path.stat().st_mtime - age,) * 2)
    told = subprocess.run(["make", "--dry-run", ".env"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "linecapi_site.keys" not in told.stdout
