"""What happens in the shop: page views and conversions of the 14 days before now, more of them in the evening."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import quote

import numpy as np

from .dice import Dice
from .visitors import Visitor, visitor, written_email, written_phone

Row = dict[str, Any]

COLUMNS = (
    "time",
    "event_type",
    "event_name",
    "source_type",
    "event_timestamp",
    "deduplication_key",
    "url",
    "referrer",
    "title",
    "user_agent",
    "ip_address",
    "browser_id",
    "click_id",
    "phone",
    "email",
    "ifa",
    "external_id",
    "line_uid",
    "order_id",
    "item_name",
    "total_jpy",
)
USER_COLUMNS = ("browser_id", "click_id", "phone", "email", "ifa", "external_id", "line_uid")

DAYS = 14
JAPAN = timezone(timedelta(hours=9))
# Of 100 events of a day, how many fall into each hour in Japan: lunch, and the evening on the sofa.
HOURS = (3, 2, 1, 0.5, 0.4, 0.6, 1.5, 3, 4, 4, 4, 4.5, 7, 5, 4, 4, 4, 4.5, 5, 6, 8, 9.5, 9, 5.5)
WEEKEND = 1.3  # times as many as on a weekday

SHOP = "https://shop.example.jp"
NAME = "みほん堂オンライン"
CATEGORIES = {
    "お茶": (
        ("宇治抹茶 30g", 1_620),
        ("深蒸し煎茶 100g", 1_080),
        ("玄米茶ティーバッグ 20個入", 648),
        ("ほうじ茶ラテの素", 918),
    ),
    "和菓子": (
        ("どら焼き 5個入", 1_300),
        ("水ようかん詰め合わせ", 2_160),
        ("栗きんとん 6個入", 1_944),
        ("あんみつ 😋 夏限定", 540),
    ),
    "文具": (
        ("和紙レターセット", 770),
        ("万年筆 藍", 8_800),
        ("手ぬぐいブックカバー", 1_430),
        ("御朱印帳 青海波", 1_980),
    ),
    "器": (("美濃焼 湯のみ", 1_650), ("漆塗り 汁椀", 4_400), ("有田焼 豆皿 5枚組", 5_500), ("南部鉄器 急須", 9_900)),
}
ITEMS = tuple((category, item, price) for category, items in CATEGORIES.items() for item, price in items)
REFERRERS = (
    "",
    "",
    f"{SHOP}/",
    "https://search.example.com/search?q=" + quote("抹茶 通販"),
    "https://social.example.org/feed",
    "https://magazine.example.com/" + quote("特集/夏の手土産"),
)


def shop_events(*, now: int, rows: int, dice: Dice) -> list[Row]:
    """`rows` valid events with all of `COLUMNS`, in order of time; the last is at least a minute before `now`."""
    visitors = [visitor(number, dice) for number in range(rows // 6 + 1)]
    return [
        _event(number, time, visitors[int(len(visitors) * dice.rng.random() ** 1.7)], dice)
        for number, time in enumerate(_times(now, rows, dice))
    ]


def _times(now: int, rows: int, dice: Dice) -> list[int]:
    start = now - DAYS * 86_400
    hours = [datetime.fromtimestamp(start + hour * 3600, UTC).astimezone(JAPAN) for hour in range(DAYS * 24)]
    weights = np.array([HOURS[hour.hour] * (WEEKEND if hour.weekday() >= 5 else 1) for hour in hours])
    drawn = dice.rng.choice(len(hours), size=rows, p=weights / weights.sum())
    times = start + drawn * 3600 + dice.rng.integers(3540, size=rows)
    return [int(time) for time in np.sort(times)]


def _event(number: int, time: int, who: Visitor, dice: Dice) -> Row:
    row: Row = dict.fromkeys(COLUMNS)
    day = datetime.fromtimestamp(time, JAPAN).strftime("%Y%m%d")
    key = f"{day}-{number:07d}-{dice.hexes(6)}"
    row |= {"time": time, "event_timestamp": time, "source_type": "web", "deduplication_key": key}
    row |= _page_view(dice) if dice.chance(0.8) else _conversion(f"SO-{day}-{number:07d}", dice)
    row |= {"user_agent": who.user_agent, "ip_address": who.ip_address if dice.chance(0.97) else ""}
    row |= _user(who, dice, known=row["event_type"] == "conversion" or dice.chance(0.3))
    return row | (_from_ad(row["url"], dice) if row["event_type"] == "page_view" and dice.chance(0.06) else {})


def _from_ad(url: str, dice: Dice) -> Row:
    click_id = f"{dice.hexes(16)}-{dice.hexes(6)}_A"
    landing = f"{url}{'&' if '?' in url else '?'}ldtag_cl={click_id}"
    return {"click_id": click_id, "url": landing, "referrer": "https://ads.example.com/"}


def _page_view(dice: Dice) -> Row:
    category, item, _ = dice.pick(ITEMS)
    pages: tuple[Row, ...] = (
        {"url": f"{SHOP}/", "title": f"{NAME}｜暮らしの道具とお茶"},
        {"url": f"{SHOP}/{quote(category)}/", "title": f"{category}の一覧｜{NAME}"},
        {"url": f"{SHOP}/{quote(f'{category}/{item}')}", "title": f"{item}｜{NAME}", "item_name": item},
        {"url": f"{SHOP}/{quote(f'{category}/{item}')}", "title": f"{item}｜{NAME}", "item_name": item},
        {"url": f"{SHOP}/{quote('検索')}?q={quote(item[:3])}", "title": f"「{item[:3]}」の検索結果｜{NAME}"},
        {"url": f"{SHOP}/{quote('ご利用案内')}", "title": f"ご利用案内｜{NAME}"},
    )
    name = dice.pick((None, None, ""))
    return {"event_type": "page_view", "event_name": name, "referrer": dice.pick(REFERRERS), **dice.pick(pages)}


def _conversion(order_id: str, dice: Dice) -> Row:
    category, item, price = dice.pick(ITEMS)
    page = f"{SHOP}/{quote(f'{category}/{item}')}"
    kinds: tuple[Row, ...] = (
        {"event_name": "AddToCart", "url": f"{SHOP}/cart", "title": f"カート｜{NAME}", "item_name": item},
        {"event_name": "AddToCart", "url": page, "title": f"{item}｜{NAME}", "item_name": item},
        {"event_name": "AddToWishlist", "url": page, "title": f"{item}｜{NAME}", "item_name": item},
        {"event_name": "SignUp", "url": f"{SHOP}/{quote('会員登録/完了')}", "title": f"会員登録が完了しました｜{NAME}"},
        _purchase(order_id, item, price * (1 + dice.below(3)), "Purchase"),
        _purchase(order_id, item, price * (1 + dice.below(3)), dice.pick(("Purchase", "Conversion", None))),
    )
    return {"event_type": "conversion", "referrer": dice.pick((None, "", page)), **dice.pick(kinds)}


def _purchase(order_id: str, item: str, goods: int, name: str | None) -> Row:
    total = goods if goods >= 5_000 else goods + 550
    url, title = f"{SHOP}/{quote('ご注文/完了')}", f"ご注文ありがとうございます｜{NAME}"
    return {"event_name": name, "url": url, "title": title, "order_id": order_id, "item_name": item, "total_jpy": total}


def _user(who: Visitor, dice: Dice, *, known: bool) -> Row:
    user: Row = {"browser_id": who.browser_id, "ifa": who.ifa}
    if known and who.external_id:
        user |= {"external_id": who.external_id, "line_uid": who.line_uid}
        user["email"] = written_email(who.email, dice) if who.email and dice.chance(0.8) else dice.pick((None, ""))
        user["phone"] = written_phone(who.phone, dice) if who.phone and dice.chance(0.8) else dice.pick((None, ""))
    if not any(user.values()):
        user["browser_id"] = dice.uuid()
    return user
