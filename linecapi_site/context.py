"""What every page needs: navigation, theme and running jobs."""

from django.http import HttpRequest

from exports.models import Job

PRODUCT = "Linecapi Console"
THEMES = ("light", "dark")


def console(request: HttpRequest) -> dict[str, object]:
    theme = request.COOKIES.get("theme", "")
    user = getattr(request, "user", None)
    signed_in = bool(user and user.is_authenticated)
    return {
        "product": PRODUCT,
        "theme": theme if theme in THEMES else "",
        "is_admin": signed_in and user.may("admin"),
        "jobs_in_progress": Job.objects.active().count() if signed_in else 0,
    }
