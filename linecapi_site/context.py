"""What every page needs: navigation, theme and running jobs."""

from django.http import HttpRequest

from accounts.models import Role
from exports.models import Job

PRODUCT = "Linecapi Console"
THEMES = ("light", "dark")


def console(request: HttpRequest) -> dict[str, object]:
    """`jobs_in_progress` is counted only where a template shows it."""
    user = getattr(request, "user", None)
    signed_in = bool(user and user.is_authenticated)
    return look(request) | {
        "is_admin": signed_in and user.may(Role.ADMIN),
        "is_editor": signed_in and user.may(Role.EDITOR),
        "jobs_in_progress": Job.objects.active().count,
    }


def look(request: HttpRequest) -> dict[str, object]:
    """What a page needs that knows nobody and asks no database."""
    theme = request.COOKIES.get("theme", "")
    return {"product": PRODUCT, "theme": theme if theme in THEMES else ""}
