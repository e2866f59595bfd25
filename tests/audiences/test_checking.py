"""What is wrong with a definition, each beside what it is about."""

from dataclasses import replace

import pytest

from audiences import checking
from audiences.definitions import Attributes, Behavior, Column, Definition, Master

TYPES = {
    ("shop", "customers"): {"id": "VARCHAR", "country": "VARCHAR", "tags": "VARCHAR[]", "time": "BIGINT"},
    ("shop", "crm"): {"id": "VARCHAR", "country": "VARCHAR", "score": "DOUBLE", "time": "BIGINT"},
    ("shop", "orders"): {"who": "VARCHAR", "at": "TIMESTAMP", "total": "BIGINT", "note": "VARCHAR"},
}
CRM = Attributes("shop", "crm", "id", "id", (Column("score", "score"),))
ORDERS = Behavior("Orders", "shop", "orders", "who", "id", "at", (Column("total", "total"),))
GOOD = Definition(Master("shop", "customers", "id"), (CRM,), (ORDERS,))


def columns(*names, source="score"):
    return tuple(Column(source, name) for name in names)


def test_a_good_one_has_no_problems():
    assert checking.problems(GOOD, TYPES) == {}


@pytest.mark.parametrize(
    ("definition", "path", "says"),
    [
        (replace(GOOD, master=Master("", "", "")), "master.table", "Choose a table."),
        (replace(GOOD, master=Master("shop", "gone", "id")), "master.table", "no table shop.gone"),
        (replace(GOOD, master=Master("shop", "customers", "tags")), "master.key", "holds lists"),
        (replace(GOOD, attributes=(replace(CRM, key="nope"),)), "attributes.0.key", "has no column “nope”"),
        (
            replace(GOOD, attributes=(replace(CRM, parent_key="x"),)),
            "attributes.0.parent_key",
            "customers has no column",
        ),
        (replace(GOOD, attributes=(replace(CRM, columns=()),)), "attributes.0.columns", "at least one"),
        (
            replace(GOOD, attributes=(replace(CRM, columns=columns("country")),)),
            "attributes.0.columns.0.name",
            "in the master table already. “crm_country” is free",
        ),
        (
            replace(GOOD, attributes=(CRM, replace(CRM, columns=columns("x", "score")))),
            "attributes.1.columns.1.name",
            "“crm_score” is free",
        ),
        (
            replace(GOOD, attributes=(replace(CRM, columns=columns("Score!")),)),
            "attributes.0.columns.0.name",
            "lower-case",
        ),
        (
            replace(GOOD, attributes=(replace(CRM, columns=columns("time")),)),
            "attributes.0.columns.0.name",
            "“crm_time”",
        ),
        (replace(GOOD, behaviors=(replace(ORDERS, name=" "),)), "behaviors.0.name", "a name"),
        (replace(GOOD, behaviors=(replace(ORDERS, name="Or\0ders"),)), "behaviors.0.name", "invisible"),
        (replace(GOOD, attributes=(replace(CRM, group="C\0"),)), "attributes.0.group", "invisible"),
        (replace(GOOD, behaviors=(ORDERS, replace(ORDERS, name="ORDERS"))), "behaviors.1.name", "“ORDERS 2” is free"),
        (replace(GOOD, behaviors=(replace(ORDERS, time="note"),)), "behaviors.0.time", "neither times nor numbers"),
        (
            replace(GOOD, behaviors=(replace(ORDERS, columns=columns("x", source="gone")),)),
            "behaviors.0.columns.0.name",
            "no column “gone” any more",
        ),
    ],
)
def test_it_tells_what_is_wrong_and_what_is_allowed(definition, path, says):
    assert says in checking.problems(definition, TYPES)[path]


def test_its_own_database_is_no_source():
    found = checking.problems(GOOD, TYPES, own="shop")
    assert {"master.table", "attributes.0.table", "behaviors.0.table"} <= set(found)
