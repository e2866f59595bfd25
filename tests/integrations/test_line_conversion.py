"""LINE's connector: what LINE's public reference asks of a sender."""

import re

import pytest

from integrations.connectors.line_conversion import CONNECTOR
from integrations.spec import ASCII_SPACE, Answer

NOW = 1_795_000_000
EMAIL_HASH = "321ba197033e81286fedb719d60d4ed5cecaed170733cb4a92013811afc0e3b6"
PHONE_HASH = "8b664e742106a6db1edb1a51c79ced6d56b2541557fdfab1c41e98204c1b3713"
SETTINGS = {"line_tag_id": "tag-1", "access_token": "secret", "line_channel_id": "42"}


def reason(field, value):
    found = CONNECTOR.field(field).problem(value, NOW)
    return found.code if found else None


def test_it_has_the_17_columns():
    assert len(CONNECTOR.main_fields) == len({f.name for f in CONNECTOR.main_fields}) == 17
    assert {f.name for f in CONNECTOR.fields if f.required} == {
        "deduplication_key",
        "event_type",
        "source_type",
        "event_timestamp",
    }


def test_it_has_seven_additional_fields_after_them():
    names = ["test_flag", "value", "currency", "quantity", "item_ids", "keywords", "category"]
    assert [f.name for f in CONNECTOR.fields[17:]] == names
    assert [f.part for f in CONNECTOR.fields[17:]] == ["event", *["custom"] * 6]
    assert list(CONNECTOR.parts) == ["web", "event", "user", "custom"]


def test_the_field_that_marks_a_test_takes_true():
    field = CONNECTOR.field(CONNECTOR.test_field)
    assert (field.problem(True, NOW), field.wire(True)) == (None, True)


def test_every_field_is_in_a_part_and_a_group_that_exist():
    assert {f.part for f in CONNECTOR.fields} == set(CONNECTOR.parts)
    assert {f.group for f in CONNECTOR.fields} == set(CONNECTOR.groups)


def test_every_field_says_its_rule():
    assert all(f.rule and f.help for f in CONNECTOR.fields)


@pytest.mark.parametrize(
    "email",
    ["foo@example.com", "Foo@Example.COM", "  Foo@Example.com \n", EMAIL_HASH.upper(), " " + EMAIL_HASH],
)
def test_email_vectors(email):
    assert reason("email", email) is None
    assert CONNECTOR.field("email").wire(email) == EMAIL_HASH


def test_more_email_vectors():
    field = CONNECTOR.field("email")
    assert field.wire("f.o.o+tag@example.com") == "7879cc0fe6c33eaf89ba1b28c4ed9b04103b0102060d67d162b59f5d920d5d17"
    assert field.wire("test@example.com") == "973dfe463ec85785f5f95af5ba3906eedb2d931c24e69824a89ea65dba4e813b"
    assert reason("email", "foo") == reason("email", "undefined") == "email"


@pytest.mark.parametrize("phone", ["+818012345678", " +818012345678 ", "+81 80-1234-5678", "+81(80)12345678"])
def test_phone_vectors(phone):
    assert reason("phone", phone) is None
    assert CONNECTOR.field("phone").wire(phone) == PHONE_HASH


def test_more_phone_vectors():
    field = CONNECTOR.field("phone")
    assert field.wire("+819001234567") == "c9fb9ae95bff879cbcdfc9edf6716640bc40841f3b7352140daa1431af4c319e"
    assert field.wire("+819012345678") == "3d06a39d40790f11761295e053029378ae28c4b4f6f301693005e079f3d4ca64"


@pytest.mark.parametrize("phone", ["080-1234-5678", "08012345678", "818012345678"])
def test_a_phone_without_country_code_is_refused_with_an_example(phone):
    assert "country code, like +818012345678" in CONNECTOR.field("phone").problem(phone, NOW).text


