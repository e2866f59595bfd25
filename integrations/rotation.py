"""Re-encrypting everything that is kept encrypted, in whatever app, with the first of CREDENTIAL_KEYS."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.apps import apps
from django.db.models import Model

from integrations import secrets


@dataclass
class Rotation:
    """How many values were encrypted anew, and which rows hold one that no key opens."""

    rotated: int = 0
    unreadable: list[str] = field(default_factory=list)


def encrypted_columns() -> Iterator[tuple[type[Model], str]]:
    """Every column that a model of an installed app declares in `ENCRYPTED_COLUMNS`."""
    for model in apps.get_models():
        for column in getattr(model, "ENCRYPTED_COLUMNS", ()):
            yield model, column


def rotate_all() -> Rotation:
    """Encrypt every kept secret anew, row by row; rows that cannot be read are named and left as they are."""
    done = Rotation()
    for model, column in encrypted_columns():
        for pk in list(model._base_manager.exclude(**{column: ""}).values_list("pk", flat=True)):
            _rotate_row(model, column, pk, done)
    return done


def _rotate_row(model: type[Model], column: str, pk: object, done: Rotation) -> None:
    """Again until the row still holds what was read, so that no newer value is overwritten; a row that went is over."""
    row = model._base_manager.filter(pk=pk)
    while old := row.values_list(column, flat=True).first():
        try:
            new = secrets.rotate(old)
        except secrets.SecretUnreadable:
            done.unreadable.append(f"{model._meta.verbose_name} {pk} ({column})")
            return
        if row.filter(**{column: old}).update(**{column: new}):
            done.rotated += 1
            return
