"""What is found in a file, what becomes of its values, and what is said of a broken one. No child process."""

import datetime as dt
import gzip
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from warehouse.engines import loader_child
from warehouse.engines.base import Column, LimitExceeded, LoadFailed


@pytest.fixture
def work(tmp_path):
    """Do what the child does: work(loader_child.load, "csv", "a,b\\n1,2\\n", …)."""

    def run(act, file_format, content, **options):
        path = tmp_path / f"upload.{file_format}"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        job = {"path": str(path), "files": [str(path)], "format": file_format, "folder": str(tmp_path)}
        return act({**job, "clock": None, "renames": {}, "threads": 1, "memory_mb": 256, "spool_mb": 64, **options})

    return run


@pytest.fixture
def sniffed(work):
    def run(file_format, content):
        found = SimpleNamespace(**work(loader_child.sniff, file_format, content))
        found.columns = [Column(*column) for column in found.columns]
        return found

    return run


@pytest.fixture
def loaded(work, tmp_path):
    """Load into columns given as "name TYPE" and read the table back."""

    def run(file_format, content, *columns, most=1000):
        wanted = [column.split(" ", 1) for column in columns]
        rows = work(loader_child.load, file_format, content, columns=wanted, rows=most)["rows"]
        table = pq.read_table(tmp_path / "part.parquet")
        assert (table.num_rows, table.column_names) == (rows, [name for name, _ in wanted])
        return [tuple(row.values()) for row in table.to_pylist()]

    return run


def types(found):
    return {column.name: column.type for column in found.columns}


def failure(run, *arguments, **options):
    with pytest.raises(LoadFailed) as caught:
        run(*arguments, **options)
    return caught.value


def test_it_suggests_types_and_shows_rows(sniffed):
    found = sniffed("csv", "n,price,ok,seen,day,word\n-5,1.5,true,2025-01-02 03:04:05,2025-01-02,x\n,,,,,\n")
    assert types(found) == {
        "n": "BIGINT",
        "price": "DOUBLE",
        "ok": "BOOLEAN",
        "seen": "TIMESTAMP",
        "day": "DATE",
        "word": "VARCHAR",
    }
    assert found.rows == [["-5", "1.5", "true", "2025-01-02 03:04:05", "2025-01-02", "x"], [None] * 6]
    assert (found.n, found.complete) == (2, True)


@pytest.mark.parametrize("value", ["0123", "+5", "1234567890123456789", "00", "1 2", "1_000"])
def test_what_a_number_would_lose_stays_text(sniffed, value):
    assert types(sniffed("csv", f"amount\n1\n{value}\n")) == {"amount": "VARCHAR"}


@pytest.mark.parametrize(
    "name", ["phone", "cellPhone", "TEL", "zip", "postal_no", "zipcode", "user id", "userId", "key"]
)
def test_identifiers_stay_text_even_where_all_are_digits(sniffed, name):
    assert [column.type for column in sniffed("csv", f"{name}\n819012345678\n").columns] == ["VARCHAR"]


@pytest.mark.parametrize("name", ["hotel", "valid", "paid", "monkeys", "amount"])
def test_an_identifiers_name_must_be_a_word_of_its_own(sniffed, name):
    assert types(sniffed("csv", f"{name}\n12\n")) == {name: "BIGINT"}


@pytest.mark.parametrize(
    "text", ["2025-01-02T09:30:00+09:00", "2025-01-02 00:30:00Z", "2025-01-02 00:30", "2025-01-01 19:30-05"]
)
def test_a_time_with_an_offset_becomes_utc(loaded, text):
    assert loaded("csv", f"seen\n{text}\n", "seen TIMESTAMP") == [(dt.datetime(2025, 1, 2, 0, 30),)]


def test_phones_come_through_digit_by_digit(loaded):
    assert loaded("csv", "phone\n+819012345678\n08012345678\n", "phone VARCHAR") == [
        ("+819012345678",),
        ("08012345678",),
    ]


def test_names_are_cleaned_and_the_renames_told(sniffed):
    found = sniffed("csv", "E-Mail (1),a,A,ｆｕｌｌ,名前,,ok_1\n1,2,3,4,5,6,7\n")
    names = ["e_mail_1", "a", "a_2", "full", "column_5", "column_6", "ok_1"]
    assert [column.name for column in found.columns] == names
    assert found.renamed[:2] == [("E-Mail (1)", "e_mail_1"), ("A", "a_2")]
    assert ("ok_1", "ok_1") not in found.renamed


