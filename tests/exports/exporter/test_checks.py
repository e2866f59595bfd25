"""Which values are refused, and that the vectorised checks and the reference are of one mind."""

import pyarrow as pa
import pytest

from exports.exporter.checks import check_batch
from tests.exports.exporter.rows import GOOD, NOW, both_agree, codes_of, plan_of, table

DAY = 86400


def test_it_accepts_and_refuses_ip_addresses():
    good = ["1.2.3.4", "::", "::1", "2001:db8::", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::ffff:1.2.3.4", "::1.2.3.4"]
    good += ["1:2:3:4:5:6:1.2.3.4"]
    bad = ["256.1.1.1", "01.2.3.4", "1.2.3.4\n", " 1.2.3.4", "1.2.3", "1::2::3", "::ffff:1.2.3.256", "fe80::1%eth0"]
    bad += ["1:2:3:4:5:6:7:8:9", "[::1]", "1.2.3.4/32", "１.2.3.4", "0x7f.1", "2130706433", "12345::"]
    bad += ["1:2:3:4:5:6:7:1.2.3.4"]
    assert codes_of("ip_address", good) == [None] * len(good)
    assert codes_of("ip_address", bad) == ["not_an_ip"] * len(bad)


@pytest.mark.parametrize(
    "phone", ["080-1234-5678", "08012345678", "818012345678", "+0123456789", "+123456", "＋818012345678"]
)
def test_it_refuses_a_phone_without_country_code(phone):
    assert codes_of("phone", [phone]) == ["phone"]


def test_it_takes_phones_of_7_to_15_digits():
    assert codes_of("phone", ["+1234567", "+123456789012345", "a" * 64 + "\n"]) == [None] * 3


def test_it_takes_every_character_of_the_address_pattern():
    assert codes_of("email", ["a`{|}~^.-=?@x-.Y", "!#$%&'*+/_@Z9", "a@b", "a@b\n"]) == [None] * 4


def test_it_refuses_what_is_neither_phone_nor_hash():
    bad = [
        "a" * 63,
        "a" * 65,
        "a" * 64 + "junk",
        "a" * 64 + "!!",
        "+８１８０１２３４５６７８",
        "+1234567890123456",
        "a" * 32 + " " + "a" * 32,
        "　" + "a" * 64,
        "-",
    ]
    assert codes_of("phone", bad) == ["phone"] * len(bad)


@pytest.mark.parametrize(
    "email", ["foo", "undefined", "a@b@c", "田中@example.jp", "a b@c", "@b", "a@", "  ", "a@b\x00"]
)
def test_it_refuses_what_is_no_email_address(email):
    assert codes_of("email", [email]) == ["email"]


def test_only_ascii_letters_are_lower_cased():
    kelvin = "foo@\u212aexample.com"  # the Kelvin sign, whose lower case is an ASCII k
    assert codes_of("email", [kelvin, "Foo@KExample.com"]) == ["email", None]


def test_it_looks_at_the_beginning_of_a_url():
    good = ["https://a", "http://a\nb", "http://あ", "http://" + "a" * 2041]
    bad = ["http://", "http://\nabc", "HTTP://a", "ftp://a", " http://a"]
    assert codes_of("url", good) == [None] * len(good)
    assert codes_of("url", bad) == ["pattern"] * len(bad)
    assert codes_of("url", ["http://" + "a" * 2042]) == ["too_long"]


def test_lengths_are_counted_in_utf16_units():
    titles = ["題" * 1024, "題" * 1025, "😀" * 512, "😀" * 513, "a" * 1024, "a" * 1025]
    assert codes_of("title", titles) == [None, "too_long"] * 3


def test_keys_and_names():
    assert codes_of("deduplication_key", ["k" * 256, "k" * 257, "undefined", "a b", "key\n", "キー", "a\0b"]) == [
        None,
        "too_long",
        "counts_as_missing",
        *["pattern"] * 4,
    ]
    assert codes_of("event_name", ["x" * 20, "x" * 21, "Add To Cart", "Purchase\n"]) == [
        None,
        "too_long",
        "pattern",
        "pattern",
    ]
    assert codes_of("event_type", ["page_view", "purchase", "Conversion"]) == [None, "not_allowed", "not_allowed"]


def test_seconds_lie_within_the_window():
    edges = [NOW - 90 * DAY, NOW + DAY, NOW - 90 * DAY - 1, NOW + DAY + 1]
    edges += [0, -1, NOW * 1000, 2**63 - 1, -(2**63), 1, None]
    assert codes_of("event_timestamp", edges, pa.int64()) == [
        None,
        None,
        "too_old",
        "too_new",
        "not_positive",
        "not_positive",
        "milliseconds",
        "milliseconds",
        "not_positive",
        "too_old",
        "required",
    ]


def test_a_row_without_any_required_value_has_a_reason_for_each():
    batch = table([{}])
    _, rejects = both_agree(plan_of(batch), batch)
    assert [name for name, _ in rejects[0][1]] == [
        "deduplication_key",
        "event_type",
        "source_type",
        "event_timestamp",
        "",
    ]


def test_an_event_without_identifier_is_invalid():
    batch = table([{**GOOD, "click_id": None}, {**GOOD, "click_id": ""}])
    _, rejects = both_agree(plan_of(batch), batch)
    assert [[(name, reason.code) for name, reason in found] for _, found in rejects] == [[("", "no_identifier")]] * 2


def test_an_invalid_identifier_is_one_problem_not_two():
    batch = table([{**GOOD, "click_id": None, "email": "foo"}])
    _, rejects = both_agree(plan_of(batch), batch)
    assert [name for name, _ in rejects[0][1]] == ["email"]


def test_a_line_user_id_needs_the_channel_id():
    batch = table([GOOD, {**GOOD, "line_uid": "U" + "0" * 32}])
    _, rejects = both_agree(plan_of(batch, settings={}), batch)
    assert [(row, found[0][1].code) for row, found in rejects] == [(1, "needs_setting")]
    assert both_agree(plan_of(batch), batch)[1] == []


def test_invalid_utf8_is_refused_in_its_rows_alone():
    raw = [b"ok", b"\xff\xfe", b"\xed\xa0\x80", b"\xf0\x9f\x98", b"\xc0\xaf", "日本".encode()]
    text = pa.Array.from_buffers(pa.string(), len(raw), pa.array(raw, pa.binary()).buffers())
    for name in ("title", "user_agent", "referrer"):
        assert codes_of(name, text) == [None, *["invalid_utf8"] * 4, None]
    assert codes_of("email", text)[1] == codes_of("click_id", text)[1] == "invalid_utf8"


def test_a_character_split_over_two_cells_is_invalid_in_both():
    text = pa.Array.from_buffers(pa.string(), 2, pa.array([b"\xe6\x97", b"\xa5x"], pa.binary()).buffers())
    assert codes_of("title", text) == ["invalid_utf8"] * 2


def test_a_batch_is_checked_into_a_mask():
    batch = table([GOOD, {**GOOD, "url": "x"}, GOOD])
    plan = plan_of(batch)
    good, checked = check_batch(plan, plan.checks, batch)
    assert good.tolist() == [True, False, True]
    assert checked["url"].present.tolist() == [False, True, False]
