"""On hostile tables of many types, checks and encoder do exactly what the reference says."""

import datetime as dt
import decimal
import math
from decimal import Decimal

import orjson
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exports.exporter.mapping import Column, Constant
from exports.exporter.pipeline import batches, invalid_rows
from integrations.connectors.line_conversion.sandbox.events import problem
from tests.exports.exporter.rows import FIELDS, GOOD, NOW, both_agree, column, plan_of, table

WIDE = decimal.Context(prec=76)
HEX = "0123456789abcdef" * 4
VALID = {
    "deduplication_key": ["k-1", "k" * 256, "undefined"],
    "event_type": ["conversion", "page_view"],
    "source_type": ["web"],
    "event_timestamp": [str(NOW), str(NOW * 1000)],
    "phone": ["+818012345678", HEX, HEX.upper(), "+81 (80) 1234-5678", "080-1234-5678"],
    "email": ["a@b.jp", " A@B.JP ", HEX, HEX.upper(), "a" * 62 + "@b"],
    "line_uid": ["U" + "0f" * 16],
    "browser_id": ["123e4567-e89b-12d3-a456-426614174000"],
    "click_id": ["a_-Z"],
    "ifa": ["123E4567-E89B-12D3-A456-426614174000"],
    "external_id": ["e" * 512, "e" * 513],
    "event_name": ["Purchase", "x" * 20],
    "url": ["https://a.jp/?q=\\", "http://" + "a" * 2041, "http://" + "題" * 690],
    "referrer": ["r" * 2048, "😀" * 1024],
    "ip_address": ["1.2.3.4", "2001:db8::1", "::ffff:1.2.3.4"],
    "user_agent": ['Mozilla/5.0 "x"'],
    "title": ["題" * 1024, "😀" * 513, "\x00\t\n"],
    "test_flag": ["true", "FALSE", "1"],
    "value": ["0", "12.50", "2147483647", "2147483647.01", "0.0000001", "007", "9" * 18, "-1"],
    "currency": ["JPY", "jpy"],
    "quantity": ["0", "2147483647", "2147483648", "3.0", "-1"],
    "item_ids": ["a,b", ' [ "a" , "b,c", 7 ] ', ",".join("a" * 101), '["\\ud800"]', "[]", " , ", "[a],[b]"],
    "keywords": ["夏, 茶", '["夏\\u0000", null, ""]', "[1.5]", "[[]]", '{"a": 1}', "a," * 11],
    "category": ["茶" * 300, "😀" * 151, ""],
}
HOSTILE = [*'\n\r\t \0\x1f\x7f"\\/@.+-_:%aA0９あ😀\u2028é[]{},()Kkg', "\u0660", "\ufeff", "\u212a", "\u3000"]

TEXTS = [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int16(), pa.string())]
NUMBERS = {
    pa.int64(): [NOW, NOW - 90 * 86400 - 1, 0, -1, 2**62, None],
    pa.uint64(): [NOW, 2**64 - 1, 0, None],
    pa.int8(): [-128, 0, 127, None],
    pa.float64(): [float(NOW), 0.5, -0.0, math.nan, math.inf, 1e300, 2.0**53, -7.0, None],
    pa.float32(): [1.0, 1.5, 2.0**30, None],
    pa.decimal128(38, 2): [Decimal(NOW), Decimal("0.01"), Decimal("-7.00"), Decimal(10) ** 35, None],
    pa.decimal64(18, 2): [Decimal("12.34"), Decimal("100.00"), Decimal("2147483647.01"), None],
    pa.decimal256(76, 40): [Decimal("0.1234567890123456789012345678901234567891"), Decimal("1e-40"), None],
    pa.bool_(): [True, False, None],
    pa.null(): [None],
}
MOMENTS = [dt.datetime(2026, 11, 18, 7), dt.datetime(2026, 10, 25, 2, 30), dt.datetime(1, 1, 1), None]
ITEMS = [*"ab", "", "夏", "\x00", '"', "a,b", None]
LISTS = {
    type_: [["a"] * 11, ["b"] * 101, [], None, *[ITEMS[at : at + 4] for at in range(len(ITEMS))]]
    for of in TEXTS
    for type_ in (pa.list_(of), pa.large_list(of), pa.list_view(of), pa.large_list_view(of))
} | {
    pa.list_(pa.string(), 2): [["a", "b"], [None, ""], None],
    pa.list_(pa.int64()): [[1, -2], [None], [], None],
    pa.list_(pa.float64()): [[1.0], [1.5], [math.nan], None],
    pa.list_(pa.bool_()): [[True], [], None],
    pa.list_(pa.null()): [[None], [], None],
    pa.list_(pa.decimal128(9, 2)): [[Decimal("7.00")], [Decimal("0.01")], None],
}
TIMES = {
    pa.timestamp("us"): MOMENTS,
    pa.timestamp("ms", "America/New_York"): [moment and moment.replace(tzinfo=dt.UTC) for moment in MOMENTS],
    pa.date32(): [moment and moment.date() for moment in MOMENTS],
}

OWN_TYPES = {
    "event_timestamp": TIMES,
    "item_ids": LISTS,
    "keywords": LISTS,
    **{name: {} for name in ("value", "quantity", "test_flag")},
}


