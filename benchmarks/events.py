"""Realistic rows of LINE's 17 columns, as a Parquet file: what the other benchmarks run on.

About 0.9 kB of JSON an event, Japanese titles, three in ten optional cells null and one in a hundred empty, one row in
fifty invalid in one of many ways (some in three at once), one in two hundred at the very edge of what is valid.
Everything is drawn from a seeded generator, a column at a time.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from integrations.connectors.line_conversion import CONNECTOR

Random = np.random.Generator

GROUP_ROWS = 100_000  # made and written at once
BATCH_ROWS = 10_000  # read at once
BAD, EDGE = 0.02, 0.005
DAY = 86400

WORDS = [
    "春の",
    "新作",
    "コレクション",
    "送料無料",
    "限定セール",
    "公式オンラインストア",
    "北海道",
    "ギフト",
    "おすすめ",
    "ランキング",
    "人気",
    "口コミ",
    "定期便",
    "初回",
    "半額",
    "キャンペーン",
    "化粧水",
    "美容液",
    "スニーカー",
    "レディース",
    "メンズ",
    "キッズ",
    "家電",
    "冷蔵庫",
    "旅行",
    "温泉",
    "宿",
    "予約",
    "東京",
    "大阪",
    "沖縄",
    "英会話",
    "資格",
    "転職",
    "保険",
    "見積もり",
    "クーポン",
    "100%OFF",
    "2026年",
    "プレゼント",
]
SHOPS = ["ショップひまわり", "Café de 東京", "株式会社サンプル", "SHOP_LINE", "お買い物モール"]
ENDINGS = [""] * 980 + [" 😀🎉"] * 10 + [' "新着"'] * 8 + ["\tA\\B\n"] * 2
QUOTED = [quote(word) for word in WORDS]
PHONES = [f"+81{digit}0{a:02d}" for digit in "789" for a in range(100)]
AGENTS = [
    f"Mozilla/5.0 (iPhone; CPU iPhone OS {a}_{b} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    f"Version/{a}.{b} Mobile/15E148 Safari/604.1"
    for a in range(14, 20)
    for b in range(8)
] + [
    f"Mozilla/5.0 (Linux; Android {a}; {model} Build/UP1A.{b}) AppleWebKit/537.36 (KHTML, like Gecko) "
    f"Chrome/{100 + b}.0.{6000 + b}.{b * 3} Mobile Safari/537.36 Line/14.{b}.0"
    for a in range(9, 16)
    for b in range(30)
    for model in ("SO-51D", "SH-M24", "Pixel 8", "SC-52C")
]
EVENT_NAMES = ["Conversion", "Purchase", "AddToCart", "CompleteRegistration", "Lead", "custom_event-01"]
HEX = b"0123456789abcdef"
TOKEN = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
DIGITS = b"0123456789"

# Ways to be invalid; a time is seconds from now.
WRONG: list[tuple[str, object]] = [
    *(("referrer", value) for value in ("https://a.example/" + "r" * 2040, "あ" * 2049)),
    *(("ip_address", value) for value in ("256.1.1.1", "01.2.3.4", "1.2.3", "2001:db8::1::2", "fe80::1%eth0")),
    *(("ip_address", value) for value in ("12345::", "1.2.3.4\n", "１.2.3.4")),
    *(("title", value) for value in ("題" * 1025, "😀" * 513)),
    *(("url", value) for value in ("ftp://example.com/", "https://", "http://\nabc", " https://example.com")),
    *(("url", value) for value in ("https://e.example/" + "x" * 2040, "www.example.co.jp")),
    *(("deduplication_key", value) for value in (None, "", "a b", "k" * 257, "key\n", "キー", "undefined")),
    *(("event_type", value) for value in (None, "purchase", "Conversion")),
    *(("event_name", value) for value in ("x" * 21, "Add To Cart", "購入", "Purchase\n")),
    *(("source_type", value) for value in (None, "app")),
    *(("event_timestamp", value) for value in (None, -91 * DAY, 2 * DAY, 1_700_000_000_000)),
    *(("browser_id", value) for value in ("not-a-uuid", "0b37e4a2-5d4c-4d0e-8f7a-1c2b3d4e5f6", "undefined")),
    *(("click_id", value) for value in ("a b", "ab=", "あ")),
    *(("phone", value) for value in ("08012345678", "090-1234-5678", "+８１８０１２３４５６７８", "c" * 63, "A" * 65)),
    *(("ifa", value) for value in ("0" * 32, "g0000000-0000-0000-0000-000000000000")),
    *(("external_id", value) for value in ("e" * 513, "a/b", "undefined")),
    *(("line_uid", value) for value in ("u" + "0" * 32, "U" + "A" * 32, "U" + "0" * 31)),
    *(("email", value) for value in ("no-at-sign", "a@b@c", "田中@example.jp", "a b@example.jp")),
]
# Values at the very edge that are valid.
RIGHT: list[tuple[str, object]] = [
    *(("title", value) for value in ("題" * 1024, "😀" * 512, '\x01\x1f\x7f\u2028"\\/')),
    *(("referrer", value) for value in ("r" * 2048, "あ" * 2048)),
    *(("url", value) for value in ("https://e.example/" + "x" * 2030, "http://a\nb")),
    *(("ip_address", value) for value in ("::", "::ffff:1.2.3.4", "2001:db8::")),
    *(("phone", value) for value in ("+1234567", " +81 80-1234-5678 ", "A" * 64)),
    *(("email", value) for value in ("a!#$%&'*+/=?`{|}~^.-@x", "  Foo@Example.COM \n", "F" * 64)),
    *(("deduplication_key", "k" * 256), ("event_name", "x" * 20), ("external_id", "e" * 512)),
    *(("event_timestamp", value) for value in (DAY - 3600, -90 * DAY + 7200)),
]


# --- the file ----------------------------------------------------------------------------------------------------


def written(folder: Path, rows: int) -> Path:
    """The file with so many rows in `folder`; made if it is not there. Times are seen from now on."""
    path = folder / f"events-{rows}.parquet"
    if not path.exists():
        temporary = path.with_suffix(".new")
        with pq.ParquetWriter(temporary, schema(), compression="zstd") as file:
            for table in tables(rows, now=int(time.time())):
                file.write_table(table)
        temporary.rename(path)
    return path


def read(path: Path, rows: int | None = None) -> Iterator[tuple[int, pa.RecordBatch]]:
    """(number of its first row, batch), in this thread alone."""
    file, first = pq.ParquetFile(path, pre_buffer=False, buffer_size=1 << 20), 0
    for batch in file.iter_batches(BATCH_ROWS, use_threads=False):
        wanted = batch if rows is None else batch.slice(0, rows - first)
        if not len(wanted):
            return
        yield first, wanted
        first += len(wanted)


def with_prefix(batch: pa.RecordBatch, prefix: str) -> pa.RecordBatch:
    """The same rows under other deduplication keys."""
    at = batch.schema.get_field_index("deduplication_key")
    made = joined(pa.repeat(prefix, len(batch)), batch.column(at))
    return batch.set_column(at, batch.schema.field(at), made)


def schema() -> pa.Schema:
    kinds = {"epoch": pa.int64(), "text": pa.string()}
    return pa.schema([(field.name, kinds[field.kind]) for field in CONNECTOR.main_fields])


def tables(rows: int, *, now: int, seed: int = 1) -> Iterator[pa.Table]:
    for start in range(0, rows, GROUP_ROWS):
        yield table(min(GROUP_ROWS, rows - start), first=start, now=now, seed=seed)


def table(rows: int, *, first: int = 0, now: int, seed: int = 1) -> pa.Table:
    """`first`: number of the first row. Equal arguments give equal rows."""
    random = np.random.default_rng([seed, first])
    columns = {name: make(random, rows) for name, make in OPTIONAL.items()}
    columns = {name: sometimes(random, column) for name, column in columns.items()}
    columns |= {
        "deduplication_key": keys(random, first, rows),
        "event_type": chosen(random, ["conversion", "page_view"], rows),
        "source_type": pa.array(["web"] * rows),
        "event_timestamp": pa.array(now - random.integers(3600, 85 * DAY, rows)),
    }
    spoil(random, columns, rows, now)
    return pa.table([columns[name] for name in schema().names], schema=schema())


# --- columns -----------------------------------------------------------------------------------------------------


def chosen(random: Random, values: list[str], rows: int) -> pa.StringArray:
    return pa.array(values, pa.string()).take(pa.array(random.integers(0, len(values), rows)))


def drawn(random: Random, alphabet: bytes, lengths: np.ndarray) -> pa.StringArray:
    """Cells of so many characters each."""
    ends = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    text = np.frombuffer(alphabet, np.uint8)[random.integers(0, len(alphabet), ends[-1], np.uint8)]
    return pa.StringArray.from_buffers(len(lengths), pa.py_buffer(ends), pa.py_buffer(text))


def digits(random: Random, rows: int, count: int, alphabet: bytes = HEX) -> pa.StringArray:
    return drawn(random, alphabet, np.full(rows, count))


def joined(*parts: pa.StringArray | str) -> pa.StringArray:
    return pc.binary_join_element_wise(*parts, "")


def either(random: Random, share: float, first: pa.StringArray, second: pa.StringArray) -> pa.StringArray:
    return pc.if_else(pa.array(random.random(len(first)) < share), first, second)


def sometimes(random: Random, column: pa.StringArray) -> pa.StringArray:
    """The column with nulls and empty cells."""
    draw = random.random(len(column))
    filled = pc.if_else(pa.array((draw >= 0.29) & (draw < 0.30)), "", column)
    return pc.if_else(pa.array(draw >= 0.29), filled, None)


def keys(random: Random, first: int, rows: int) -> pa.StringArray:
    numbers = pa.array([f"order-{number:09d}-" for number in range(first, first + rows)])
    return joined(numbers, digits(random, rows, 12))


def uuids(random: Random, rows: int) -> pa.StringArray:
    text = np.frombuffer(HEX, np.uint8)[random.integers(0, 16, (rows, 36), np.uint8)]
    text[:, [8, 13, 18, 23]] = ord("-")
    ends = np.arange(0, 36 * rows + 1, 36, dtype=np.int32)
    return pa.StringArray.from_buffers(rows, pa.py_buffer(ends), pa.py_buffer(text.ravel()))


def titles(random: Random, rows: int) -> pa.StringArray:
    words = [chosen(random, choice, rows) for choice in [WORDS] * 6 + [[*WORDS, *[""] * 20]] * 4]
    shop, end = chosen(random, SHOPS, rows), chosen(random, ENDINGS, rows)
    return joined("【", *words[:4], "】", words[4], " ", words[5], " ", *words[6:], "｜", shop, end)


def urls(random: Random, rows: int) -> pa.StringArray:
    host, item = digits(random, rows, 2, DIGITS), digits(random, rows, 12, DIGITS)
    word, first, second = (chosen(random, QUOTED, rows) for _ in range(3))
    rest = drawn(random, TOKEN, 17 * random.integers(0, 9, rows))
    campaign = "?utm_source=line&utm_medium=cpc&utm_campaign="
    start = ("https://www.example", host, ".co.jp/items/", word, "/", item)
    return joined(*start, campaign, first, second, "&p=", rest)


def referrers(random: Random, rows: int) -> pa.StringArray:
    first, second = chosen(random, QUOTED, rows), chosen(random, QUOTED, rows)
    return joined("https://www.google.com/search?q=", first, "+", second, "&ei=", digits(random, rows, 22, TOKEN))


def addresses(random: Random, rows: int) -> pa.StringArray:
    """IPv4, one in four IPv6."""
    octets = [str(number) for number in range(256)]
    a, b, c, d = (chosen(random, octets, rows) for _ in range(4))
    groups = [digits(random, rows, 4) for _ in range(5)]
    long = joined("2001:db8:", groups[0], ":", groups[1], ":", groups[2], ":", groups[3], ":0:", groups[4])
    short = joined("2001:db8:", groups[0], ":", groups[1], "::", groups[4])
    return either(random, 0.75, joined(a, ".", b, ".", c, ".", d), either(random, 0.5, long, short))


def phones(random: Random, rows: int) -> pa.StringArray:
    raw = joined(chosen(random, PHONES, rows), digits(random, rows, 6, DIGITS))
    return either(random, 0.3, digits(random, rows, 64), raw)


def emails(random: Random, rows: int) -> pa.StringArray:
    host = chosen(random, [f"@mail{number}.example.co.jp" for number in range(50)], rows)
    raw = joined("User.", digits(random, rows, 8), chosen(random, ["+line", "+shop"], rows), host)
    return either(random, 0.3, digits(random, rows, 64), raw)


OPTIONAL: dict[str, Callable[[Random, int], pa.StringArray]] = {
    "phone": phones,
    "email": emails,
    "line_uid": lambda random, rows: joined("U", digits(random, rows, 32)),
    "browser_id": uuids,
    "click_id": lambda random, rows: drawn(random, TOKEN, random.integers(30, 61, rows)),
    "ifa": lambda random, rows: either(random, 0.5, uuids(random, rows), pc.ascii_upper(uuids(random, rows))),
    "external_id": lambda random, rows: joined("cust_", digits(random, rows, 16, TOKEN)),
    "event_name": lambda random, rows: chosen(random, EVENT_NAMES, rows),
    "url": urls,
    "referrer": referrers,
    "ip_address": addresses,
    "user_agent": lambda random, rows: chosen(random, AGENTS, rows),
    "title": titles,
}


# --- what is odd -------------------------------------------------------------------------------------------------


def spoil(random: Random, columns: dict[str, pa.Array], rows: int, now: int) -> None:
    """Put invalid values into some rows, and values at the edge into others."""
    draw = random.random(rows)
    bad, edge = np.flatnonzero(draw < BAD), np.flatnonzero((draw >= BAD) & (draw < BAD + EDGE))
    thrice = bad[random.random(len(bad)) < 0.15]
    put(random, columns, np.concatenate([bad, thrice, thrice]), WRONG, now)
    put(random, columns, edge, RIGHT, now)


def put(random: Random, columns: dict[str, pa.Array], rows: np.ndarray, values: list, now: int) -> None:
    """Into each of the rows one of the values."""
    which = random.integers(0, len(values), len(rows))
    for name in sorted({name for name, _ in values}):
        drawn_here = ((row, *values[k]) for row, k in zip(rows.tolist(), which.tolist(), strict=True))
        cells = {row: cell for row, place, cell in drawn_here if place == name}
        if name == "event_timestamp":
            cells = {row: None if cell is None else now + cell for row, cell in cells.items()}
        mask = np.zeros(len(columns[name]), bool)
        mask[list(cells)] = True
        new = pa.array([cells[row] for row in sorted(cells)], columns[name].type)
        columns[name] = pc.replace_with_mask(columns[name], pa.array(mask), new)
