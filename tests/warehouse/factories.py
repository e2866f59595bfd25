"""Tables with rows, as loads leave them, without the child process that reads a file: for tests of what comes after."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from warehouse import files
from warehouse.loading import Part
from warehouse.models import Table, tables_folder

TYPES = {"int64": "BIGINT", "string": "VARCHAR"}


def a_table(database, name="orders", *, user=None, **columns):
    """`a_table(shop, n=[1, 2])`: with these columns and `time`, loaded from `orders.csv`."""
    data = pa.table({**columns, "time": [1_795_360_045] * len(next(iter(columns.values())))})
    kinds = [[field.name, TYPES[str(field.type)]] for field in data.schema]
    table = Table.objects.create(database=database, name=name, columns=kinds)
    path = Path(tables_folder(), f"{name}.parquet")
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(data, path)
    files.adopt(table, Part(path, len(data)))
    files.record(table, [f"{name}.csv"], len(data), user=user)
    path.unlink()
    return table
