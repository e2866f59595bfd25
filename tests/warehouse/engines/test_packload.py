"""msgpack as clients of Treasure Data send it becomes rows; whatever else it holds is refused, and harms nothing."""

import gzip

import msgpack
import pyarrow.parquet as pq
import pytest

from warehouse.engines import loader
from warehouse.engines.base import Column, LimitExceeded, Limits, LoadFailed

LIMITS = Limits(seconds=60, rows=1_000_000, memory_mb=512, spool_mb=64)
NOW = 1_700_000_000


def packed(*records):
    return b"".join(map(msgpack.packb, records))


@pytest.fixture
def pack(tmp_path):
    """`pack(*parts, known=…)` → (what came of it, the rows)."""

    def run(*parts, known=(), lenient=False, limits=LIMITS, plain=False):
        paths = [tmp_path / f"{number}.part" for number in range(len(parts))]
        for path, part in zip(paths, parts, strict=True):
            path.write_bytes(part if plain else gzip.compress(part))
        dest, bad = tmp_path / "out.parquet", tmp_path / "bad.msgpack.gz"
        columns = tuple(Column(*pair) for pair in known)
        found = loader.pack(paths, columns, dest, limits=limits, now=NOW, bad=bad if lenient else None)
        return found, pq.read_table(dest).to_pylist()

    return run


def columns(found):
    return [(column.name, column.type) for column in found.columns]


def test_records_become_rows_with_a_column_for_each_key(pack):
    found, rows = pack(packed({"time": 1, "x": None, "n": 1, "t": "a"}, {"n": 2, "x": 1.5, "empty": None}))
    assert columns(found) == [("x", "DOUBLE"), ("n", "BIGINT"), ("t", "VARCHAR"), ("time", "BIGINT")]
    assert rows == [{"x": None, "n": 1, "t": "a", "time": 1}, {"x": 1.5, "n": 2, "t": None, "time": NOW}]


def test_the_tables_columns_come_first_and_stay(pack):
    found, rows = pack(packed({"n": "7", "new": True}), known=[("time", "BIGINT"), ("n", "BIGINT"), ("t", "VARCHAR")])
    assert columns(found) == [("time", "BIGINT"), ("n", "BIGINT"), ("t", "VARCHAR"), ("new", "VARCHAR")]
    assert rows == [{"time": NOW, "n": 7, "t": None, "new": "true"}]


NEW = [  # values of a new column, its type, and how they are read
    ([1, 2.0], "DOUBLE", [1.0, 2.0]),
    ([1, "a"], "VARCHAR", ["1", "a"]),
    ([1.5, True], "VARCHAR", ["1.5", "true"]),
    ([float("nan"), 1], "BIGINT", [None, 1]),
    ([2**63, 1], "VARCHAR", ["9223372036854775808", "1"]),
    ([[1, None], []], "BIGINT[]", [[1, None], []]),
    ([[1], [1.5]], "DOUBLE[]", [[1.0], [1.5]]),
    ([["a"], [1]], "VARCHAR[]", [["a"], ["1"]]),
    ([[]], "VARCHAR[]", [[]]),
    ([[True]], "VARCHAR[]", [["true"]]),
    ([[[1]], [2]], "VARCHAR", ["[[1]]", "[2]"]),
    ([[1], 2], "VARCHAR", ["[1]", "2"]),
    ([{"a": [1]}], "VARCHAR", ['{"a":[1]}']),
    ([b"bytes"], "VARCHAR", ["bytes"]),
    (["\u5c71\U0001f600", ""], "VARCHAR", ["\u5c71\U0001f600", ""]),
]


def test_the_type_of_a_new_column(pack):
    named = {f"v{number}": values for number, (values, _, _) in enumerate(NEW)}
    records = [{name: values[n] for name, values in named.items() if n < len(values)} for n in range(2)]
    found, rows = pack(packed(*records))
    seen = [([row[name] for row in rows][: len(named[name])], kind) for name, kind in columns(found)[:-1]]
    assert seen == [(read, kind) for _, kind, read in NEW]


KNOWN = [  # the type of a column, a value that comes, the type that it then has, and how the value is read
    ("BIGINT", 1.5, "DOUBLE", 1.5),
    ("BIGINT", 2.0, "BIGINT", 2),
    ("INTEGER", 5, "INTEGER", 5),
    ("DOUBLE", 3, "DOUBLE", 3.0),
    ("VARCHAR", 3, "VARCHAR", "3"),
    ("BOOLEAN", True, "BOOLEAN", True),
    ("BIGINT[]", [1.5], "DOUBLE[]", [1.5]),
    ("VARCHAR[]", [1, "a"], "VARCHAR[]", ["1", "a"]),
]


def test_a_column_makes_room_for_numbers(pack):
    known = [(f"v{number}", case[0]) for number, case in enumerate(KNOWN)]
    found, rows = pack(packed({f"v{number}": case[1] for number, case in enumerate(KNOWN)}), known=known)
    assert [(kind, rows[0][name]) for name, kind in columns(found)[:-1]] == [(after, read) for *_, after, read in KNOWN]


