"""Fixtures of the warehouse's tests: a folder of its own for the tables, files to load, and a database to load into."""

from pathlib import Path

import pytest

from warehouse.loading import Source, format_of
from warehouse.models import Database


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path):
    """Each test has its own DATA_DIR; nothing of one test is an orphan to another."""
    settings.DATA_DIR = tmp_path / "data"
    settings.UPLOADS_DIR = settings.DATA_DIR / "uploads"
    settings.UPLOADS_DIR.mkdir(parents=True)
    settings.FILE_UPLOAD_TEMP_DIR = str(settings.UPLOADS_DIR)
    return settings.DATA_DIR


@pytest.fixture
def shop(db):
    return Database.objects.create(name="shop")


@pytest.fixture
def source(tmp_path):
    """`source("a.csv", "x,y\\n1,2\\n")` → a file to load."""

    def write(name: str, content: str | bytes) -> Source:
        path = Path(tmp_path / name)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return Source(path, format_of(name) or "csv", name)

    return write
