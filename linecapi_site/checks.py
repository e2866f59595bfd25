"""What `manage.py check --deploy` says of the machine, beside the settings."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Tags, Warning, register

from warehouse.engines import landlock


@register(Tags.security, deploy=True)
def landlock_is_there(app_configs: Sequence[AppConfig] | None = None, **options: Any) -> list[CheckMessage]:
    """linecapi.W001: queries run on this machine without Landlock."""
    if landlock.abi():
        return []
    message = "This kernel has no Landlock: what keeps a query's process from other files is the guard alone."
    hint = "Run queries on Linux 5.13 or newer with Landlock switched on. The System page tells what is in force."
    return [Warning(message, hint=hint, id="linecapi.W001")]