def test_it_loads_each_type(loaded):
    content = 'n,price,ok,seen,day,word,list\n5,.5,FALSE,2025/1/2 3:04,2025-01-02,x,"[""a"", 1]"\n,,,,,,\n'
    columns = "n BIGINT", "price DOUBLE", "ok BOOLEAN", "seen TIMESTAMP", "day DATE", "word VARCHAR", "list VARCHAR[]"
    first, second = loaded("csv", content, *columns)
    assert first == (5, 0.5, False, dt.datetime(2025, 1, 2, 3, 4), dt.date(2025, 1, 2), "x", ["a", "1"])
    assert second == (None,) * 7


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_quoted_fields_hold_line_ends_quotes_and_delimiters(loaded, end):
    content = f'a,b{end}"x\ny","say ""hi"", you"{end}{end}z,{end}'
    assert loaded("csv", content, "a VARCHAR", "b VARCHAR") == [("x\ny", 'say "hi", you'), ("z", None)]


def test_tsv_is_split_at_tabs(loaded):
    assert loaded("tsv", "a\tb\n1,5\tx y\n", "a VARCHAR", "b VARCHAR") == [("1,5", "x y")]


def test_a_byte_order_mark_is_not_part_of_the_first_name(sniffed):
    assert types(sniffed("csv", "\ufeffa,b\n1,2\n")) == {"a": "BIGINT", "b": "BIGINT"}


def test_a_header_alone_makes_an_empty_table(sniffed, loaded):
    assert types(sniffed("csv", "a,b\n")) == {"a": "VARCHAR", "b": "VARCHAR"}
    assert loaded("csv", "a,b", "a VARCHAR", "b BIGINT") == []


@pytest.mark.parametrize("file_format", ["csv", "tsv", "jsonl"])
def test_an_empty_file_is_refused(sniffed, file_format):
    assert "expected" in failure(sniffed, file_format, "").message


def test_json_keeps_its_own_types(sniffed):
    line = '{"n": 1, "price": 1.50, "ok": true, "s": "12", "tags": ["a"], "o": {"k": 1}, "phone": 81, "mixed": 1}'
    found = sniffed("jsonl", line + '\n\n{"n": null, "mixed": "x", "late": 2}\n')
    assert types(found) == {
        "n": "BIGINT",
        "price": "DOUBLE",
        "ok": "BOOLEAN",
        "s": "VARCHAR",
        "tags": "VARCHAR[]",
        "o": "VARCHAR",
        "phone": "VARCHAR",
        "mixed": "VARCHAR",
        "late": "BIGINT",
    }
    assert found.rows[0][:2] == ["1", "1.50"]


