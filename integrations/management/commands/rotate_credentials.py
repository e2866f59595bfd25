from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from integrations.rotation import rotate_all


class Command(BaseCommand):
    help = "Encrypt every kept secret anew with the first of CREDENTIAL_KEYS. Then the other keys can be dropped."

    def handle(self, **options: Any) -> None:
        try:
            done = rotate_all()
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        noun = "secret is" if done.rotated == 1 else "secrets are"
        self.stdout.write(f"{done.rotated} {noun} encrypted with the first key now.")
        if done.unreadable:
            rows = "\n".join(f"  {row}" for row in done.unreadable)
            raise CommandError(
                f"No key in CREDENTIAL_KEYS opens {len(done.unreadable)} of them; keep them all:\n{rows}"
            )
