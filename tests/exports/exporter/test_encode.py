"""The encoder's text is what orjson prints of the reference's events, for values at every edge."""

import pyarrow as pa
import pytest

from exports.exporter.encode import encode
from exports.exporter.mapping import Column, Constant
from tests.exports.exporter.rows import FIELDS, GOOD, NOW, all_columns, both_agree, column, plan_of, sent, table

HASH = "321ba197033e81286fedb719d60d4ed5cecaed170733cb4a92013811afc0e3b6"
PHONE_HASH = "8b664e742106a6db1edb1a51c79ced6d56b2541557fdfab1c41e98204c1b3713"


def test_the_smallest_event_leaves_web_out():
    batch = table([GOOD])
    events, _ = both_agree(plan_of(batch), batch)
    assert list(events[0]) == ["event", "user"]


def test_an_empty_batch_gives_nothing():
    batch = table([])
    encoded = encode(plan_of(batch), batch)
    assert (len(encoded.text), len(encoded.ends), encoded.rejects) == (0, 0, [])


def test_a_batch_with_an_empty_offsets_buffer_gives_nothing():
    empty = pa.StringArray.from_buffers(0, pa.py_buffer(b""), pa.py_buffer(b""))
    batch = column("title", empty)
    assert len(encode(plan_of(batch), batch).rows) == 0


@pytest.mark.parametrize(
    "email",
    ["foo@example.com", "Foo@Example.COM", "  Foo@Example.com \n", HASH.upper(), " " + HASH],
)
def test_an_email_address_becomes_one_hash_however_it_is_written(email):
    assert sent("email", [email]) == [HASH]


def test_dots_and_tags_of_an_email_address_are_kept():
    expected = "7879cc0fe6c33eaf89ba1b28c4ed9b04103b0102060d67d162b59f5d920d5d17"
    assert sent("email", ["f.o.o+tag@example.com"]) == [expected]


@pytest.mark.parametrize(
    "phone", ["+818012345678", " +818012345678 ", "+81 80-1234-5678", "+81(80)12345678", PHONE_HASH]
)
def test_a_phone_number_becomes_one_hash_however_it_is_written(phone):
    assert sent("phone", [phone]) == [PHONE_HASH]


def test_phone_vectors():
    assert sent("phone", ["+819001234567", "+819012345678"]) == [
        "c9fb9ae95bff879cbcdfc9edf6716640bc40841f3b7352140daa1431af4c319e",
        "3d06a39d40790f11761295e053029378ae28c4b4f6f301693005e079f3d4ca64",
    ]


def test_clean_and_untidy_values_stay_in_their_rows():
    values = ["a@b.jp", " A@B.jp", None, HASH, HASH.upper(), "", "b@b.jp"]
    hashes = sent("email", values)
    assert hashes[0] == hashes[1] != hashes[6]
    assert hashes[2] is hashes[5] is None
    assert hashes[3] == hashes[4] == HASH


def test_a_raw_address_of_64_characters_is_hashed():
    address = "a" * 62 + "@b"
    assert sent("email", [address]) != [address]


def test_control_characters_quotes_and_json_like_text_are_escaped():
    titles = [chr(i) + "x" for i in range(0x20)]
    titles += ['"', "\\", '\\"', "\x7f", "\u2028", "</script>", "/", "é", "😀", '","url":null', "{,", "\x00"]
    assert sent("title", titles) == titles


def test_a_slice_in_the_middle_is_encoded():
    rows = [{**GOOD, "title": f't{i}"', "email": f"U{i}@x.jp", "referrer": None if i % 3 else "r"} for i in range(50)]
    batch = table(rows).slice(7, 20)
    events, _ = both_agree(plan_of(batch), batch)
    assert [e["web"]["title"] for e in events] == [f't{i}"' for i in range(7, 27)]


@pytest.mark.parametrize("type_", [pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())])
def test_every_column_may_be_of_another_kind_of_text(type_):
    rows = [{**GOOD, "event_timestamp": str(NOW), "title": "題", "phone": "+818012345678"}, GOOD, {"title": None}]
    batch = table([rows[0], {**rows[1], "event_timestamp": "x"}, rows[2]], **dict.fromkeys(FIELDS, type_))
    events, rejects = both_agree(plan_of(batch), batch)
    assert (len(events), [row for row, _ in rejects]) == (1, [1, 2])


def test_a_null_slot_that_holds_bytes_is_null():
    text = pa.array(["aaa", "bbb", "ccc"])
    nulled = pa.StringArray.from_buffers(3, *text.buffers()[1:], pa.py_buffer(bytes([0b101])), 1)
    assert sent("title", nulled) == ["aaa", None, "ccc"]
    assert sent("email", nulled) == [None]


def test_constants_stand_in_every_event():
    batch = table([GOOD, {**GOOD, "title": "t"}])
    mapping = {
        **all_columns(),
        "source_type": Constant("web"),
        "user_agent": Constant('a"\\b\n'),
        "title": Column("title"),
    }
    events, _ = both_agree(plan_of(batch, mapping), batch)
    assert [e["web"].get("user_agent") for e in events] == ['a"\\b\n'] * 2


def test_a_constant_identifier_is_hashed_and_counts_as_one():
    batch = table([{**GOOD, "click_id": None}])
    mapping = {name: Column(name) for name in ("deduplication_key", "event_type", "source_type", "event_timestamp")}
    events, _ = both_agree(plan_of(batch, {**mapping, "email": Constant(" Foo@Example.com")}), batch)
    assert events[0]["user"] == {"email": HASH}


def test_an_event_of_constants_alone_stands_in_every_row():
    values = {**GOOD, "event_timestamp": NOW - 5}
    batch = pa.RecordBatch.from_arrays([pa.array([1, 2, 3])], ["other"])
    events, _ = both_agree(plan_of(batch, {name: Constant(v) for name, v in values.items()}), batch)
    assert len(events) == 3


def test_one_column_may_go_into_two_fields():
    batch = table([GOOD])
    mapping = {**all_columns(FIELDS), "external_id": Column("deduplication_key")}
    events, _ = both_agree(plan_of(batch, mapping), batch)
    assert events[0]["user"]["external_id"] == "k1"


def test_it_tells_which_events_carry_the_field_of_a_conditional_header():
    user = "U" + "0a" * 16
    batch = table([GOOD, {**GOOD, "line_uid": user}, {**GOOD, "line_uid": "bad"}, {**GOOD, "line_uid": ""}])
    assert encode(plan_of(batch), batch).carries["line_uid"].tolist() == [False, True, False]


def test_equal_reasons_are_kept_once():
    batch = table([{**GOOD, "email": "foo"}, {**GOOD, "email": "bar"}])
    first, second = encode(plan_of(batch), batch).rejects
    assert first[1] is second[1]


def test_checks_that_refuse_what_the_reference_accepts_are_an_error():
    batch = table([GOOD, {**GOOD, "title": "x" * 2000}])
    plan = plan_of(batch)
    stricter = next(check for check in plan.checks if check.field.name == "click_id")
    stricter.tests.append(lambda cells, lengths: lengths > 10)
    with pytest.raises(AssertionError, match="click_id"):
        encode(plan, batch)