def test_json_lines_are_loaded_with_missing_keys_as_null(loaded):
    content = '{"id": 12345678901234567890, "tags": ["a", null], "o": {"k": "é"}}\n{"id": "x"}\n'
    assert loaded("jsonl", content, "id VARCHAR", "tags VARCHAR[]", "o VARCHAR") == [
        ("12345678901234567890", ["a", None], '{"k": "é"}'),
        ("x", None, None),
    ]


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        ("a,b\n1,2\n1\n", 3, "Line 3 has 1 field, but the header has 2 columns."),
        ("a,b\n1,2,3\n", 2, "Line 2 has 3 fields, but the header has 2 columns."),
        ('a,b\n"1\n1",2\n3\n', 4, "Line 4 has 1 field, but the header has 2 columns."),
        ('a,b\n1,"x"y\n', 2, "Line 2 is not well formed: ',' expected after '\"'."),
        ('a,b\n1,2\n1,"x\n2,3\n', 3, "Line 3 is not well formed: unexpected end of data."),
        ("a,b\n1,名\n".encode("shift_jis"), 2, "Line 2 is not UTF-8 text (byte 3 is 0x96). Save the file as UTF-8."),
        ("a,b\n".encode("utf-16"), 1, "The file is UTF-16 text. Save it as UTF-8."),
        (b"a,b\n1,\0\n", 2, "Line 2 holds a NUL character; this is not a text file."),
        (b"a,b\r1,2\r", 1, "Line 1 is not well formed: its lines end in CR alone. Save the file with LF or CRLF."),
        (b"a,b\n1,x\ry\n", 2, "Line 2 is not well formed: a CR stands outside quotes."),
        (b"a,b\n1,2\n3," + b"x" * 9 * 1024**2, 3, "Line 3 is longer than 8 MB."),
    ],
)
def test_a_broken_csv_is_refused_by_line(sniffed, loaded, content, line, message):
    for error in (failure(sniffed, "csv", content), failure(loaded, "csv", content, "a VARCHAR", "b VARCHAR")):
        assert (error.line, error.message) == (line, message)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("BIGINT", "1.7", "a whole number"),
        ("BIGINT", "99999999999999999999", "a whole number"),
        ("DOUBLE", "1,5", "a number"),
        ("BOOLEAN", "maybe", "true or false"),
        ("DATE", "2025-02-30", "a date such as 2025-01-31"),
        ("DATE", "2025-02-03 04:05", "a date such as 2025-01-31"),
        ("TIMESTAMP", "yesterday", "a time such as 2025-01-31 09:30:00"),
        ("VARCHAR[]", "a", 'a JSON list such as ["a", "b"]'),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_its_place(loaded, kind, value, expected):
    error = failure(loaded, "csv", f'a,b\n1,\n2,"{value}"\n3,"{value}"\n', "a BIGINT", f"b {kind}")
    assert error.message == f'Line 3, column "b": "{value}" is not {expected} ({kind}).'
    assert (error.line, error.column) == (3, "b")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"a": 1,}', "Line 2 is not valid JSON: Expecting property name enclosed in double quotes at character 9."),
        ('{"a": NaN}', "Line 2 is not valid JSON: NaN is not a JSON value."),
        ("[1]", "Line 2 holds a list; a JSON object was expected."),
        ('{"a": "\\ud83d"}', r"Line 2 holds half of a surrogate pair (\ud800 to \udfff), which is no character."),
    ],
)
def test_broken_json_is_refused_by_line(loaded, line, message):
    error = failure(loaded, "jsonl", f'{{"a": 1}}\n{line}\n', "a BIGINT")
    assert (error.line, error.message.replace("character 8", "character 9")) == (2, message)


def test_columns_that_the_file_lacks_are_null(loaded):
    assert loaded("csv", "b\n1\n", "a DATE", "b BIGINT", "c VARCHAR[]") == [(None, 1, None)]


def test_columns_that_the_table_lacks_are_an_error(loaded):
    error = failure(loaded, "csv", "a,New One,z\n1,2,3\n", "a BIGINT")
    assert error.message.startswith('Line 1 has columns that the table does not have: "new_one", "z".')


def test_a_key_that_turns_up_late_is_an_error_at_its_line(loaded):
    error = failure(loaded, "jsonl", '{"a": 1}\n{"a": 2, "b": 3}\n', "a BIGINT")
    assert (error.line, error.column) == (2, "b")


@pytest.fixture
def parquet():
    def make(**columns):
        sink = pa.BufferOutputStream()
        pq.write_table(pa.table(columns), sink)
        return sink.getvalue().to_pybytes()

    return make


def test_parquet_keeps_its_types(sniffed, loaded, parquet):
    content = parquet(**{"User ID": [1, 2], "tags": [["a"], None], "price": [1.5, 2.0]})
    found = sniffed("parquet", content)
    assert types(found) == {"user_id": "BIGINT", "tags": "VARCHAR[]", "price": "DOUBLE"}
    assert (found.n, found.rows[1]) == (2, ("2", None, "2.0"))
    assert loaded("parquet", content, "user_id BIGINT", "tags VARCHAR[]", "price DOUBLE")[0] == (1, ["a"], 1.5)


def test_parquet_is_cast_to_other_types_and_filled_with_null(loaded, parquet):
    content = parquet(n=[1.0, 2.0], day=["2025-01-02", None])
    rows = loaded("parquet", content, "more VARCHAR", "day DATE", "n BIGINT")
    assert rows == [(None, dt.date(2025, 1, 2), 1), (None, None, 2)]


def test_a_parquet_value_that_does_not_fit_is_named_with_its_row(loaded, parquet):
    error = failure(loaded, "parquet", parquet(n=[1.0, 2.5]), "n BIGINT")
    assert (error.line, error.message) == (2, 'Row 2, column "n": "2.5" is not a whole number (BIGINT).')


