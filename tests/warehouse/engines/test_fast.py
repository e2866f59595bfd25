"""The fast readers give the table that the careful one gives, or leave the file to it."""

import io
import json

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from warehouse.engines import fastjson, fasttext, textfile, textload
from warehouse.engines.base import Column, LoadFailed
from warehouse.engines.columns import Names
from warehouse.engines.database import open_database
from warehouse.engines.fasttext import Doubt
from warehouse.engines.loadplan import Plan

PIECES = ["a", "é", "名", "1", " ", '"', '""', ",", "\t", "\n", "\r\n", "\r", "\\", "'", "\ufeff", "\u2028", "x" * 40]
TEXT = st.lists(st.sampled_from(PIECES), max_size=6).map("".join)
PLAIN = st.sampled_from(["", "a", "12", "名前", " ", "'", "x" * 30])
BLOCKS = st.sampled_from([16, 64, 1024, fasttext.BLOCK])


def quoted(text):
    return '"' + text.replace('"', '""') + '"'


FIELD = st.one_of(PLAIN, PLAIN.map(quoted), TEXT.map(quoted), TEXT)


@st.composite
def files(draw):
    """A CSV file of any sort, good more often than not."""
    width = draw(st.integers(1, 3))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    rows = draw(st.lists(st.lists(FIELD, min_size=width, max_size=width + draw(st.integers(0, 9)) // 9), max_size=8))
    header = ",".join(f"c{n}" for n in range(width))
    text = end.join([header, *(",".join(row) for row in rows)]) + draw(st.sampled_from(["", end, end + end]))
    return (
        draw(st.sampled_from([b"", b"", b"\xef\xbb\xbf"])) + text.encode() + draw(st.sampled_from([b"", b"", b"\xff"]))
    )


def carefully(content, delimiter=","):
    """→ (header, rows), or LoadFailed."""
    try:
        source = textfile.Delimited(io.BytesIO(content), delimiter)
        return source.header, [fields for _, fields in source]
    except LoadFailed as error:
        return error


def quickly(content, names, delimiter=",", block=fasttext.BLOCK):
    """→ rows, or None where the reader is in doubt."""
    try:
        found = list(fasttext.tables(io.BytesIO(content), delimiter, names, block=block))
    except Doubt:
        return None
    return [list(row.values()) for table in found for row in table.to_pylist()]


@settings(max_examples=300, deadline=None)
@given(files(), BLOCKS)
@example(b'c0,c1\n"a"b,c\n', 64)
@example(b'c0,c1\na"b,c\n', 64)
@example(b'c0\n"a\nb', 64)
@example(b"c0\na\r", 64)
@example(b'c0\n"aaaaaaaaaaa\r\n"\n', 64)
@example(b"c0\naaaaaaaaaaa\n\xef\xbb\xbf\n", 16)
@example(b"c0\n\n\na\n", 64)
def test_csv_is_read_alike_or_left(content, block):
    careful = carefully(content)
    names = [f"c{n}" for n in range(3)] if isinstance(careful, LoadFailed) else careful[0]
    quick = quickly(content, names, block=block)
    assert quick is None or quick == careful[1]


@pytest.mark.parametrize(
    "content",
    [
        b'a,b\r\n"1, 2","say ""hi"""\r\n"x\r\ny",\r\n',
        b"\xef\xbb\xbfa,b\n1,\n\n,2",
        'a,b\n名,"\n\r\n,"\n"",""\n'.encode(),
        b"a,b\n" + b'"1","2"\n' * 20_000,
    ],
)
def test_clean_csv_is_not_left_to_the_careful_reader(content):
    header, rows = carefully(content)
    for block in (64, fasttext.BLOCK):
        assert quickly(content, header, block=block) == rows


@pytest.mark.parametrize(
    "content",
    [b'a\n"x"y\n', b'a\nx"y\n', b'a\n"x\n', b"a\nx\ry\n", b"a\nx\0\n", b"a\n\xff\n", b"a\n1,2\n", b"a,b\n1\n"],
)
def test_csv_that_is_broken_or_odd_is_left(content):
    assert quickly(content, carefully(b"a,b\n" if b"b\n" in content[:4] else b"a\n")[0]) is None


def test_tsv_is_split_at_tabs():
    assert quickly(b'a\tb\n1,2\t"x\ty"\n', ["a", "b"], "\t") == [["1,2", "x\ty"]]


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**19), 10**19),
    st.integers(-5, 5),
    st.floats(),
    TEXT,
    st.lists(PLAIN, max_size=2),
    st.dictionaries(PLAIN, PLAIN, max_size=1),
)
OBJECTS = st.dictionaries(st.sampled_from(["a", "A", "b", "名"]), VALUES, max_size=4)
ODD_LINES = [
    "",
    " ",
    "{}",
    "[1]",
    '{"a":1}{"a":2}',
    '{"a":1}}',
    '{"a":01}',
    '{"a":"\\ud800"}',
    '{"a":1,"a":2}',
    '{"b":NaN}',
]
TYPES = st.sampled_from(["VARCHAR", "VARCHAR", "BIGINT", "DOUBLE", "BOOLEAN", "DATE", "VARCHAR[]"])