@pytest.mark.parametrize(("field", "raw"), [("phone", "+818012345678"), ("email", "foo@example.com")])
def test_what_matches_as_it_came_is_normal_but_for_its_case(field, raw):
    hashing = CONNECTOR.field(field).hashing
    spaced = [raw[:6] + character + raw[6:] for character in ASCII_SPACE + hashing.drop]
    edges = [character + raw for character in ASCII_SPACE] + [raw + character for character in ASCII_SPACE]
    odd = [value for value in [*spaced, *edges] if hashing.normalise(value) != value]
    assert odd
    assert not [value for value in [EMAIL_HASH, EMAIL_HASH.upper(), *odd] if re.fullmatch(hashing.raw, value)]


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ("deduplication_key", "a-Z_9", "undefined"),
        ("external_id", "e" * 512, "undefined"),
        ("event_name", "Add_to-cart1", "Add To Cart"),
        ("event_type", "page_view", "purchase"),
        ("source_type", "web", "app"),
        ("url", "http://a", "ftp://a"),
        ("line_uid", "U" + "0f" * 16, "U" + "0F" * 16),
        ("click_id", "a_-", "a b"),
        ("browser_id", "123e4567-e89b-12d3-a456-426614174000", "123e4567e89b12d3a456426614174000"),
        ("ifa", "123E4567-E89B-12D3-A456-426614174000", "g23e4567-e89b-12d3-a456-426614174000"),
        ("ip_address", "::1", "1.2.3"),
        ("title", "題" * 1024, "題" * 1025),
        ("referrer", "r" * 2048, "r" * 2049),
        ("event_timestamp", NOW, NOW * 1000),
        ("test_flag", "true", "1"),
        ("value", 2_147_483_647, 2_147_483_648),
        ("value", 0, -1),
        ("currency", "JPY", "jpy"),
        ("quantity", 2_147_483_647, 2_147_483_648),
        ("quantity", 0, 0.5),
        ("item_ids", ["a"] * 100, ["a"] * 101),
        ("keywords", "a," * 10, "a," * 11),
        ("category", "😀" * 150, "😀" * 150 + "a"),
    ],
)
def test_each_field_accepts_and_refuses(field, good, bad):
    assert reason(field, good) is None
    assert reason(field, bad) is not None


def test_a_request_goes_to_the_tag():
    assert CONNECTOR.url("https://host/", SETTINGS) == "https://host/v1/tag-1/events"


def test_the_token_is_sent_raw_and_the_channel_id_only_with_line_user_ids():
    assert CONNECTOR.request_headers(SETTINGS, set()) == {
        "Content-Type": "application/json",
        "X-Line-TagAccessToken": "secret",
    }
    assert CONNECTOR.request_headers(SETTINGS, {"line_uid"})["X-Line-ChannelID"] == "42"
    assert "X-Line-ChannelID" not in CONNECTOR.request_headers({**SETTINGS, "line_channel_id": ""}, {"line_uid"})


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (202, Answer.ACCEPTED),
        (400, Answer.DIVIDE),
        (401, Answer.STOP),
        (429, Answer.WAIT),
        (500, Answer.RETRY),
        (503, Answer.RETRY),
        (200, Answer.UNDOCUMENTED),
        (413, Answer.UNDOCUMENTED),
    ],
)
def test_what_an_answer_means(status, answer):
    assert CONNECTOR.answer(status) is answer


def test_every_documented_answer_has_advice():
    assert set(CONNECTOR.advice) == set(CONNECTOR.answers)
    assert all(a.do for s, a in CONNECTOR.advice.items() if CONNECTOR.answers[s] in (Answer.STOP, Answer.WAIT))


def test_settings_have_the_documented_defaults_and_limits():
    cleaned = {s.name: s.clean(None) for s in CONNECTOR.settings if not s.required}
    assert cleaned == {
        "line_channel_id": None,
        "max_retry": 8,
        "initial_retry_wait": 15,
        "max_retry_wait": 3600,
        "connection_timeout": 300,
        "ignore_invalid_records": True,
        "max_records": 1000,
        "keep_row_order": False,
    }
    assert CONNECTOR.setting("max_records").limits == "1,000 to 100,000"
    assert (CONNECTOR.limits.events, CONNECTOR.limits.bytes) == (100_000, 295_000_000)


def test_only_the_token_is_secret():
    assert [s.name for s in CONNECTOR.settings if s.kind == "secret"] == ["access_token"]
