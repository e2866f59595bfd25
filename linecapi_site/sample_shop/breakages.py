"""Rows that LINE would not take: what goes wrong in real tables, one rule a row.

The list is written from LINE's reference, not from the product's checks: it is what these are held against.
"""

from __future__ import annotations

from .dice import Dice
from .events import SHOP, USER_COLUMNS, Row

SHARE = 50  # one row in so many is broken
DAY = 86_400
NO_USER = "no user field"

# (column, what is wrong, value)
BREAKAGES: tuple[tuple[str, str, str | None], ...] = (
    ("deduplication_key", "missing", None),
    ("deduplication_key", "empty", ""),
    ("deduplication_key", "has spaces", "order 20260401 1"),
    ("deduplication_key", "has full-width digits", "order-２０２６-1"),
    ("deduplication_key", "too long", "k" * 257),
    ("deduplication_key", "undefined", "undefined"),
    ("event_type", "missing", None),
    ("event_type", "empty", ""),
    ("event_type", "unknown", "purchase"),
    ("event_type", "in capitals", "CONVERSION"),
    ("event_name", "has spaces", "Add To Cart"),
    ("event_name", "in Japanese", "購入完了"),
    ("event_name", "too long", "PurchaseFromSummerSale"),
    ("source_type", "missing", None),
    ("source_type", "empty", ""),
    ("source_type", "unknown", "app"),
    ("event_timestamp", "missing", None),
    ("url", "has no scheme", "shop.example.jp/cart"),
    ("url", "of another scheme", "app://shop.example.jp/cart"),
    ("url", "ends after the scheme", "https://"),
    ("url", "too long", f"{SHOP}/?q={'a' * 2048}"),
    ("url", "too long in UTF-16", f"{SHOP}/?q={'🍵' * 1020}"),
    ("referrer", "too long", f"https://search.example.com/?q={'a' * 2048}"),
    ("referrer", "too long in UTF-16", f"https://search.example.com/?q={'🍡' * 1020}"),
    ("title", "too long", "夏の大感謝祭" * 171),
    ("title", "too long in UTF-16", "🎐" * 513),
    ("ip_address", "not an address", "unknown"),
    ("ip_address", "octet out of range", "192.0.2.256"),
    ("ip_address", "cut short", "198.51.100"),
    ("ip_address", "several", "203.0.113.7, 192.0.2.1"),
    ("ip_address", "with a port", "203.0.113.7:443"),
    ("ip_address", "malformed IPv6", "2001:db8::1::2"),
    ("browser_id", "without hyphens", "3f2504e04f8911d39a0c0305e82c3301"),
    ("browser_id", "not hexadecimal", "3f2504e0-4f89-11d3-9a0c-0305e82c33zz"),
    ("click_id", "has spaces", "0a1b2c3d 4e5f"),
    ("click_id", "percent-encoded", "0a1b2c3d%2D4e5f"),
    ("phone", "without country code", "080-0123-4567"),
    ("phone", "without plus", "818001234567"),
    ("phone", "too short", "+81901"),
    ("phone", "too long", "+8190012345678901"),
    ("phone", "has letters", "+81 90-0123-4567 内線2"),
    ("phone", "hash cut short", "8b664e742106a6db1edb1a51c79ced6d56b2541557fdfab1c41e98204c1b371"),
    ("ifa", "without hyphens", "6D92078A82464BA4AE5B76104861E7DC"),
    ("ifa", "cut short", "6D92078A-8246-4BA4-AE5B-76104861E7D"),
    ("external_id", "an e-mail address", "hanako@example.jp"),
    ("external_id", "too long", "m" * 513),
    ("external_id", "undefined", "undefined"),
    ("line_uid", "in capitals", "U0123456789ABCDEF0123456789ABCDEF"),
    ("line_uid", "without U", "0123456789abcdef0123456789abcdef"),
    ("line_uid", "cut short", "U0123456789abcdef"),
    ("email", "without domain", "hanako.sato"),
    ("email", "two addresses", "hanako@example.jp,taro@example.jp"),
    ("email", "has a space", "hanako sato@example.jp"),
    ("email", "not ASCII", "花子@example.jp"),
    ("email", "undefined", "undefined"),
    ("email", "hash cut short", "321ba197033e81286fedb719d60d4ed5cecaed170733cb4a92013811afc0e3b"),
)

RULES = (
    *(f"{column}: {wrong}" for column, wrong, _ in BREAKAGES),
    "event_timestamp: zero",
    "event_timestamp: negative",
    "event_timestamp: milliseconds",
    "event_timestamp: too old",
    "event_timestamp: too new",
    NO_USER,
)


def break_rows(rows: list[Row], *, now: int, dice: Dice) -> dict[int, str]:
    """Break one row in fifty, in place. Returns the rule (of `RULES`) that each of them breaks, by its number.

    All rules come up in turn, so 50 × len(RULES) rows are enough for each.
    """
    chosen = sorted(int(number) for number in dice.rng.choice(len(rows), size=len(rows) // SHARE, replace=False))
    start = dice.below(len(RULES))
    broken = {number: RULES[(start + turn) % len(RULES)] for turn, number in enumerate(chosen)}
    for number, rule in broken.items():
        _break(rows[number], rule, now, dice)
    return broken


def _break(row: Row, rule: str, now: int, dice: Dice) -> None:
    if rule == NO_USER:
        row |= {column: dice.pick((None, "")) for column in USER_COLUMNS}
        return
    column, wrong = rule.split(": ")
    values = {f"{name}: {what}": value for name, what, value in BREAKAGES}
    row[column] = values[rule] if rule in values else _time(wrong, row["time"], now)
    if column in USER_COLUMNS:  # so that this stays the only rule broken, also for those who skip a bad column
        row["external_id" if column == "browser_id" else "browser_id"] = _identifier(column, dice)


def _identifier(broken: str, dice: Dice) -> str:
    return f"member_{dice.digits(6)}" if broken == "browser_id" else dice.uuid()


def _time(wrong: str, time: int, now: int) -> int:
    times = {
        "zero": 0,
        "negative": -time,
        "milliseconds": time * 1000,
        "too old": now - 91 * DAY - (now - time),
        "too new": now + 3 * DAY + (now - time),
    }
    return times[wrong]
