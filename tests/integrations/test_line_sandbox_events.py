"""What the stand-in for LINE takes as an event, rule by rule."""

import pytest

from integrations.connectors.line_conversion.sandbox.events import problem

NOW = 1_750_000_000
HASH = "321ba197033e81286fedb719d60d4ed5cecaed170733cb4a92013811afc0e3b6"
UUID = "0a1B2c3D-1111-2222-3333-0123456789aB"

FULL = {
    "event": {
        "deduplication_key": "Order_1-a",
        "event_type": "conversion",
        "event_name": "Purchase",
        "source_type": "web",
        "event_timestamp": NOW,
        "test_flag": False,
    },
    "web": {
        "url": "https://shop.example.jp/",
        "referrer": "anything",
        "title": "夏の😀セール",
        "user_agent": "Mozilla/5.0",
        "ip_address": "2001:db8::1",
    },
    "user": {
        "line_uid": "U0123456789abcdef0123456789abcdef",
        "click_id": "a-B_9",
        "browser_id": UUID,
        "ifa": UUID,
        "external_id": "customer-1",
        "phone": HASH,
        "email": HASH,
    },
    "custom": {
        "value": 0.5,
        "currency": "JPY",
        "quantity": 2,
        "item_ids": ["a", "b"],
        "keywords": ["夏"],
        "category": "茶",
    },
}


def changed(path, value):
    group, key = path.split(".")
    return FULL | {group: FULL[group] | {key: value}}


def without(path):
    group, key = path.split(".")
    return FULL | {group: {name: value for name, value in FULL[group].items() if name != key}}


def verdict(event, *, now=NOW, has_channel=True):
    return problem(event, now=now, has_channel=has_channel)


def test_it_takes_an_event_with_every_key():
    assert verdict(FULL) is None


def test_it_takes_the_smallest_event():
    event = {key: FULL["event"][key] for key in ("deduplication_key", "event_type", "source_type", "event_timestamp")}
    assert verdict({"event": event, "user": {"external_id": "a"}}) is None


@pytest.mark.parametrize("path", [f"{group}.{key}" for group, keys in FULL.items() for key in keys])
@pytest.mark.parametrize("value", [None, "", [], {}, {"a": 1}, [1], ["a", ""], object])
def test_no_key_takes_null_empty_or_another_kind_of_value(path, value):
    assert path in verdict(changed(path, value))


@pytest.mark.parametrize("key", ["deduplication_key", "event_type", "source_type", "event_timestamp"])
def test_it_requires_these_keys(key):
    assert verdict(without(f"event.{key}")) == f"event.{key}: is required"


@pytest.mark.parametrize("path", [f"{group}.{key}" for group in ("web", "user", "custom") for key in FULL[group]])
def test_it_requires_no_other_key(path):
    assert verdict(without(path)) is None


@pytest.mark.parametrize("name", ["event", "user"])
def test_it_requires_these_objects(name):
    assert name in verdict({key: value for key, value in FULL.items() if key != name})


@pytest.mark.parametrize("event", [None, 1, "a", [], [FULL], FULL | {"other": {"a": 1}}, FULL | {"web": {}}, {}])
def test_it_refuses_what_is_not_an_event(event):
    assert verdict(event)


