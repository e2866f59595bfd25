"""Enough to recognise, too little to use."""

import time

import pytest

from exports.exporter.masking import mask, mask_any, mask_event
from integrations.connectors.line_conversion import CONNECTOR

HASH = "321ba197033e81286fedb719d60d4ed5cecaed170733cb4a92013811afc0e3b6"


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("email", "kana@example.jp", "k•••@example.jp"),
        ("email", " kana@example.jp ", "k•••@example.jp"),
        ("email", "kana", "k•••"),
        ("email", HASH, "321b…e3b6"),
        ("phone", "+819012345678", "+81 90 •••• 5678"),
        ("phone", "+81 90-1234-5678", "+81 90 •••• 5678"),
        ("phone", "+12125550123", "+1 21 •••• 0123"),
        ("phone", "+886912345678", "+886 91 •••• 5678"),
        ("phone", "+1234567", "+1•••"),
        ("phone", "090-1234-5678", "090 •••• 5678"),
        ("phone", "kana@example.jp", "k•••@example.jp"),
        ("phone", HASH, "321b…e3b6"),
        ("ip_address", "203.0.113.7", "203.0.•••"),
        ("ip_address", "2001:db8::1", "2001:db8:•••"),
        ("ip_address", "localhost", "lo•••"),
        ("line_uid", "U" + "0a" * 16, "U0a0…0a0a"),
        ("external_id", "abc", "a•••"),
        ("external_id", 12345678, "12•••"),
        ("title", "mail kana@example.jp", "mail k•••@example.jp"),
        ("event_name", "Purchase", "Purchase"),
    ],
)
def test_a_value_is_masked_by_its_field(field, value, shown):
    assert mask(CONNECTOR.field(field), value) == shown


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("test_flag", True, "true"),
        ("value", 12.5, "12.5"),
        ("keywords", ["夏", None, "kana@example.jp"], "夏, k•••@example.jp"),
        ("keywords", [b"a\xff"], "a�"),
    ],
)
def test_a_value_of_another_kind_is_shown_as_people_write_it(field, value, shown):
    assert mask(CONNECTOR.field(field), value) == shown


def test_bytes_that_are_no_text_can_be_shown():
    assert mask(CONNECTOR.field("title"), b"a\xff") == "a�"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("kana@example.jp, taro@example.jp", "k•••@example.jp, t•••@example.jp"),
        ("tel +81 90-1234-5678.", "tel +81 90 •••• 5678."),
        ("090-1234-5678", "090 •••• 5678"),
        ("0312345678", "031 •••• 5678"),
        ("819012345678", "819 •••• 5678"),
        (HASH, "321b…e3b6"),
        (f"u={HASH.upper()};", "u=321B…E3B6;"),
        ("U" + "0a" * 16, "U0a0…0a0a"),
        ("order-000000102-fce303074260", "order-000000102-fce303074260"),
        ("1795000000", "1795000000"),
        ("2026-11-18 07:06:40", "2026-11-18 07:06:40"),
        ("12,800", "12,800"),
    ],
)
def test_what_looks_personal_is_masked_in_any_text(text, shown):
    assert mask_any(text) == shown


def test_long_text_is_masked_in_linear_time():
    started = time.process_time()
    for hostile in ("a" * 50_000, "a." * 25_000, "0" * 50_000, "+1 " * 20_000, "a@" * 25_000):
        mask_any(hostile)
    assert time.process_time() - started < 2


def test_an_event_is_masked_but_for_its_numbers():
    event = {"event": {"event_timestamp": 5, "test_flag": True}, "user": {"email": HASH}}
    event["custom"] = {"value": 1.5, "keywords": ["茶", "kana@example.jp"]}
    assert mask_event(CONNECTOR, event) == {
        "event": {"event_timestamp": 5, "test_flag": True},
        "user": {"email": "321b…e3b6"},
        "custom": {"value": 1.5, "keywords": ["茶", "k•••@example.jp"]},
    }
