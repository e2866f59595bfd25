"""Console components as plain Django tags.

Charts are server-rendered SVG that uses geometry *attributes* and CSS classes only,
never style="": they pass `style-src 'self'`, follow the theme, and need no JavaScript.
"""

import re
from functools import lru_cache

from django import template
from django.conf import settings
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe

register = template.Library()


@register.simple_tag(takes_context=True)
def navlink(context, url_name, label, icon_name, running=0):
    """One entry of the navigation; current when the page's URL lies below it."""
    href, path = reverse(url_name), context["request"].path
    current = mark_safe(' aria-current="page"') if path == href or path.startswith(href.rstrip("/") + "/") else ""
    badge = (
        format_html('<span class="n"><span class="dot live"></span>{}<span class="sr"> running</span></span>', running)
        if running
        else ""
    )
    return format_html('<li><a href="{}"{}>{}{}{}</a></li>', href, current, icon(icon_name), label, badge)


@lru_cache(maxsize=None)
def _paths(name):
    text = (settings.ICONS_DIR / f"{name}.svg").read_text()
    return "".join(p for p in re.findall(r"<path[^>]*/>", text) if 'd="M0 0h24v24H0z"' not in p).replace(" />", "/>")


@register.simple_tag
def icon(name, cls="", label=""):
    """{% icon "search" %} decorative; {% icon "check" label="Valid" %} carries meaning."""
    a11y = format_html('role="img" aria-label="{}"', label) if label else 'aria-hidden="true"'
    return format_html(
        '<svg class="i {}" viewBox="0 0 24 24" {}>{}</svg>', cls, mark_safe(a11y), mark_safe(_paths(name))
    )


STATUS = {  # word, chip class, icon (None: live dot)
    "running": ("Running", "run", None),
    "queued": ("Queued", "", "clock"),
    "success": ("Success", "ok", "check"),
    "partial": ("Partial", "warn", "alert-triangle"),
    "failed": ("Failed", "err", "x"),
    "stopped": ("Stopped", "", "ban"),
    "sent": ("Sent", "ok", "check"),
    "sending": ("Sending", "run", None),
    "retrying": ("Retrying", "warn", "refresh"),
    "waiting": ("Waiting", "", "clock"),
}


@register.simple_tag
def status(key):
    word, cls, ic = STATUS[key]
    mark = mark_safe('<span class="dot live"></span>') if ic is None else icon(ic, "s")
    return format_html('<span class="chip {}">{}{}</span>', cls, mark, word)


@register.simple_tag
def spark(values, label, cls=""):
    lo, hi = min(values), max(values)
    span = (hi - lo) or 1
    pts = [(round(i * 100 / (len(values) - 1), 1), round(26 - 22 * (v - lo) / span, 1)) for i, v in enumerate(values)]
    line = " ".join(f"{x},{y}" for x, y in pts)
    return format_html(
        '<svg class="spark {}" viewBox="0 0 100 28" preserveAspectRatio="none" role="img" aria-label="{}"><polygon class="a" points="0,28 {} 100,28"/><polyline class="l" points="{}"/></svg>',
        cls,
        label,
        line,
        line,
    )


@register.simple_tag
def runs14(runs, label):
    """Sparkline of discrete runs: one bar a run, zero-based, coloured by result."""
    hi = max(v for v, _ in runs) or 1
    w = 100 / len(runs)

    def h(v):
        return max(2, 26 * v / hi)

    bars = format_html_join(
        "",
        '<rect x="{}" y="{}" width="{}" height="{}" class="{}"/>',
        ((f"{i * w:.1f}", f"{28 - h(v):.1f}", f"{w * 0.7:.1f}", f"{h(v):.1f}", c) for i, (v, c) in enumerate(runs)),
    )
    return format_html(
        '<svg class="runs14" viewBox="0 0 100 28" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>',
        label,
        bars,
    )


@register.simple_tag
def columns(values, label, cls="f-ok"):
    n, hi = len(values), max(values) or 1
    w = 100 / n
    bars = format_html_join(
        "",
        '<rect x="{}" y="{}" width="{}" height="{}" rx=".6" class="{}"/>',
        (
            (
                f"{i * w:.2f}",
                f"{30 - max(0.8, 30 * v / hi):.2f}",
                f"{w * 0.68:.2f}",
                f"{max(0.8, 30 * v / hi):.2f}",
                cls,
            )
            for i, v in enumerate(values)
        ),
    )
    return format_html(
        '<svg class="colchart" viewBox="0 0 100 30" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>',
        label,
        bars,
    )


@register.simple_tag
def bar(*args, size=""):
    """{% bar 61.2 "f-ok" 0.8 "f-err" %}: stacked percentages; decorative, the numbers stand beside it."""
    x, out = 0, []
    for pct, cls in zip(args[::2], args[1::2]):
        w = max(float(pct), 0.6 if float(pct) > 0 else 0)
        out.append((round(x, 2), round(w, 2), cls))
        x += w
    return format_html(
        '<span class="bar {}"><svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">{}</svg></span>',
        size,
        format_html_join("", '<rect x="{}" width="{}" height="8" class="{}"/>', out),
    )


@register.simple_tag
def offset_bar(start, width, cls):
    """One row of a waterfall (job funnel)."""
    return format_html(
        '<svg class="wf" viewBox="0 0 100 14" preserveAspectRatio="none" aria-hidden="true"><rect width="100" height="14" class="f-none"/><rect x="{}" width="{}" height="14" class="{}"/></svg>',
        start,
        max(float(width), 0.5),
        cls,
    )


@register.filter
def n(value):
    return f"{int(value):,}"
