"""The rows of the tree of segments."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

# By hand: a template takes four times as long for a thousand of them.
ROW = (
    '<li class="t-seg" data-menu="segment-menu" data-id="{pk}" data-name="{name}">'
    '<a class="rowlink" href="{url}">{name}</a><span class="t-n">{count}</span>'
    '<span class="t-a">{sent}</span><span class="t-at">{at}</span>{more}</li>'
)
OLD = " <small>(old<i>: from before the last build</i>)</small>"
MORE = (
    '<button class="btn ghost icon sm t-more" type="button" aria-haspopup="true" aria-label="Actions for {name}">•••'
    "</button>"
)


@register.simple_tag
def segment_rows(segments: Iterable[Any], is_editor: bool, built_at: datetime | None = None) -> SafeString:
    """segments: of `audiences.tree`, with their number of activations as `sent`. built_at: the last build's end."""
    url = reverse("audiences:segment", args=[0]).removesuffix("0")
    return mark_safe("".join(_row(one, f"{url}{one.pk}", is_editor, built_at) for one in segments))  # noqa: S308 - escaped below


def _row(one: Any, url: str, is_editor: bool, built_at: datetime | None) -> str:
    name = escape(one.name)
    old = OLD if built_at and one.counted_at and one.counted_at < built_at else ""
    return ROW.format(
        pk=one.pk,
        name=name,
        url=url,
        count="Not counted" if one.count is None else _said(one.count, "customer") + old,
        sent=_said(one.sent or "None", "activation"),
        at=f"{one.updated_at:%Y-%m-%d %H:%M}",
        more=MORE.format(name=name) if is_editor else "",
    )


def _said(number: int | str, what: str) -> str:
    """With the word for who does not see the heading."""
    shown = f"{number:,}" if isinstance(number, int) else number
    return f"{shown}<i> {what}{'' if number == 1 else 's'}</i>"