@pytest.mark.parametrize("group", FULL)
def test_it_refuses_keys_it_does_not_know(group):
    assert verdict(changed(f"{group}.colour", "red")) == f"{group}: unknown key 'colour'"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("event.deduplication_key", "a" * 257),
        ("event.deduplication_key", "a b"),
        ("event.deduplication_key", "１"),
        ("event.deduplication_key", "a\n"),
        ("event.deduplication_key", "undefined"),
        ("event.deduplication_key", 1),
        ("event.event_type", "Conversion"),
        ("event.event_name", "a" * 21),
        ("event.event_name", "Add To Cart"),
        ("event.source_type", "app"),
        ("event.event_timestamp", 0),
        ("event.event_timestamp", -1),
        ("event.event_timestamp", str(NOW)),
        ("event.event_timestamp", float(NOW)),
        ("event.event_timestamp", True),
        ("event.test_flag", "true"),
        ("event.test_flag", 1),
        ("web.url", "example.jp"),
        ("web.url", "ftp://example.jp"),
        ("web.url", "https://"),
        ("web.url", "https://\n"),
        ("web.url", " https://example.jp"),
        ("web.url", "https://" + "a" * 2041),
        ("web.referrer", "a" * 2049),
        ("web.referrer", "😀" * 1025),
        ("web.title", "a" * 1025),
        ("web.title", "😀" * 513),
        ("web.title", "\ud800"),
        ("web.user_agent", "\ud800"),
        ("web.user_agent", 1),
        ("web.ip_address", "192.0.2.256"),
        ("web.ip_address", "192.0.2"),
        ("web.ip_address", "192.0.2.01"),
        ("web.ip_address", "192.0.2.1:80"),
        ("web.ip_address", "fe80::1%eth0"),
        ("web.ip_address", 3221225985),
        ("user.line_uid", "U" + "A" * 32),
        ("user.line_uid", "0" * 33),
        ("user.line_uid", "U" + "0" * 31),
        ("user.click_id", "a b"),
        ("user.browser_id", UUID.replace("-", "")),
        ("user.ifa", UUID[:-1] + "g"),
        ("user.external_id", "a@b"),
        ("user.external_id", "a" * 513),
        ("user.external_id", "undefined"),
        ("user.phone", "+818012345678"),
        ("user.phone", HASH.upper()),
        ("user.email", "foo@example.com"),
        ("user.email", HASH[:-1]),
        ("custom.value", -1),
        ("custom.value", 2_147_483_648),
        ("custom.value", float("inf")),
        ("custom.value", "1"),
        ("custom.value", True),
        ("custom.currency", "jpy"),
        ("custom.quantity", 1.0),
        ("custom.quantity", 2_147_483_648),
        ("custom.item_ids", "a,b"),
        ("custom.item_ids", ["a"] * 101),
        ("custom.keywords", ["a"] * 11),
        ("custom.keywords", ["\ud800"]),
        ("custom.category", "a" * 301),
    ],
)
def test_it_refuses(path, value):
    assert verdict(changed(path, value)).startswith(f"{path}: ")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("event.deduplication_key", "a" * 256),
        ("event.event_type", "page_view"),
        ("event.event_name", "a" * 20),
        ("web.url", "http://a"),
        ("web.url", "https://" + "a" * 2040),
        ("web.referrer", "😀" * 1024),
        ("web.title", "😀" * 512),
        ("web.ip_address", "192.0.2.255"),
        ("user.external_id", "a" * 512),
        ("custom.value", 0),
        ("custom.value", 2_147_483_647),
        ("custom.quantity", 0),
        ("custom.item_ids", ["a"] * 100),
        ("custom.keywords", ["a"] * 10),
        ("custom.category", "a" * 300),
    ],
)
def test_it_takes_values_at_the_limit(path, value):
    assert verdict(changed(path, value)) is None


@pytest.mark.parametrize(
    ("age", "wrong"), [(90 * 86400, ""), (90 * 86400 + 1, "90 days"), (-86400, ""), (-86401, "24 h")]
)
def test_the_time_is_held_against_the_arrival(age, wrong):
    reason = verdict(FULL, now=NOW + age)
    assert wrong in reason if wrong else reason is None


def test_a_time_in_milliseconds_is_in_the_far_future():
    assert "24 hours" in verdict(changed("event.event_timestamp", NOW * 1000))


def test_a_line_uid_needs_a_channel():
    assert "X-Line-ChannelID" in verdict(FULL, has_channel=False)
    assert verdict(without("user.line_uid"), has_channel=False) is None
