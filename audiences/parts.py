"""The parts of a definition as its form holds them: the master, tables with attributes, tables with behaviors.

What is posted, and what is saved, both become a Part; a Part becomes what the form shows, and a part of a definition.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from audiences import checking
from audiences.definitions import Attributes, Behavior, Column, Definition, Master
from audiences.schemas import TableTypes, Types

KINDS = {
    "attributes": ("table", "key", "parent_key", "group"),
    "behaviors": ("name", "table", "key", "parent_key", "time"),
}
MASTER = ("table", "key")
TIME = "time"


@dataclass(frozen=True)
class Part:
    """`values`: of its fields, by name. `shown`: the table whose columns were chosen from, as database.table.
    `taken`: the columns chosen. `names`: {column: what it is to be called}, also of some that are not chosen."""

    values: dict[str, str]
    shown: str = ""
    taken: frozenset[str] = frozenset()
    names: dict[str, str] = field(default_factory=dict)

    @property
    def table(self) -> tuple[str, str]:
        """(database, table)"""
        database, _, table = self.values.get("table", "").partition(".")
        return database, table

    def columns(self, types: TableTypes) -> tuple[Column, ...]:
        """Those taken, in the table's order; what has gone from the table comes last."""
        held = [*types.get(self.table, {})]
        order = [*(name for name in held if name in self.taken), *sorted(self.taken - set(held))]
        return tuple(Column(name, self.names.get(name, name)) for name in order)


@dataclass(frozen=True)
class Parts:
    master: Part
    attributes: tuple[Part, ...] = ()
    behaviors: tuple[Part, ...] = ()

    @property
    def stale(self) -> bool:
        """Whether a table was chosen whose columns have not been shown yet."""
        return any(one.shown != one.values["table"] for one in (self.master, *self.attributes, *self.behaviors))

    def definition(self, types: TableTypes) -> Definition:
        """As it stands, with problems or without."""
        return Definition(
            Master(*self.master.table, self.master.values["key"]),
            tuple(
                Attributes(
                    *one.table, one.values["key"], one.values["parent_key"], one.columns(types), one.values["group"]
                )
                for one in self.attributes
            ),
            tuple(
                Behavior(
                    one.values["name"],
                    *one.table,
                    one.values["key"],
                    one.values["parent_key"],
                    one.values["time"],
                    one.columns(types),
                )
                for one in self.behaviors
            ),
        )


def of_definition(definition: Definition) -> Parts:
    master = _shown({"table": f"{definition.master.database}.{definition.master.table}", "key": definition.master.key})
    return Parts(
        master,
        tuple(_of(one, {"group": one.group}) for one in definition.attributes),
        tuple(_of(one, {"name": one.name, "time": one.time}) for one in definition.behaviors),
    )


def of_post(post: Mapping[str, str]) -> Parts:
    """What a form posted: master-table, attributes-0-table, attributes-0-take:COLUMN, attributes-0-name:COLUMN …"""
    kinds = {
        kind: tuple(_posted(post, f"{kind}-{number}", fields) for number in range(_count(post, kind)))
        for kind, fields in KINDS.items()
    }
    return Parts(_posted(post, "master", MASTER), **kinds)


def shaped(parts: Parts, do: str, types: TableTypes) -> Parts:
    """After what the button `do` asks for, "add-behaviors" or "remove-attributes-2", and with what a newly chosen table
    suggests."""
    kinds = {kind: list(getattr(parts, kind)) for kind in KINDS}
    deed, _, rest = do.partition("-")
    kind, _, number = rest.partition("-")
    if deed == "add" and kind in KINDS and len(kinds[kind]) < checking.MOST_TABLES:
        kinds[kind].append(_shown(dict.fromkeys(KINDS[kind], "")))
    if deed == "remove" and kind in KINDS and number.isdecimal() and int(number) < len(kinds[kind]):
        del kinds[kind][int(number)]
    master = _suggested_master(parts.master, types)
    held = types.get(master.table, {})
    names = set(held)
    attributes = []
    for one in kinds["attributes"]:
        attributes.append(_suggested(one, master, names, types))
        names |= {column.name for column in attributes[-1].columns(types)}
    behaviors = tuple(_suggested(one, master, set(), types) for one in kinds["behaviors"])
    return Parts(master, tuple(attributes), behaviors)


def _count(post: Mapping[str, str], kind: str) -> int:
    given = post.get(f"{kind}-count", "")
    return min(int(given), checking.MOST_TABLES) if given.isdecimal() and len(given) < 4 else 0


def _posted(post: Mapping[str, str], prefix: str, fields: tuple[str, ...]) -> Part:
    take, name = f"{prefix}-take:", f"{prefix}-name:"
    return Part(
        {each: post.get(f"{prefix}-{each}", "").strip() for each in fields},
        post.get(f"{prefix}-shown", ""),
        frozenset(key.removeprefix(take) for key in post if key.startswith(take)),
        {key.removeprefix(name): post[key].strip() for key in post if key.startswith(name)},
    )


def _shown(values: dict[str, str]) -> Part:
    return Part(values, values.get("table", ""))


def _of(one: Attributes | Behavior, more: dict[str, str]) -> Part:
    table = f"{one.database}.{one.table}"
    values = {"table": table, "key": one.key, "parent_key": one.parent_key, **more}
    names = {column.source: column.name for column in one.columns}
    return Part(values, table, frozenset(names), names)


def _suggested_master(one: Part, types: TableTypes) -> Part:
    if one.shown == one.values["table"]:
        return one
    return _shown({**one.values, "key": _kept(one.values["key"], types.get(one.table, {}))})


def _suggested(one: Part, master: Part, names: set[str], types: TableTypes) -> Part:
    """With what suits a table that was just chosen. `names`: taken by columns before."""
    if one.shown == one.values["table"]:
        return one
    held, key = types.get(one.table, {}), master.values["key"]
    values = one.values | {
        "key": _kept(one.values["key"], held) or _kept(key, held),
        "parent_key": one.values["parent_key"] or key,
    }
    if "time" in values:
        values |= {"time": _kept(TIME, held), "name": values["name"] or _titled(one.table[1])}
    taken = [name for name in held if name not in {values["key"], TIME}]
    called: dict[str, str] = {}
    for name in taken:
        called[name] = checking.free_name(name, one.table[1], names | set(called.values()))
    return Part(values, one.values["table"], frozenset(taken), called)


def _kept(column: str, held: Types) -> str:
    return column if column in held else ""


def _titled(table: str) -> str:
    return table.replace("_", " ").capitalize()
