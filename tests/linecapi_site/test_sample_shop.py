"""The sample shop: plausible, repeatable, and invalid exactly where it says so.

Whether a row is invalid is not asked of the product: each row is written as an event by the few lines below and held
against the sandbox, which knows LINE's rules only.
"""

import hashlib
import json
import re
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from ipaddress import ip_address, ip_network
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from integrations.connectors.line_conversion.sandbox import Sandbox
from linecapi_site.sample_shop import build, events, write
from linecapi_site.sample_shop.breakages import NO_USER, RULES

NOW = 1_775_000_000
ROOT = Path(__file__).parents[2]

OBJECTS = {
    "event": ("deduplication_key", "event_type", "event_name", "source_type", "event_timestamp"),
    "web": ("url", "referrer", "title", "user_agent", "ip_address"),
    "user": ("line_uid", "click_id", "browser_id", "ifa", "external_id", "phone", "email"),
}
COLUMNS = [column for columns in OBJECTS.values() for column in columns]


@pytest.fixture(scope="module")
def shop():
    return build(now=NOW)


@pytest.fixture(scope="module")
def rows(shop):
    return shop.table.to_pylist()


@pytest.fixture
def line():
    with Sandbox(tags={"demo-tag": "demo-token"}, clock=lambda: NOW) as sandbox:
        yield sandbox


def hashed(text, raw):
    if re.fullmatch("[0-9a-fA-F]{64}", text):
        return text.lower()
    return hashlib.sha256(text.encode()).hexdigest() if re.fullmatch(raw, text, re.ASCII) else text


def as_event(row):
    row = {column: row[column] for column in COLUMNS if row[column] not in (None, "")}
    if "phone" in row:
        row["phone"] = hashed(re.sub(r"[\s()-]", "", row["phone"]), r"\+[1-9]\d{6,14}")
    if "email" in row:
        row["email"] = hashed(row["email"].strip().lower(), r"[\w!#$%&'*+/=?`{|}~^.-]+@[a-z0-9.-]+")
    event = {name: {column: row[column] for column in columns if column in row} for name, columns in OBJECTS.items()}
    return {name: values for name, values in event.items() if values or name != "web"}


def send(line, *events):
    client = HTTPConnection(line.url.removeprefix("http://"), timeout=10)
    headers = {"X-Line-TagAccessToken": "demo-token", "Content-Type": "application/json"}
    client.request("POST", "/v1/demo-tag/events", json.dumps(events), headers | {"X-Line-ChannelID": "1234567890"})
    status = client.getresponse().status
    client.close()
    return status


def valid(shop, rows):
    return [row for number, row in enumerate(rows) if number not in shop.invalid_rows]


def test_line_takes_every_valid_row(shop, rows, line):
    assert send(line, *map(as_event, valid(shop, rows))) == 202
    counted = {name: line.stats[name] for name in ("accepted", "dropped", "duplicates")}
    assert counted == {"accepted": 9_800, "dropped": 0, "duplicates": 0}


def test_line_refuses_or_drops_every_invalid_row(shop, rows, line):
    for number, rule in shop.invalid_rows.items():
        assert send(line, as_event(rows[number])) == (202 if rule == NO_USER else 400), rule
    assert line.stats["accepted"] == 0
    assert line.stats["dropped"] == list(shop.invalid_rows.values()).count(NO_USER) > 0


def test_each_invalid_row_breaks_the_rule_it_is_named_after_and_no_other(shop, rows, line):
    for number, rule in shop.invalid_rows.items():
        if rule == NO_USER:
            assert send(line, as_event(rows[number] | {"external_id": "mended"})) == 202
            continue
        column = rule.split(":")[0]
        send(line, as_event(rows[number]))
        assert f".{column}: " in line.stats["last_refusals"][-1]["reason"]
        mended = {"external_id": "mended", "deduplication_key": "mended", "event_type": "page_view"}
        mended |= {"source_type": "web", "event_timestamp": NOW}
        assert send(line, as_event(rows[number] | {column: mended.get(column)})) == 202, rule
    assert (line.stats["accepted"], line.stats["dropped"]) == (200, 0)


def test_two_in_a_hundred_rows_are_invalid_and_every_rule_is_broken(shop):
    assert shop.expected == {"read": 10_000, "invalid": 200, "valid": 9_800}
    assert set(shop.invalid_rows.values()) == set(RULES)