def printed(one, ascii_only, spaced):
    return json.dumps(one, ensure_ascii=ascii_only, separators=(", ", ": ") if spaced else (",", ":"))


LINES = st.one_of(st.builds(printed, OBJECTS, st.booleans(), st.booleans()), st.sampled_from(ODD_LINES))


@pytest.fixture(scope="module")
def connection(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("duckdb"))
    return open_database({"threads": 1, "memory_mb": 256, "spool_mb": 64, "folder": folder})


def outcome(connection, groups, plan):
    """→ the rows of all groups in the plan's types, or the error, or None where the reader is in doubt."""
    try:
        tables = [textload._cast(connection, group, plan) for group in groups]
        return [list(row.values()) for table in tables for row in table.to_pylist()]
    except Doubt:
        return None
    except LoadFailed as error:
        return error.message


@settings(max_examples=200, deadline=None)
@given(st.lists(LINES, min_size=1, max_size=6), st.sampled_from(["\n", "\r\n"]), st.data())
def test_json_lines_are_read_alike_or_left(connection, tmp_path_factory, lines, end, data):
    path = tmp_path_factory.getbasetemp() / "lines.jsonl"
    path.write_bytes((end.join(lines) + data.draw(st.sampled_from(["", end]))).encode())
    names = Names()
    columns = [Column(names.add(key), data.draw(TYPES)) for key in ("a", "A", "b", "名")]
    plan = Plan(columns, {}, None, 1000)
    file = textload.File(path, "jsonl", 1)
    quick = outcome(connection, textload._fast_groups(file, plan), plan)
    assert quick is None or repr(quick) == repr(outcome(connection, textload._groups(file, plan), plan))


def test_clean_json_lines_are_not_left_to_the_careful_reader():
    lines = b'{"s":"x\\u540d","n":1,"d":1.50,"b":true}\r\n{"d":2}\n{"s":null}'
    keys = {"s": "VARCHAR", "n": "BIGINT", "d": "DOUBLE", "b": "BOOLEAN"}
    for block in (48, fasttext.BLOCK):
        found = pa.concat_tables(fastjson.tables(io.BytesIO(lines), keys, block=block)).to_pylist()
        assert [list(row.values()) for row in found] == [["x名", 1, 1.5, True], [None, None, 2, None], [None] * 4]


@pytest.mark.parametrize(
    "lines",
    [
        b'{"a":"x"}{"a":"y"}\n',
        b'{"a":\n"x"}\n',
        b'{"a":"x"}\n\n{"a":"y"}\n',
        b'{"a":1}\n',
        b'{"b":"x"}\n',
        b'{"a":"\xff"}\n',
        b'{"a":"x"}\n{"a":"y"',
        b'{"a":"x"}\n{"a":"y"}{"a":"z"}\n{"a":"x"}\n',
    ],
)
def test_json_lines_that_are_broken_or_odd_are_left(lines):
    with pytest.raises(Doubt):
        list(fastjson.tables(io.BytesIO(lines), {"a": "VARCHAR"}))