@pytest.mark.parametrize(
    ("kind", "value", "says"),
    [
        ("BIGINT", "a", 'Record 2, column "v": "a" is not a whole number (BIGINT).'),
        ("BIGINT", True, '"true" is not a whole number'),
        ("BIGINT", 2**63, '"9223372036854775808" is not a whole number'),
        ("INTEGER", 2**31, "is not a whole number of 32 bits (INTEGER)"),
        ("DOUBLE", {"a": 1}, "is not a number (DOUBLE)"),
        ("VARCHAR[]", "a", "is not a JSON list"),
        ("DATE", 1, "is not a date"),
    ],
)
def test_a_value_that_does_not_fit_is_an_error_with_its_place(pack, kind, value, says):
    with pytest.raises(LoadFailed) as raised:
        pack(packed({}, {"v": value}), known=[("v", kind)])
    assert says in raised.value.message and raised.value.line == 2


def test_time_takes_times_in_words(pack):
    assert pack(packed({"time": "2023-11-14 22:13:20"}))[1] == [{"time": NOW}]
    with pytest.raises(LoadFailed, match="is not Unix seconds or a time"):
        pack(packed({"time": "noon"}))


def test_keys_become_names(pack):
    found, rows = pack(packed({"": 0, "User ID": 1, b"old": 2}, {"user_id": 3}))
    assert columns(found) == [("user_id", "BIGINT"), ("old", "BIGINT"), ("time", "BIGINT")]
    assert [row["user_id"] for row in rows] == [1, 3]


@pytest.mark.parametrize(
    ("record", "says"),
    [
        ([1], "Record 1 is a list; a map was expected."),
        (7, "Record 1 is a number; a map was expected."),
        ({"A": 1, "a": 2}, 'Record 1 has two values for the column "a".'),
        ({"\u5c71": 1}, "which has no letter a to z or digit"),
        ({"a" * 129: 1}, "longer than 128 characters"),
        ({"a": b"\xff"}, "bytes that are not UTF-8"),
        ({"a": [b"\xff"]}, "cannot be written as JSON"),
        ({"a": {"b": {b"c": 1}}}, "cannot be written as JSON"),
        ({"a": msgpack.ExtType(5, b"x")}, "extension type 5"),
        ({"a": msgpack.Timestamp(1)}, "a value of another kind"),
        ({1: 2}, "cannot be read: int is not allowed for map key"),
        ({f"k{n}": 1 for n in range(1001)}, "exceeds max_map_len"),
    ],
)
def test_a_record_that_cannot_be_a_row_is_an_error(pack, record, says):
    with pytest.raises(LoadFailed) as raised:
        pack(packed(record))
    assert says in raised.value.message


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (packed({"n": 1}, {"n": 2})[:-1], "Record 2 is not whole: the file ends within it."),
        (packed({"n": 1}) + b"\xc1", "Record 2 is not valid msgpack"),
        (packed({"n": 1}) + b"\xdd\xff\xff\xff\xff", "exceeds max_array_len"),
        (packed({"n": 1}) + b"\x81\xa1n\xdb\xff\xff\xff\xff" + b"a" * 100, "Record 2"),
        (b"\x81\xa1n" + b"\x91" * 100_000, "Record 1"),
        (b"\x81\xa1n" + b"\x91" * 600 + b"\x01", "Record 1"),
        (packed({"n": "a" * (9 * 1024 * 1024)}), "Record 1"),
        (gzip.compress(packed({"n": 1}), mtime=0), "gzip within gzip"),
    ],
)
def test_what_is_no_whole_msgpack_is_an_error(pack, content, says):
    with pytest.raises(LoadFailed) as raised:
        pack(content)
    assert says in raised.value.message


def test_gzip_that_is_cut_off_or_damaged_is_an_error(pack):
    whole = gzip.compress(packed(*({"n": n} for n in range(1000))))
    with pytest.raises(LoadFailed, match="ends too early"):
        pack(whole[:-20], plain=True)
    with pytest.raises(LoadFailed, match="damaged"):
        pack(whole[:50] + b"\0" * 50 + whole[100:], plain=True)


def test_a_bomb_is_stopped_at_the_limit(pack):
    bomb = gzip.compress(packed({"n": "a" * 1_000_000}) * 100, 9)
    assert len(bomb) < 1_000_000
    with pytest.raises(LoadFailed, match="more than 64 MB unpacked"):
        pack(bomb, plain=True)


def test_so_many_rows_are_not_taken(pack):
    with pytest.raises(LimitExceeded, match="limit of 10 rows"):
        pack(packed(*({"n": n} for n in range(11))), limits=Limits(seconds=60, rows=10, memory_mb=512, spool_mb=64))


def test_more_columns_than_a_table_can_have_are_refused(pack):
    records = [{f"k{first + n}": 1 for n in range(900)} for first in (0, 900)]
    with pytest.raises(LoadFailed, match="more than 1,000 columns"):
        pack(packed(*records))


def test_no_records_are_no_rows(pack):
    found, rows = pack(b"")
    assert (found.rows, rows, columns(found)) == (0, [], [("time", "BIGINT")])


def test_bad_records_and_parts_are_set_aside(pack, tmp_path):
    good = packed({"v": 1, "time": 1}, {"v": "a", "w": 1}, [2], {"v": 3, "time": 3})
    found, rows = pack(good, b"\xc1", packed({"v": 4, "time": 4}), known=[("v", "BIGINT")], lenient=True)
    assert (found.rows, found.bad, found.parts, found.bad_parts) == (3, 2, 2, 1)
    assert [row["v"] for row in rows] == [1, 3, 4]
    with gzip.open(tmp_path / "bad.msgpack.gz") as file:
        assert list(msgpack.Unpacker(file)) == [[2], {"v": "a", "w": 1}]