def mutated(random, name):
    """A valid value of the field, its neighbour by one character, or nothing."""
    value = random.choice(VALID[name])
    at, character = random.randint(0, len(value)), random.choice(HOSTILE)
    changed = [value[:at] + character + value[at:], value[:at] + character + value[at + 1 :], value[:at], value * 2]
    return random.choice([value] * 12 + changed + [None, ""])


def array_of(random, name, size):
    """A column for one field: mostly its own kind of text, sometimes numbers or times, sometimes no valid UTF-8."""
    others = NUMBERS | OWN_TYPES.get(name, {})
    kind = random.randint(0, 9)
    if kind == 0 or (name in OWN_TYPES and kind < 6):
        type_ = random.choice(list(others))
        return pa.array(random.choices(others[type_], k=size), type_)
    values = [mutated(random, name) for _ in range(size)]
    if kind == 1:
        raw = [value and value.encode() + random.choice([b"", b"", b"\xff", b"\xe6"]) for value in values]
        raw = [value or None for value in raw]
        return pa.Array.from_buffers(pa.string(), size, pa.array(raw, pa.binary()).buffers())
    if kind == 2:  # some null slots hold bytes
        valid = pa.array([value is not None and random.random() < 0.7 for value in values]).buffers()[1]
        filled = pa.array([value or "" for value in values], pa.string())
        return pa.Array.from_buffers(pa.string(), size, [valid, *filled.buffers()[1:]])
    return pa.array(values, random.choice(TEXTS))


def table_of(random, size):
    """Good rows with some columns replaced, cut out of the middle."""
    batch = table([{**GOOD, "deduplication_key": f"k{i}"} for i in range(size + 5)])
    for name in random.sample(FIELDS, random.randint(1, 8)):
        batch = batch.set_column(FIELDS.index(name), name, array_of(random, name, len(batch)))
    return batch.slice(random.randint(0, 5), size)


@settings(deadline=None, max_examples=80)
@given(st.randoms(use_true_random=True), st.integers(1, 60))
def test_the_engine_does_what_the_reference_says_and_the_stand_in_for_line_takes_it(random, size):
    batch = table_of(random, size)
    zone = random.choice(["Asia/Tokyo", "Europe/Berlin", "UTC"])
    channel = random.choice([{}, {"line_channel_id": "1"}])
    events, _ = both_agree(plan_of(batch, settings=channel, time_zone=zone), batch)
    assert not [wrong for event in events if (wrong := problem(event, now=NOW, has_channel=bool(channel)))]


@pytest.mark.parametrize("name", [name for name in FIELDS if name != "event_timestamp"])
@settings(deadline=None, max_examples=3)
@given(st.randoms(use_true_random=True))
def test_one_field_alone_does_what_the_reference_says(name, random):
    batch = table([{**GOOD, name: mutated(random, name)} for _ in range(300)])
    both_agree(plan_of(batch), batch)


@settings(deadline=None, max_examples=60)
@given(st.randoms(use_true_random=True), st.integers(1, 30), st.integers(150, 3000))
def test_the_rows_found_invalid_beforehand_are_those_that_are_left_out_later(random, size, max_bytes):
    batch = table_of(random, size)
    plan = plan_of(batch)
    left_out = [r for b in batches(plan, [(0, batch)], max_events=9, max_bytes=max_bytes) for r in b.rejects]
    assert list(invalid_rows(plan, [(0, batch)], max_bytes=max_bytes)) == left_out


NUMERIC = [pa.float64(), pa.float32(), pa.decimal128(38, 20), pa.decimal128(20, 2), pa.decimal256(70, 50)]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(0, 2**31) | st.floats(0, 1e-3), min_size=1, max_size=30), st.sampled_from(NUMERIC))
def test_a_number_is_printed_as_the_reference_prints_it(numbers, type_):
    if pa.types.is_decimal(type_):
        numbers = [Decimal(number).quantize(Decimal(1).scaleb(-type_.scale), context=WIDE) for number in numbers]
    batch = column("value", pa.array(numbers, type_))
    both_agree(plan_of(batch), batch)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.decimals(0, 2**31, allow_nan=False, places=6).map(str) | st.floats(0, 1e9).map(repr), min_size=1))
def test_a_number_in_text_is_printed_as_the_reference_prints_it(texts):
    batch = column("value", pa.array(texts))
    both_agree(plan_of(batch), batch)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(st.text(st.characters(codec="utf-8")) | st.none(), max_size=12) | st.none(), min_size=1))
def test_a_list_is_the_same_as_arrow_and_as_json(lists):
    arrow = column("keywords", pa.array(lists, pa.list_(pa.string())))
    text = column("keywords", pa.array([value if value is None else orjson.dumps(value).decode() for value in lists]))
    assert both_agree(plan_of(arrow), arrow) == both_agree(plan_of(text), text)


@settings(deadline=None, max_examples=40)
@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=20))
def test_any_constant_is_printed_as_json_prints_it(text):
    batch = table([GOOD, {**GOOD, "url": "bad"}, GOOD])
    mapping = {name: Column(name) for name in FIELDS} | {"user_agent": Constant(text), "title": Constant(text)}
    events, rejects = both_agree(plan_of(batch, mapping), batch)
    assert [event["web"]["title"] for event in events] == [text, text]
    assert [row for row, _ in rejects] == [1]
