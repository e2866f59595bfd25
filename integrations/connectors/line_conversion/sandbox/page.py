"""The page for developers: what came in, and how the sandbox is set to behave."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .server import Sandbox

STYLESHEET = Path(__file__).with_name("style.css")
LATEST = 20

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>LINE sandbox</title>
<link rel="stylesheet" href="/_sandbox/style.css">
</head>
<body>
<main>
<h1>LINE sandbox</h1>
<p>A local stand-in for LINE's Conversion API. Nothing that arrives here goes to LINE.
<a href="/_sandbox/">Refresh</a></p>
<h2>Counts</h2>
{counts}
<h2>Settings</h2>
{settings}
<h2>Last refusals</h2>
{refusals}
<h2>Latest events</h2>
{events}
</main>
</body>
</html>
"""


def render(sandbox: Sandbox) -> str:
    """The whole page as HTML."""
    stats = sandbox.stats
    return PAGE.format(
        counts=_counts(stats),
        settings=_settings(sandbox, stats),
        refusals=_refusals(stats["last_refusals"]),
        events=_events(sandbox.memory.latest(LATEST)),
    )


def _counts(stats: dict[str, Any]) -> str:
    rows = [("Requests", stats["requests"])]
    rows += [(f"Answered {status}", count) for status, count in stats["by_status"].items()]
    rows += [("Events accepted", stats["accepted"])]
    rows += [(f"… for {tag}", count) for tag, count in stats["by_tag"].items()]
    rows += [
        ("Accepted again (same event_name and deduplication_key)", stats["duplicates"]),
        ("Dropped, no user field", stats["dropped"]),
        ("Requests of one tag that overlapped", stats["overlaps"]),
    ]
    return _list(rows)


def _settings(sandbox: Sandbox, stats: dict[str, Any]) -> str:
    rules = [json.dumps(rule, ensure_ascii=False) for rule in stats["behaviour"]]
    return _list(
        [
            ("Address", sandbox.url),
            ("Tags", ", ".join(sandbox.tags)),
            ("Rules still to be used", ", ".join(rules) or "none: it behaves"),
            ("Events are appended to", sandbox.keep or "no file"),
        ]
    )


def _list(rows: list[tuple[str, object]]) -> str:
    return f"<dl>{''.join(f'<dt>{escape(name)}</dt><dd>{escape(str(value))}</dd>' for name, value in rows)}</dl>"


def _refusals(refusals: list[dict[str, Any]]) -> str:
    if not refusals:
        return "<p>None.</p>"
    columns = ("tag", "status", "index", "reason")
    head = "".join(f'<th scope="col">{name}</th>' for name in columns)
    rows = (
        "".join(f"<td>{escape('' if refusal[name] is None else str(refusal[name]))}</td>" for name in columns)
        for refusal in reversed(refusals)
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(f'<tr>{row}</tr>' for row in rows)}</tbody></table>"


def _events(records: list[dict[str, Any]]) -> str:
    return "".join(map(_event, records)) or "<p>None.</p>"


def _event(record: dict[str, Any]) -> str:
    event = record["body"]["event"]
    when = datetime.fromtimestamp(record["arrived"], UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    name = event.get("event_name", event["event_type"])
    body = json.dumps(record["body"], ensure_ascii=False, indent=2)
    summary = f"#{record['number']} {name} for {record['tag']}, {when}"
    return f"<details><summary>{escape(summary)}</summary><pre>{escape(body)}</pre></details>"
