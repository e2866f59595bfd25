"""Console components as plain Django tags.

Charts are server-rendered SVG that uses geometry *attributes* and CSS classes only,
never style="": they pass `style-src 'self'`, follow the theme, and need no JavaScript.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from django import template
from django.conf import settings
from django.template import Context
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.simple_tag(takes_context=True)
def navlink(context: Context, url_name: str, label: str, icon_name: str, running: int = 0) -> SafeString:
    """One entry of the navigation; current when the page's URL lies below it."""
    href, path = reverse(url_name), context["request"].path
    current = mark_safe(' aria-current="page"') if path == href or path.startswith(href.rstrip("/") + "/") else ""
    badge = (
        format_html('<span class="n"><span class="dot live"></span>{}<span class="sr"> running</span></span>', running)
        if running
        else ""
    )
    return format_html('<li><a href="{}"{}>{}{}{}</a></li>', href, current, icon(icon_name), label, badge)


@cache
def _paths(name: str) -> str:
    text = (settings.ICONS_DIR / f"{name}.svg").read_text()
    return "".join(p for p in re.findall(r"<path[^>]*/>", text) if 'd="M0 0h24v24H0z"' not in p).replace(" />", "/>")


@register.simple_tag
def icon(name: str, cls: str = "", label: str = "") -> SafeString:
    """{% icon "search" %} decorative; {% icon "check" label="Valid" %} carries meaning."""
    a11y = format_html('role="img" aria-label="{}"', label) if label else format_html('aria-hidden="true"', ())
    paths = mark_safe(_paths(name))  # noqa: S308 - our own files
    return format_html('<svg class="i {}" viewBox="0 0 24 24" {}>{}</svg>', cls, a11y, paths)


STATUS: dict[str, tuple[str, str, str | None]] = {  # word, chip class, icon (None: live dot)
    "running": ("Running", "run", None),
    "queued": ("Queued", "", "clock"),
    "success": ("Success", "ok", "check"),
    "stopped": ("Stopped", "", "ban"),
    "sending": ("Sending", "run", None),
    "retrying": ("Retrying", "warn", "refresh"),
    # jobs, see exports.job_words
    "rejects": ("Success with rejects", "warn", "alert-triangle"),
    "error": ("Error", "err", "x"),
    "killed": ("Killed", "", "ban"),
    "querying": ("Querying", "run", None),
    "checking": ("Checking", "run", None),
    "exporting": ("Exporting", "run", None),
    "retry_wait": ("Waiting to retry", "warn", "refresh"),
    "stopping": ("Stopping", "", "player-stop"),
    "stalled": ("Stalled", "warn", "alert-triangle"),
    "skipped": ("Skipped", "", "player-skip-forward"),  # a slot of a schedule
    # their requests
    "accepted": ("Accepted", "ok", "check"),
    "divided": ("Divided", "warn", "arrows-split-2"),
    "refused": ("Refused", "err", "x"),
    "unknown": ("Unknown", "run", "help"),
    # notifications
    "waiting": ("To be sent", "", "clock"),
    "sent": ("Sent", "ok", "check"),
    "given_up": ("Given up", "err", "x"),
}


@register.simple_tag
def status(key: str, word: str = "") -> SafeString:
    """`word` stands in place of the table's."""
    usual, cls, ic = STATUS[key]
    mark = mark_safe('<span class="dot live"></span>') if ic is None else icon(ic, "s")
    return format_html('<span class="chip {}">{}{}</span>', cls, mark, word or usual)


Runs = Sequence[tuple[float, str]]
"""(value, CSS class of the fill) each."""

BARS = '<rect x="{}" y="{}" width="{}" height="{}" class="{}"/>'


@register.simple_tag
def runs14(runs: Runs, label: str) -> SafeString:
    """Sparkline of discrete runs: one bar a run, zero-based, coloured by result."""
    highest, width = max(v for v, _ in runs) or 1, 100 / len(runs)
    heights = [max(2, 26 * v / highest) for v, _ in runs]
    bars = format_html_join(
        "",
        BARS,
        (
            (f"{i * width:.1f}", f"{28 - h:.1f}", f"{width * 0.7:.1f}", f"{h:.1f}", cls)
            for i, (h, (_, cls)) in enumerate(zip(heights, runs, strict=True))
        ),
    )
    return _chart("runs14", "0 0 100 28", label, bars)


@register.simple_tag
def columns(values: Sequence[float], label: str, cls: str = "f-ok") -> SafeString:
    """Columns side by side, zero-based."""
    highest, width = max(values) or 1, 100 / len(values)
    heights = [max(0.8, 30 * v / highest) for v in values]
    bars = format_html_join(
        "",
        BARS,
        ((f"{i * width:.2f}", f"{30 - h:.2f}", f"{width * 0.68:.2f}", f"{h:.2f}", cls) for i, h in enumerate(heights)),
    )
    return _chart("colchart", "0 0 100 30", label, bars)


@register.simple_tag
def marks(found: Sequence[Any], label: str) -> SafeString:
    """Small marks, one a slot: each has a `word`, the class of its colour as `tone`, and its `height` in percent."""
    parts = ((n * 10 + 1, 19 - m.height / 6, m.height / 6, m.tone, m.word) for n, m in enumerate(found))
    rect = '<rect x="{}" y="{}" width="7" height="{}" rx="1.5" class="{}"><title>{}</title></rect>'
    drawn = format_html_join("", rect, parts)
    width = 10 * len(found)
    return format_html(
        '<svg class="marks" viewBox="0 0 {} 20" width="{}" height="20" role="img" aria-label="{}">{}</svg>',
        *(width, width, label, drawn),
    )


def _chart(cls: str, box: str, label: str, bars: SafeString) -> SafeString:
    return format_html(
        '<svg class="{}" viewBox="{}" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>',
        *(cls, box, label, bars),
    )


@register.simple_tag
def bar(*shares: Any, size: str = "") -> SafeString:
    """{% bar 61.2 "f-ok" 0.8 "f-err" %}: stacked percentages; decorative, the numbers stand beside it."""
    x, parts = 0.0, []
    for percent, cls in zip(shares[::2], shares[1::2], strict=True):
        width = max(float(percent), 0.6) if float(percent) > 0 else 0
        parts.append((round(x, 2), round(width, 2), cls))
        x += width
    rects = format_html_join("", '<rect x="{}" width="{}" height="8" class="{}"/>', parts)
    return format_html(
        '<span class="bar {}"><svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">{}</svg></span>',
        *(size, rects),
    )


@register.simple_tag
def offset_bar(start: float, width: float, cls: str) -> SafeString:
    """One row of a waterfall (job funnel); percentages."""
    return format_html(
        '<svg class="wf" viewBox="0 0 100 14" preserveAspectRatio="none" aria-hidden="true">'
        '<rect width="100" height="14" class="f-none"/><rect x="{}" width="{}" height="14" class="{}"/></svg>',
        *(start, max(float(width), 0.5) if float(width) else 0, cls),
    )


@register.filter
def n(value: int) -> str:
    """1234567 → 1,234,567."""
    return f"{int(value):,}"
