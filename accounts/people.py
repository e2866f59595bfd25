"""What admins do to users, and users to themselves. Each change stands in the audit trail."""

from typing import Any

from django.db import transaction
from django.http import HttpRequest

from accounts.audit import record
from accounts.models import Role, User


class LastAdmin(Exception):
    """Without this person nobody could manage users: make another admin first."""

    def __str__(self) -> str:
        return "This is the last active admin. Make somebody else an admin first."


@transaction.atomic
def create(*, request: HttpRequest, username: str, name: str, email: str, role: str, password: str) -> User:
    person = User.objects.create_user(username, email, password, name=name, role=role)
    record("user.create", person, request=request, role=role)
    return person


@transaction.atomic
def change(pk: int, *, request: HttpRequest, name: str, email: str, role: str | None = None) -> User:
    """Change what is given (`role` None: as it was). Raises LastAdmin."""
    person = _locked(pk)
    changes = {word for word, old, new in [("name", person.name, name), ("e-mail", person.email, email)] if old != new}
    details: dict[str, Any] = {"changed": sorted(changes)} if changes else {}
    if role is not None and role != person.effective_role:
        details["role"] = {"from": person.effective_role.label, "to": Role(role).label}
        _give_role(person, role)
    person.name, person.email = name, email
    person.save(update_fields=["name", "email", "role", "is_superuser"])
    if details:
        record("user.update", person, request=request, **details)
    return person


def _give_role(person: User, role: str) -> None:
    if role != Role.ADMIN:
        _keep_an_admin(person)
        person.is_superuser = False
    person.role = role


@transaction.atomic
def deactivate(pk: int, *, request: HttpRequest) -> User:
    """Nobody who is signed in as this person can do anything from now on. Raises LastAdmin."""
    person = _locked(pk)
    if person.is_active:
        _keep_an_admin(person)
        person.is_active = False
        person.save(update_fields=["is_active"])
        record("user.deactivate", person, request=request)
    return person


@transaction.atomic
def reactivate(pk: int, *, request: HttpRequest) -> User:
    person = _locked(pk)
    if not person.is_active:
        person.is_active = True
        person.save(update_fields=["is_active"])
        record("user.reactivate", person, request=request)
    return person


@transaction.atomic
def set_password(person: User, password: str, *, request: HttpRequest) -> None:
    """Set a password; it ends every session of that person but the one that asks."""
    person.set_password(password)
    person.save(update_fields=["password"])
    record("user.set_password", person, request=request)


def _locked(pk: int) -> User:
    """The admins' rows, then the person's, are locked: two admins may demote each other at the same moment."""
    list(User.objects.active_admins().select_for_update().order_by("pk").values_list("pk"))
    return User.objects.select_for_update().get(pk=pk)


def _keep_an_admin(person: User) -> None:
    others = User.objects.active_admins().exclude(pk=person.pk)
    if person.may(Role.ADMIN) and not others.exists():
        raise LastAdmin
