"""Who comes to the shop: devices, members, and the many ways in which one address or number gets written."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from .dice import Dice

APPLE = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
CHROMIUM = "AppleWebKit/537.36 (KHTML, like Gecko)"
USER_AGENTS = (
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) {APPLE} Version/18.5 Mobile/15E148 Safari/604.1",
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_6_1 like Mac OS X) {APPLE} Mobile/15E148 Safari Line/15.2.0",
    f"Mozilla/5.0 (iPad; CPU OS 17_7 like Mac OS X) {APPLE} Version/17.7 Mobile/15E148 Safari/604.1",
    f"Mozilla/5.0 (Linux; Android 15; Pixel 9) {CHROMIUM} Chrome/137.0.0.0 Mobile Safari/537.36",
    f"Mozilla/5.0 (Linux; Android 14; SC-51E; wv) {CHROMIUM} Chrome/136.0.0.0 Mobile Safari/537.36 Line/15.3.1/IAB",
    f"Mozilla/5.0 (Linux; Android 13; SO-52D) {CHROMIUM} Chrome/136.0.0.0 Mobile Safari/537.36",
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROMIUM} Chrome/137.0.0.0 Safari/537.36",
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROMIUM} Chrome/137.0.0.0 Safari/537.36 Edg/137.0.0.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:139.0) Gecko/20100101 Firefox/139.0",
    f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {APPLE} Version/18.5 Safari/605.1.15",
)
FAMILY_NAMES = ("sato", "suzuki", "takahashi", "tanaka", "ito", "watanabe", "yamamoto", "nakamura", "kobayashi", "kato")
GIVEN_NAMES = ("hanako", "taro", "yui", "haruto", "aoi", "sota", "rin", "minato", "mei", "ren", "sakura", "yuma")
MAIL_DOMAINS = ("example.com", "example.jp", "example.org")
NETWORKS = ("192.0.2", "198.51.100", "203.0.113")


@dataclass(frozen=True)
class Visitor:
    """One browser, and the member behind it, if any. `phone` and `email` are in their normal forms."""

    browser_id: str | None
    user_agent: str
    ip_address: str
    ifa: str | None
    external_id: str | None
    line_uid: str | None
    phone: str | None
    email: str | None


def visitor(number: int, dice: Dice) -> Visitor:
    """The visitor with this number: two in five are members, and a few of these are known to LINE."""
    member = dice.chance(0.4)
    agent = dice.pick(USER_AGENTS)
    return Visitor(
        browser_id=dice.uuid() if dice.chance(0.92) else None,
        user_agent=agent,
        ip_address=_address(dice),
        ifa=dice.uuid().upper() if "Line/" in agent and dice.chance(0.4) else None,
        external_id=f"member_{number:06d}" if member else None,
        line_uid=f"U{dice.hexes(32)}" if member and dice.chance(0.3) else None,
        phone=_phone(dice) if member and dice.chance(0.6) else None,
        email=_email(number, dice) if member else None,
    )


def _address(dice: Dice) -> str:
    if dice.chance(0.25):
        return f"2001:db8:{dice.below(0x10000):x}::{1 + dice.below(0xFFFE):x}"
    return f"{dice.pick(NETWORKS)}.{1 + dice.below(254)}"


def _phone(dice: Dice) -> str:
    return f"+81{dice.pick(('70', '80', '90'))}0{dice.digits(7)}"


def _email(number: int, dice: Dice) -> str:
    family, given = dice.pick(FAMILY_NAMES), dice.pick(GIVEN_NAMES)
    local = dice.pick((f"{given}.{family}", f"{family}_{given}", f"{given[0]}.{family}+shop", f"{family}{given}"))
    return f"{local}{number}@{dice.pick(MAIL_DOMAINS)}"


def written_phone(phone: str, dice: Dice) -> str:
    """`phone` as it stands in a table: as typed, or hashed by somebody upstream."""
    carrier, middle, last = phone[3:5], phone[5:9], phone[9:]
    digest = sha256(phone.encode()).hexdigest()
    typed = (
        phone,
        f"+81 {carrier}-{middle}-{last}",
        f"+81 {carrier} {middle} {last}",
        f"+81({carrier}){middle}-{last}",
    )
    return dice.pick((*typed, *typed, f" {phone} ", digest, digest.upper()))


def written_email(email: str, dice: Dice) -> str:
    """`email` as it stands in a table: as typed, or hashed by somebody upstream."""
    digest = sha256(email.encode()).hexdigest()
    return dice.pick((email, email, email, email, email.title(), email.upper(), f" {email}\n", digest, digest.upper()))
