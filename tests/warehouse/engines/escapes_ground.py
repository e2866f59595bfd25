"""A folder of things that are out of bounds for a query, and the one table that is not."""

import hashlib
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from warehouse.engines.base import Column, Table


@dataclass
class Ground:
    """A folder of things that are out of bounds; each file holds a word of its own that must never come back."""

    root: Path
    words: list[str] = field(default_factory=list)

    def __post_init__(self):
        for name in ("secret", "out", "spill", "own", "home"):
            (self.root / name).mkdir(parents=True)
        for name in ("secret/secret.txt", "spill/duckdb_temp_storage_DEFAULT-0.tmp", "home/.env"):
            (self.root / name).write_text(self._word())
        (self.root / "secret/secret.csv").write_text(f"a,b\n1,{self._word()}\n")
        (self.root / "secret/secret.json").write_text(f'{{"a": "{self._word()}"}}')
        pq.write_table(pa.table({"a": [self._word()]}), self.root / "secret/secret.parquet")
        pq.write_table(pa.table({"a": [self._word()]}), self.root / "secret/hidden.parquet")
        self._database("tenant.duckdb", self._word())
        self._database("warehouse.duckdb", "open")
        pq.write_table(pa.table({"n": [1, 2], "name": ["a", "b"]}), self.events)

    @property
    def events(self):
        return self.root / "events.parquet"

    @property
    def warehouse(self):
        return self.root / "warehouse.duckdb"

    @property
    def own(self):
        return self.root / "own"

    @property
    def tables(self):
        """The console's catalogue, for someone who may read one table."""
        return {("sales", "events"): Table((str(self.events),), (Column("n", "BIGINT"), Column("name", "VARCHAR")))}

    def text(self, statement):
        """The statement over the places of this ground."""
        for name in ("secret", "out", "spill", "own"):
            statement = statement.replace(f"<{name}>", str(self.root / name))
        return statement.replace("<root>", str(self.root))

    def state(self):
        """Everything outside the job's own folder: path → mode, time and hash."""
        return {
            str(path): (path.stat().st_mode, path.stat().st_mtime_ns, path.is_file() and _hash(path))
            for path in self.root.rglob("*")
            if self.own not in (path, *path.parents)
        }

    def _word(self):
        self.words.append(f"word{uuid.uuid4().hex}")
        return self.words[-1]

    def _database(self, name, value):
        with duckdb.connect(str(self.root / name)) as connection:
            connection.execute("CREATE TABLE events AS SELECT 1 AS n, ? AS name", [value]).fetchall()
            connection.execute("CREATE SCHEMA priv").fetchall()
            connection.execute("CREATE TABLE priv.hidden AS SELECT ? AS name", [value]).fetchall()


def _hash(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()
