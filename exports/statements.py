"""The statements that each request costs, as plain SQL that is made once.

Django takes ten times as long to build such a statement as the database to run it, and that time is taken from the
encoder, which runs beside it. Everything else goes through the ORM.
"""

from collections.abc import Sequence
from typing import Any

from django.db import connection, models

# Drivers take these as they are.
PLAIN = (models.IntegerField, models.CharField, models.BooleanField, models.ForeignKey)


class _Statement:
    """`columns`: in the order in which the SQL wants their values."""

    def __init__(self, model: type[models.Model], columns: Sequence[str]) -> None:
        meta = model._meta
        named = {f.attname: f for f in meta.concrete_fields}
        self.table = f'"{meta.db_table}"'
        self.key = f'"{meta.pk.column}"'
        self.fields = [named[name] for name in columns]
        self.columns = [f'"{field.column}"' for field in self.fields]
        self.adapted = [i for i, field in enumerate(self.fields) if not isinstance(field, PLAIN)]
        self.sql = ""

    def run(self, cursor: Any, values: Sequence[Any]) -> None:
        given = list(values)
        for i in self.adapted:
            given[i] = self.fields[i].get_db_prep_save(given[i], connection)
        cursor.execute(self.sql, given)


class Update(_Statement):
    """`sets`: columns that get a value; `adds`: that grow by one; `where`: that have it. Values in this order."""

    def __init__(
        self, model: type[models.Model], *, sets: Sequence[str], where: Sequence[str], adds: Sequence[str] = ()
    ) -> None:
        super().__init__(model, (*sets, *adds, *where))
        grown, asked = len(sets), len(sets) + len(adds)
        changes = [f"{name} = %s" for name in self.columns[:grown]]
        changes += [f"{name} = {name} + %s" for name in self.columns[grown:asked]]
        rows = " AND ".join(f"{name} = %s" for name in self.columns[asked:])
        self.sql = f"UPDATE {self.table} SET {', '.join(changes)} WHERE {rows}"  # noqa: S608 - names of models

    def __call__(self, *values: Any) -> int:
        """→ how many rows it changed."""
        with connection.cursor() as cursor:
            self.run(cursor, values)
            return int(cursor.rowcount)


class Insert(_Statement):
    """One row, all its columns but the primary key."""

    def __init__(self, model: type[models.Model]) -> None:
        self.names = [field.attname for field in model._meta.concrete_fields if not field.primary_key]
        super().__init__(model, self.names)
        places = ", ".join(["%s"] * len(self.columns))
        names = ", ".join(self.columns)
        self.sql = f"INSERT INTO {self.table} ({names}) VALUES ({places}) RETURNING {self.key}"  # noqa: S608

    def __call__(self, instance: models.Model) -> None:
        """The instance then has its primary key."""
        with connection.cursor() as cursor:
            self.run(cursor, [getattr(instance, name) for name in self.names])
            instance.pk = cursor.fetchone()[0]
        instance._state.adding = False


class Select(_Statement):
    """Columns of the one row with the primary key, as the driver gives them."""

    def __init__(self, model: type[models.Model], columns: Sequence[str]) -> None:
        super().__init__(model, columns)
        self.sql = f"SELECT {', '.join(self.columns)} FROM {self.table} WHERE {self.key} = %s"  # noqa: S608

    def __call__(self, pk: int) -> tuple[Any, ...] | None:
        """None: there is no such row."""
        with connection.cursor() as cursor:
            cursor.execute(self.sql, [pk])
            found: tuple[Any, ...] | None = cursor.fetchone()
            return found
