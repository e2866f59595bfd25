"""Files from before a change of their table's columns are read as if they had them."""

import duckdb
import pytest

from warehouse.engines import tablefiles
from warehouse.engines.base import Column, Table


@pytest.fixture
def file(tmp_path):
    """`file("SELECT 1 AS n")` → the path of a Parquet file, and what it holds."""

    def write(sql):
        path = str(tmp_path / f"{len(list(tmp_path.iterdir()))}.parquet")
        with duckdb.connect() as connection:
            connection.execute(f"COPY ({sql}) TO '{path}' (FORMAT parquet)")
            described = connection.execute(f"DESCRIBE {sql}").fetchall()
        return path, tuple(Column(row[0], row[1]) for row in described)

    return write


def rows(*files, columns):
    table = Table(tuple(path for path, _ in files), tuple(Column(*c) for c in columns), dict(files))
    table = tablefiles.from_json(tablefiles.to_json(table))
    with duckdb.connect() as connection:
        return connection.execute(f"SELECT * FROM ({tablefiles.select(table)}) ORDER BY ALL").fetchall()


def test_a_file_without_a_column_has_nulls_in_it(file):
    old, new = file("SELECT 1::BIGINT AS n"), file("SELECT 2::BIGINT AS n, 'b' AS t")
    assert rows(old, new, columns=[("n", "BIGINT"), ("t", "VARCHAR")]) == [(1, None), (2, "b")]


def test_a_column_that_the_table_has_no_more_is_not_read(file):
    assert rows(file("SELECT 1::BIGINT AS n, 'b' AS t"), columns=[("n", "BIGINT")]) == [(1,)]


def test_a_file_that_holds_no_column_of_the_table_still_has_its_rows(file):
    assert rows(file("SELECT 1 AS a UNION ALL SELECT 2"), columns=[("n", "BIGINT")]) == [(None,), (None,)]


@pytest.mark.parametrize(
    ("held", "kind", "read"),
    [
        ("1::BIGINT", "DOUBLE", 1.0),
        ("1::INTEGER", "BIGINT", 1),
        ("300::BIGINT", "TINYINT", None),
        ("1::BIGINT", "VARCHAR", "1"),
        ("1.5::DOUBLE", "VARCHAR", "1.5"),
        ("1.5::DOUBLE", "BIGINT", None),
        ("2.0::DOUBLE", "BIGINT", 2),
        ("1.5::DOUBLE", "INTEGER", None),
        ("0.1::FLOAT", "DOUBLE", 0.1),
        ("'17'", "BIGINT", 17),
        ("'x'", "BIGINT", None),
        ("true", "VARCHAR", "true"),
        ("['a', 'b']", "VARCHAR", '["a","b"]'),
        ("[1, 2]", "VARCHAR[]", ["1", "2"]),
        ("[1, 2]", "DOUBLE[]", [1.0, 2.0]),
        ("""'["a", null]'""", "VARCHAR[]", ["a", None]),
        ("'a'", "VARCHAR[]", None),
    ],
)
def test_values_of_another_type_become_the_columns_or_null(file, held, kind, read):
    assert rows(file(f"SELECT {held} AS v"), columns=[("v", kind)]) == [(read,)]


def test_times_in_words_become_unix_seconds_in_time(file):
    assert rows(file("SELECT '2025-01-31 00:00:00' AS time"), columns=[("time", "BIGINT")]) == [(1738281600,)]


def test_files_that_hold_the_same_are_read_together(file):
    one, two, other = file("SELECT 1 AS n"), file("SELECT 2 AS n"), file("SELECT 'x' AS t")
    table = Table((one[0], other[0], two[0]), (Column("n", "INTEGER"),), {other[0]: other[1]})
    assert tablefiles.select(table).count("read_parquet") == 2


def test_a_table_without_files_has_its_columns():
    assert rows(columns=[("n", "BIGINT"), ("t", "VARCHAR[]")]) == []
