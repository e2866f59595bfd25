"""What every page needs: navigation, theme and running jobs."""

from django.http import HttpRequest

from accounts.audit import signed_in
from accounts.models import Role
from exports.models import Job

PRODUCT = "Linecapi Console"
THEMES = ("light", "dark")


def console(request: HttpRequest) -> dict[str, object]:
    """`jobs_in_progress` is counted only where a template shows it."""
    user = signed_in(request)
    return look(request) | {
        "is_admin": user and user.may(Role.ADMIN),
        "is_editor": user and user.may(Role.EDITOR),
        "jobs_in_progress": Job.objects.active().count,
    }


def look(request: HttpRequest) -> dict[str, object]:
    """What a page needs that knows nobody and asks no database."""
    theme = request.COOKIES.get("theme", "")
    return {"product": PRODUCT, "theme": theme if theme in THEMES else ""}
