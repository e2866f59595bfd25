"""What a connector warns of: rows that may be sent, but that may not do what people expect of them.

Like the rules of a record: `check` works on plain values and is the reference for the vectorised counting, `describe`
is the sentence, `do` what the user can do about it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from integrations.rules import as_text, epoch_seconds


@dataclass(frozen=True)
class OlderThan:
    """The time in `field` lies more than `age` seconds back."""

    field: str
    age: int
    describe: str
    do: str
    code: str = "old"

    def check(self, values: Mapping[str, Any], now: int) -> bool:
        """True: warn. `values`: those of a good row by field, without the absent ones."""
        seconds = epoch_seconds(values.get(self.field))
        return seconds is not None and seconds < now - self.age


@dataclass(frozen=True)
class OnlyWeak:
    """Of the identifiers `fields`, a row has some of `weak` and no other."""

    fields: tuple[str, ...]
    weak: tuple[str, ...]
    describe: str
    do: str
    code: str = "only_weak"

    @property
    def strong(self) -> tuple[str, ...]:
        return tuple(name for name in self.fields if name not in self.weak)

    def check(self, values: Mapping[str, Any], now: int) -> bool:
        return any(name in values for name in self.weak) and not any(name in values for name in self.strong)


@dataclass(frozen=True)
class Lacking:
    """A row whose `field` is `value` has nothing in `lacks`."""

    field: str
    value: str
    lacks: str
    describe: str
    do: str
    code: str = "lacking"

    def check(self, values: Mapping[str, Any], now: int) -> bool:
        return as_text(values.get(self.field)) == self.value and self.lacks not in values


@dataclass(frozen=True)
class Repeated:
    """An earlier row of the job has the same values in `fields`; a field that both lack is the same too."""

    fields: tuple[str, ...]
    describe: str
    do: str
    code: str = "repeated"

    def key(self, values: Mapping[str, Any]) -> tuple[str, ...]:
        """What is compared; "" stands for no value."""
        return tuple(as_text(values.get(name)) or "" for name in self.fields)


@dataclass(frozen=True)
class RefusedFor:
    """Rows whose `field` is refused for the reason `code`, where a change of the query helps.

    `template`: what to write there, with `{column}` for the column that is mapped to the field.
    """

    field: str
    code: str
    describe: str
    do: str
    template: str = ""

    @property
    def sql(self) -> str:
        """What to write for a column with the field's name."""
        return self.sql_for(self.field)

    def sql_for(self, column: str) -> str:
        return self.template.format(column=column)


RowWarning = OlderThan | OnlyWeak | Lacking
ConnectorWarning = RowWarning | Repeated | RefusedFor
