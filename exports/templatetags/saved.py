"""Who saved something, and how long ago."""

from datetime import datetime, timedelta

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince

from accounts.models import User

register = template.Library()


@register.filter
def ago(at: datetime) -> SafeString:
    """ "3 minutes ago", with the moment itself for machines and for who points at it."""
    words = "just now" if timezone.now() - at < timedelta(minutes=1) else f"{timesince(at, depth=1)} ago"
    return format_html('<time datetime="{}" title="{} UTC">{}</time>', at.isoformat(), f"{at:%Y-%m-%d %H:%M}", words)


@register.filter
def by(person: User | None, reader: User) -> str:
    """ "by you", "by Mika Kondo", or for what no person did "by the console"."""
    return "by you" if person == reader else f"by {person.display_name}" if person else "by the console"