def test_extra_parquet_columns_are_an_error(loaded, parquet):
    assert 'does not have: "b".' in failure(loaded, "parquet", parquet(a=[1], b=[2]), "a BIGINT").message


@pytest.mark.parametrize("content", [b"PAR1" + b"x" * 500 + b"PAR1", b"hello", b""])
def test_a_corrupt_parquet_is_refused_without_its_path(sniffed, loaded, tmp_path, content):
    for error in (failure(sniffed, "parquet", content), failure(loaded, "parquet", content, "a BIGINT")):
        assert error.message.startswith("The file cannot be read as Parquet: ")
        assert str(tmp_path) not in error.message


FILES = {"csv": "a,b\n1,x\n2,y\n", "tsv": "a\tb\n1\tx\n2\ty\n", "jsonl": '{"a":1,"b":"x"}\n{"a":2,"b":"y"}\n'}


@pytest.mark.parametrize("file_format", [*FILES, "parquet"])
def test_each_format_may_be_gzipped(sniffed, loaded, parquet, file_format):
    content = parquet(a=[1, 2], b=["x", "y"]) if file_format == "parquet" else FILES[file_format].encode()
    packed = gzip.compress(content)
    assert types(sniffed(file_format, packed)) == {"a": "BIGINT", "b": "VARCHAR"}
    assert loaded(file_format, packed, "a BIGINT", "b VARCHAR") == [(1, "x"), (2, "y")]


@pytest.mark.parametrize("file_format", FILES)
def test_a_gzip_file_that_is_cut_off_names_the_line_it_reached(loaded, file_format):
    content = FILES[file_format].encode()
    error = failure(loaded, file_format, gzip.compress(content)[:-6], "a BIGINT", "b VARCHAR")
    assert error.line == content.count(b"\n") + 1
    assert error.message == (f"The file ends too early: its gzip data is cut off. Line {error.line} is not whole.")


def test_a_cut_off_parquet_gz_is_refused(sniffed, loaded, parquet):
    packed = gzip.compress(parquet(a=[1]))[:-20]
    for error in (failure(sniffed, "parquet", packed), failure(loaded, "parquet", packed, "a BIGINT")):
        assert error.message == "The file ends too early: its gzip data is cut off."


def test_a_value_that_does_not_fit_is_named_with_its_line_in_a_packed_file_too(loaded):
    error = failure(loaded, "csv", gzip.compress(b'a,b\n"1\n",2\n3,x\n'), "a VARCHAR", "b BIGINT")
    assert (error.line, error.message) == (4, 'Line 4, column "b": "x" is not a whole number (BIGINT).')


@pytest.mark.parametrize("file_format", [*FILES, "parquet"])
def test_a_bomb_ends_at_the_unpacked_limit(loaded, file_format):
    body = {"parquet": b"\0", "csv": b"1,x\n", "tsv": b"1\tx\n"}.get(file_format, b" " * 255 + b"\n")
    bomb = gzip.compress(FILES.get(file_format, "").encode() + body * (70 * 1024**2 // len(body)))
    error = failure(loaded, file_format, bomb, "a BIGINT", "b VARCHAR", most=10**9)
    assert "more than 64 MB unpacked, which is the limit" in error.message


def test_a_bomb_of_rows_ends_at_the_row_limit(loaded):
    with pytest.raises(LimitExceeded) as caught:
        loaded("csv", gzip.compress(b"a\n" + b"1\n" * 10**6), "a BIGINT", most=500_000)
    assert caught.value.which == "rows"


def test_a_bomb_that_is_one_endless_line_ends_there(sniffed, loaded):
    bomb = gzip.compress(b"a\n1\n" + b"x" * 60 * 1024**2)
    for error in (failure(sniffed, "csv", bomb), failure(loaded, "csv", bomb, "a BIGINT")):
        assert (error.line, error.message) == (3, "Line 3 is longer than 8 MB.")


def test_more_rows_than_allowed_are_refused(loaded, parquet):
    for file_format, content in (("csv", "a\n1\n2\n3\n"), ("parquet", parquet(a=[1, 2, 3]))):
        with pytest.raises(LimitExceeded) as caught:
            loaded(file_format, content, "a BIGINT", most=2)
        assert caught.value.which == "rows"