def test_it_has_the_columns_of_the_product_and_some_of_a_shop(shop):
    assert set(COLUMNS) | {"time", "order_id", "item_name", "total_jpy"} == set(shop.table.column_names)
    assert len(COLUMNS) == 17
    assert shop.table.schema.field("event_timestamp").type == pa.int64()


def test_the_same_seed_gives_the_same_table(shop):
    again = build(now=NOW)
    assert again.table.equals(shop.table)
    assert again.invalid_rows == shop.invalid_rows
    assert not events(now=NOW, seed=8).equals(shop.table)


@pytest.mark.parametrize("rows", [1, 49, 50, 777])
def test_it_gives_as_many_rows_as_asked_for(rows):
    assert build(now=NOW, rows=rows).expected == {"read": rows, "invalid": rows // 50, "valid": rows - rows // 50}


def test_its_events_are_of_the_last_fourteen_days_in_order(rows):
    times = [row["time"] for row in rows]
    assert times == sorted(times)
    assert NOW - 14 * 86_400 <= times[0] < NOW - 13 * 86_400
    assert NOW - 86_400 < times[-1] <= NOW - 60


def test_evenings_in_japan_are_busier_than_nights(rows):
    hours = Counter((datetime.fromtimestamp(row["time"], UTC) + timedelta(hours=9)).hour for row in rows)
    assert hours[21] > 5 * hours[3]
    assert hours[12] > hours[10]


def test_no_two_events_share_a_key(shop, rows):
    keys = [row["deduplication_key"] for row in valid(shop, rows)]
    assert len(set(keys)) == len(keys)


def test_nobody_in_it_exists(shop, rows):
    networks = [ip_network(text) for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")]
    for row in valid(shop, rows):
        email, phone, address = row["email"] or "", row["phone"] or "", row["ip_address"]
        assert "@" not in email or email.strip().lower().endswith(("@example.com", "@example.jp", "@example.org"))
        assert "+" not in phone or re.fullmatch(r"\+81[789]00\d{7}", re.sub(r"[\s()-]", "", phone))
        assert not address or any(ip_address(address) in network for network in networks)


def test_values_are_written_in_many_ways_as_in_real_tables(shop, rows):
    texts = {column: [row[column] for row in valid(shop, rows)] for column in COLUMNS}
    for column in ("phone", "email"):
        for written in ("[0-9a-f]{64}", "[0-9A-F]{64}", r"\s.*\s", r"\+81 .*|[A-Z].*@.*"):
            assert any(re.fullmatch(written, text or "") for text in texts[column])
        assert {None, ""} < set(texts[column])
    assert {"page_view", "conversion"} == set(texts["event_type"])
    assert {"Purchase", "SignUp", "AddToCart", "Conversion", None} < set(texts["event_name"])
    assert any(texts["line_uid"]) and any(texts["click_id"]) and any(texts["ifa"])
    assert any("%E" in url for url in texts["url"])


def test_only_purchases_have_an_order_and_a_total(shop, rows):
    for row in valid(shop, rows):
        assert (row["order_id"] is None) == (row["total_jpy"] is None)
        assert row["order_id"] is None or row["event_type"] == "conversion"


@pytest.mark.parametrize(("suffix", "read"), [(".parquet", parquet.read_table), (".csv", csv.read_csv)])
def test_it_is_written_to_a_file_from_the_command_line(tmp_path, suffix, read):
    path = tmp_path / f"shop{suffix}"
    command = [sys.executable, "-m", "linecapi_site.sample_shop", path, "--rows", "500", "--now", str(NOW)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == "500 rows, 10 of them invalid\n"
    assert read(path).column("deduplication_key").equals(events(now=NOW, rows=500).column("deduplication_key"))


def test_parquet_keeps_nulls_and_empty_strings_apart(tmp_path, shop):
    write(shop.table, tmp_path / "shop.parquet")
    assert parquet.read_table(tmp_path / "shop.parquet").equals(shop.table)


def test_it_writes_no_other_kind_of_file(tmp_path, shop):
    with pytest.raises(ValueError, match=r"\.parquet or \.csv"):
        write(shop.table, tmp_path / "shop.xlsx")
