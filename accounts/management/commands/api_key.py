"""`manage.py api_key USER`: prints a new key for the API; with --revoke it ends one."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts import api_keys
from accounts.models import ApiKey, Role, User


class Command(BaseCommand):
    help = "Make a key for the API, and print it: it is shown this once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", metavar="USER", help="whose key it is")
        parser.add_argument("--name", default="Command line", help="what tells it from others")
        parser.add_argument("--role", choices=Role.values, help="at most this role; without it, all that USER may do")
        parser.add_argument("--days", type=int, help="how long it can be used; without it, until it is revoked")
        parser.add_argument("--list", action="store_true", help="make none, and list those of USER")
        parser.add_argument("--revoke", type=int, metavar="ID", help="make none, and end the one with this ID")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["user"]).first()
        if user is None:
            raise CommandError(f"There is no user {options['user']}.")
        if options["list"]:
            return self._list(user)
        if options["revoke"] is not None:
            return self._revoke(user, options["revoke"])
        return self._create(user, options)

    def _create(self, user: User, options: dict[str, Any]) -> None:
        days = options["days"]
        if days is not None and not 1 <= days <= 3650:
            raise CommandError("--days must be 1 to 3,650.")
        expires_at = timezone.now() + timedelta(days=days) if days else None
        _, key = api_keys.create(user, name=options["name"][:100], role=options["role"], expires_at=expires_at)
        self.stdout.write(key)

    def _list(self, user: User) -> None:
        for row in user.api_keys.select_related("user"):
            self.stdout.write(f"{row.pk}\t{row.masked}\t{row.role}\t{row.state}\t{row.name}")

    def _revoke(self, user: User, pk: int) -> None:
        row = ApiKey.objects.select_related("user").filter(user=user, pk=pk).first()
        if row is None:
            raise CommandError(f"{user.username} has no key {pk}. See --list.")
        ended = api_keys.revoke(row)
        self.stdout.write(f"{row.masked} {'is revoked' if ended else 'was revoked before'}.")
