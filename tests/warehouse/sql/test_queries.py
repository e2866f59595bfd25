"""Whole queries as Treasure Data's users write them, over small tables."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from tests.warehouse.sql.conftest import Ask
from warehouse.sql.translate import translate

TABLES = [
    """CREATE TABLE pageviews AS SELECT * FROM (VALUES
        (1699887600, 'u1', '/home', 'https://shop.example/?utm_source=line&utm_medium=cpc', 'iPhone'),
        (1699887650, 'u1', '/cart', 'https://shop.example/cart?utm_source=', 'iPhone'),
        (1699891300, 'u1', '/home', 'https://shop.example/', NULL),
        (1699880000, 'u2', '/home', 'no url', 'Android'),
        (1699973999, 'u2', '/cart', NULL, 'Android'))
       v(time, td_client_id, td_path, td_url, td_user_agent)""",
    """CREATE TABLE orders AS SELECT * FROM (VALUES
        (1699890000, 'o1', 'u1', 1200, ' A@Example.com ', '090-1234-5678', '{"items":[{"sku":"x","n":2}],"plan":"a"}'),
        (1699970000, 'o2', 'u2', 800, NULL, NULL, '{"items":[{"sku":"x","n":1},{"sku":"y","n":4}]}'),
        (1699000000, 'o3', 'u2', 100, 'b@example.com', '0312345678', 'broken'))
       v(time, order_id, user_id, amount, email, phone, detail)""",
    """CREATE TABLE users AS SELECT * FROM (VALUES
        ('u1', ['red', 'blue'], map(['rank'], ['gold'])), ('u2', NULL, map([], [])))
       v(id, tags, attributes)""",
    "CREATE TABLE line_capi_tbl AS SELECT 'k1' AS deduplication_key, 'conversion' AS event_type, 'e@x.jp' AS email",
]

QUERIES: dict[str, tuple[str, list[tuple[Any, ...]]]] = {
    "the product's example without a table": (
        """SELECT 'elizabetho@fb.com' as email, 'Purchase' as event_name, 1598531676 as event_timestamp,
                  'dedup_key_123' as deduplication_key""",
        [("elizabetho@fb.com", "Purchase", 1598531676, "dedup_key_123")],
    ),
    "the product's example of a table": (
        "select * from line_capi_tbl",
        [("k1", "conversion", "e@x.jp")],
    ),
    "conversions of yesterday, hashed for LINE": (
        """SELECT order_id AS deduplication_key, 'conversion' AS event_type, 'web' AS source_type,
                  time AS event_timestamp, lower(to_hex(sha256(to_utf8(lower(trim(email)))))) AS email,
                  '+81' || substr(regexp_replace(phone, '[^0-9]', ''), 2) AS phone
           FROM orders WHERE TD_INTERVAL(time, '-1d', 'JST') AND email IS NOT NULL""",
        [
            (
                "o1",
                "conversion",
                "web",
                1699890000,
                "08168cd80dfd534ab0f10af10f1303fe00af2d43ab5c1432360d137f8197e17a",
                "+819012345678",
            )
        ],
    ),
    "a day's visitors by hour": (
        """SELECT TD_TIME_FORMAT(time, 'yyyy-MM-dd HH', 'JST') AS hour, count(*) AS pv,
                  count(DISTINCT td_client_id) AS uu
           FROM pageviews WHERE TD_TIME_RANGE(time, '2023-11-14', '2023-11-15', 'JST') GROUP BY 1 ORDER BY 1""",
        [("2023-11-14 00", 2, 1), ("2023-11-14 01", 1, 1), ("2023-11-14 23", 1, 1)],
    ),
    "campaigns from the address": (
        """SELECT url_extract_parameter(td_url, 'utm_source') AS source, url_extract_host(td_url) AS host, COUNT(1) cnt
           FROM pageviews GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2""",
        [
            (None, None, 2),
            ("", "shop.example", 1),
            ("line", "shop.example", 1),
            (None, "shop.example", 1),
        ],
    ),
    "sessions of half an hour": (
        """WITH s AS (SELECT td_client_id, time, TD_SESSIONIZE_WINDOW(time, 1800)
                        OVER (PARTITION BY td_client_id ORDER BY time) AS session_id FROM pageviews)
           SELECT td_client_id, count(*) AS n, min(time) AS began FROM s
           GROUP BY td_client_id, session_id ORDER BY 1, 3""",
        [("u1", 2, 1699887600), ("u1", 1, 1699891300), ("u2", 1, 1699880000), ("u2", 1, 1699973999)],
    ),
    "the first page of each session": (
        """SELECT td_client_id, TD_FIRST(td_path, time), TD_LAST(td_path, time) FROM (
             SELECT *, TD_SESSIONIZE_WINDOW(time, 60 * 60) OVER (PARTITION BY td_client_id ORDER BY time) AS sid
             FROM pageviews WHERE td_client_id = 'u1') t
           GROUP BY td_client_id, sid ORDER BY min(time)""",
        [("u1", "/home", "/cart"), ("u1", "/home", "/home")],
    ),
    "the latest order of each user": (
        """SELECT user_id, order_id FROM (
             SELECT user_id, order_id, row_number() OVER (PARTITION BY user_id ORDER BY time DESC) AS rn FROM orders) t
           WHERE rn = 1 ORDER BY user_id""",
        [("u1", "o1"), ("u2", "o2")],
    ),
    "items out of JSON": (
        """SELECT order_id, json_extract_scalar(item, '$.sku') AS sku,
                  CAST(json_extract_scalar(item, '$.n') AS bigint) AS n
           FROM orders CROSS JOIN UNNEST(CAST(json_extract(detail, '$.items') AS array(json))) AS t (item)
           ORDER BY order_id, sku""",
        [("o1", "x", 2), ("o2", "x", 1), ("o2", "y", 4)],
    ),
    "tags with their places, kept where there are none": (
        """SELECT id, tag, n FROM users LEFT JOIN UNNEST(tags) WITH ORDINALITY AS t (tag, n) ON true ORDER BY id, n""",
        [("u1", "red", 1), ("u1", "blue", 2), ("u2", None, None)],
    ),
    "a map as rows": (
        "SELECT id, k, v FROM users CROSS JOIN UNNEST(attributes) AS t (k, v)",
        [("u1", "rank", "gold")],
    ),
    "a share that is a double": (
        """SELECT user_id, CAST(sum(amount) AS double) / (SELECT sum(amount) FROM orders) AS share
           FROM orders GROUP BY user_id ORDER BY user_id""",
        [("u1", pytest.approx(1200 / 2100)), ("u2", pytest.approx(900 / 2100))],
    ),
    "a share of whole numbers is none": (
        "SELECT sum(amount) / (SELECT sum(amount) FROM orders) FROM orders WHERE user_id = 'u1'",
        [(0,)],
    ),
    "a share times 1.0 has one decimal, as in Trino": (
        "SELECT sum(amount) * 1.0 / 2100 FROM orders WHERE user_id = 'u1'",
        [(Decimal("0.6"),)],
    ),
    "a running total": (
        """SELECT order_id, sum(amount) OVER (PARTITION BY user_id ORDER BY time
             ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS total FROM orders ORDER BY time""",
        [("o3", 100), ("o1", 1200), ("o2", 900)],
    ),
    "days since the last order": (
        """SELECT user_id, date_diff('day', CAST(from_unixtime(max(time)) AS date),
             CAST(from_unixtime(TD_SCHEDULED_TIME()) AS date)) AS days FROM orders GROUP BY 1 ORDER BY 1""",
        [("u1", 1), ("u2", 0)],
    ),
    "the day in Tokyo": (
        """SELECT DISTINCT date_format(from_unixtime(time) AT TIME ZONE 'Asia/Tokyo', '%Y/%m/%d') AS d
           FROM orders ORDER BY d""",
        [("2023/11/03",), ("2023/11/14",)],
    ),
    "a column of a subquery keeps its zone": (
        """WITH o AS (SELECT from_unixtime(time, 'Asia/Tokyo') AS at, amount FROM orders)
           SELECT date(o.at) AS d, hour(at) AS h, sum(amount) AS total FROM o GROUP BY 1, 2 ORDER BY 1, 2""",
        [(date(2023, 11, 3), 17, 100), (date(2023, 11, 14), 0, 1200), (date(2023, 11, 14), 22, 800)],
    ),
    "grouping sets": (
        """SELECT user_id, grouping(user_id) AS g, sum(amount) AS total FROM orders
           GROUP BY GROUPING SETS ((user_id), ()) ORDER BY g, user_id""",
        [("u1", 0, 1200), ("u2", 0, 900), (None, 1, 2100)],
    ),
    "nulls come last, both ways": (
        """SELECT email FROM (SELECT email FROM orders ORDER BY email DESC) t ORDER BY email LIMIT ALL""",
        [(" A@Example.com ",), ("b@example.com",), (None,)],
    ),
    "sets": (
        """SELECT user_id FROM orders UNION SELECT td_client_id FROM pageviews
           EXCEPT SELECT 'u2' ORDER BY 1""",
        [("u1",)],
    ),
    "the second page": (
        "SELECT order_id FROM orders ORDER BY order_id OFFSET 1 ROWS FETCH FIRST 1 ROW ONLY",
        [("o2",)],
    ),
    "a list and a map of a group": (
        """SELECT array_join(array_agg(order_id ORDER BY time), '/') AS ids, map_agg(order_id, amount)['o1'] AS m,
                  listagg(order_id, ',') WITHIN GROUP (ORDER BY order_id DESC) AS names,
                  approx_distinct(user_id) AS users, max_by(order_id, amount) AS best FROM orders""",
        [("o3/o1/o2", 1200, "o3,o2,o1", 2, "o1")],
    ),
    "comments and a semicolon": (
        "-- what we send\nSELECT /* the key; */ order_id -- */ end\nFROM orders WHERE order_id = 'o1'; -- done",
        [("o1",)],
    ),
    "a table with a function's name": (
        "WITH td_interval AS (SELECT 1 AS td_time_range) SELECT td_interval.td_time_range AS sum FROM td_interval",
        [(1,)],
    ),
    "exists, in and between": (
        """SELECT id FROM users u 
             WHERE EXISTS (SELECT 1 FROM orders o WHERE o.user_id = u.id AND amount BETWEEN 700 AND 900)
             AND id IN (SELECT user_id FROM orders) AND id NOT LIKE 'x%'""",
        [("u2",)],
    ),
    "divisions within divisions": (
        """SELECT order_id, amount / 2 / 3 / 5 / 7 / 1e0 AS a, 7000 / (amount / (6 / (12 / (8 / 2)))) AS b,
                  transform(ARRAY[1, 2], x -> amount / 2 / 3 / 5 / x) AS c
           FROM orders WHERE amount = 1200 GROUP BY order_id, amount""",
        [("o1", 5.0, 11, [40, 20])],
    ),
    "recursion": (
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT sum(i) AS s FROM n",
        [(6,)],
    ),
}


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_gives_its_rows(name: str, ask: Ask) -> None:
    sql, rows = QUERIES[name]

    assert ask(sql, tables=TABLES) == rows


def test_names_are_those_of_td() -> None:
    trino = translate("SELECT 1, X.Y AS Label, count(*), y FROM x", dialect="trino", scheduled_time=0).sql
    tables = duckdb.connect()
    tables.execute("CREATE TABLE x AS SELECT 1 AS y")

    assert tables.sql(trino.replace("count(*)", "1")).columns == ["_col0", "label", "_col2", "y"]


def test_a_session_is_the_same_wherever_the_query_is_read_again(ask: Ask) -> None:
    sql = """WITH s AS (SELECT time, TD_SESSIONIZE_WINDOW(time, 60) OVER (ORDER BY time) AS id FROM pageviews)
             SELECT count(*) FROM s AS a JOIN s AS b ON a.time = b.time AND a.id = b.id"""

    assert ask(sql, tables=TABLES) == [(5,)]


def test_events_of_one_moment_are_of_one_session(ask: Ask) -> None:
    events = ["CREATE TABLE e AS SELECT i // 3 * 100 AS time FROM range(30) r(i)"]
    sql = "SELECT count(DISTINCT s) FROM (SELECT TD_SESSIONIZE_WINDOW(time, 100) OVER (ORDER BY time) AS s FROM e) t"

    assert ask(sql, tables=events) == [(10,)]


def test_sessions_may_be_ordered_by_what_is_not_selected(ask: Ask) -> None:
    sql = """SELECT DISTINCT td_client_id, length(s) AS n FROM (
               SELECT td_client_id, TD_SESSIONIZE_WINDOW(p.time, 60) OVER (PARTITION BY td_client_id ORDER BY time) AS s
               FROM pageviews p ORDER BY p.time DESC LIMIT 2) t"""

    assert sorted(ask(sql, tables=TABLES)) == [("u1", 36), ("u2", 36)]
