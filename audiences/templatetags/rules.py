"""What the rule builder draws many times."""

from collections.abc import Sequence

from django import template
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from audiences.rule_rows import Choice, Choices

register = template.Library()


@register.simple_tag
def options(choices: Choices, selected: str) -> SafeString:
    """The options of a select. What is selected and not among them stands there too: a rule can name what is gone."""
    known = any(value == selected for _, found in choices for value, _ in found)
    gone = [] if known or not selected else [(selected, f"{selected.removeprefix('a:').removeprefix('b:')} (missing)")]
    parts = [_plain(gone, selected)]
    for heading, found in choices:
        plain = _plain(found, selected)
        parts.append(format_html('<optgroup label="{}">{}</optgroup>', heading, plain) if heading else plain)
    return mark_safe("".join(parts))  # noqa: S308 - each part is escaped


@register.simple_tag
def plain_options(choices: Sequence[Choice], selected: str) -> SafeString:
    """As `options`, without headings."""
    return options([("", choices)], selected)


def _plain(choices: Sequence[Choice], selected: str) -> SafeString:
    # By hand: a page may hold ten thousands of options, and format_html takes five times as long.
    esc = conditional_escape
    marks = {True: " selected", False: ""}
    lines = (f'<option value="{esc(v)}"{marks[v == selected]}>{esc(label)}</option>' for v, label in choices)
    return mark_safe("".join(lines))  # noqa: S308 - values and labels are escaped
