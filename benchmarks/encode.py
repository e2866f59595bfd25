"""Rows per CPU second of check, hash, encode and cut: python -m benchmarks.encode [--rows N] [--bad SHARE]

Prints the best of some rounds over generated rows (17 columns, three in ten optional cells empty, about 0.9 kB of JSON
an event), in record batches of 10,000 as the kept result has them. CPU time is of the whole process, all threads.
"""

import argparse
import random
import time

import pyarrow as pa

from exports.exporter.mapping import suggest
from exports.exporter.pipeline import batches
from exports.exporter.plan import compile_plan
from integrations.connectors.line_conversion import CONNECTOR

NOW = 1_795_000_000
WORDS = [
    "春の",
    "新作",
    "送料無料",
    "限定セール",
    "公式オンラインストア",
    "ギフト",
    "おすすめ",
    "ランキング",
    "定期便",
    "半額",
    "クーポン",
]
AGENT = "Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/UP1A.231005.007) AppleWebKit/537.36 Chrome/{0}.0.0.0 Line/14.{0}"
BAD = {"phone": "080-1234-5678", "email": "foo", "event_name": "Add To Cart", "url": "ftp://a", "ip_address": "1.2.3"}


def generated(rows, bad, seed=1):
    """Record batches of up to 10,000 rows; `bad`: share of rows with an invalid value."""
    made = random.Random(seed)
    names = [field.name for field in CONNECTOR.main_fields]
    types = [pa.int64() if field.kind == "epoch" else pa.string() for field in CONNECTOR.main_fields]
    for start in range(0, rows, 10_000):
        cells = [row(made, number, bad) for number in range(start, min(start + 10_000, rows))]
        arrays = [pa.array([cell[n] for cell in cells], type_) for n, type_ in zip(names, types, strict=True)]
        yield start, pa.RecordBatch.from_arrays(arrays, names)


def row(made, number, bad):
    """One row as a dict of the 17 columns."""
    values = optional(made) | {
        "deduplication_key": f"order-{number:09d}-{made.getrandbits(48):012x}",
        "event_type": made.choice(["conversion", "page_view"]),
        "source_type": "web",
        "event_timestamp": NOW - made.randint(0, 85 * 86400),
        "external_id": f"cust_{made.getrandbits(64):016x}",
    }
    if made.random() < bad:
        name = made.choice(list(BAD))
        values[name] = BAD[name]
    return values


def optional(made):
    """The fields that may be empty, three in ten of them null."""
    title = "【" + " ".join(made.choices(WORDS, k=6)) + "】"
    values = {
        "phone": digits(made, 64) if made.random() < 0.3 else f"+8190{made.randint(0, 99_999_999):08d}",
        "email": digits(made, 64) if made.random() < 0.3 else f"User.{digits(made, 8)}@mail.example.co.jp",
        "line_uid": "U" + digits(made, 32),
        "browser_id": uuid(made),
        "click_id": digits(made, 44),
        "ifa": uuid(made).upper(),
        "event_name": made.choice(["Conversion", "Purchase", "AddToCart"]),
        "url": f"https://www.example.co.jp/items/{digits(made, 10)}?utm_source=line&p={digits(made, 150)}",
        "referrer": f"https://www.google.com/search?q={digits(made, 30)}",
        "ip_address": ".".join(str(made.randint(0, 255)) for _ in range(4)),
        "user_agent": AGENT.format(made.randint(100, 140)),
        "title": title + ('"' if made.random() < 0.02 else ""),
    }
    return {name: value if made.random() > 0.3 else None for name, value in values.items()}


def digits(made, count):
    return f"{made.getrandbits(4 * count):0{count}x}"


def uuid(made):
    text = digits(made, 32)
    return "-".join([text[:8], text[8:12], text[12:16], text[16:20], text[20:]])


def measure(plan, numbered, max_events):
    """-> (CPU seconds, events, bytes) of one round."""
    events = size = 0
    started = time.process_time()
    for batch in batches(plan, numbered, max_events=max_events, max_bytes=CONNECTOR.limits.bytes):
        events += batch.events
        size += len(batch.body)
    return time.process_time() - started, events, size


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--bad", type=float, default=0.02)
    parser.add_argument("--max-events", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    pa.set_memory_pool(pa.system_memory_pool())
    numbered = list(generated(chosen.rows, chosen.bad))
    schema = numbered[0][1].schema
    mapping = suggest(CONNECTOR, schema.names)
    plan = compile_plan(CONNECTOR, mapping, {"line_channel_id": "1"}, schema, now=NOW, time_zone="Asia/Tokyo")
    cpu, events, size = min(measure(plan, numbered, chosen.max_events) for _ in range(chosen.rounds))
    print(f"{chosen.rows:,} rows, {events:,} events, {size / events:,.0f} bytes an event")
    print(f"{chosen.rows / cpu:,.0f} rows per CPU second, {cpu / chosen.rows * 1e6:.2f} µs a row")


if __name__ == "__main__":
    main()
