"""td_ddl>: databases and tables, each change once, in digdag's order, as an editor may by hand."""

import pyarrow as pa
import pytest

from accounts.models import AuditEntry
from exports.lease import LostLease
from exports.models import Query
from tests.workflows.factories import step, taken
from tests.workflows.shop import a_table
from warehouse.models import Database, Table
from warehouse.preview import first_rows
from workflows.models import Task, TaskState
from workflows.operators.base import Done, TaskFailed

pytestmark = pytest.mark.django_db(transaction=True)


def ddl(user, **params):
    return step(user, "td_ddl", params={"database": "shop", **params})


def failure(user, **params):
    with pytest.raises(TaskFailed) as raised:
        taken(ddl(user, **params))
    return raised.value.message


def names():
    return sorted(str(table) for table in Table.objects.select_related("database"))


def test_databases_come_before_tables_and_what_goes_before_what_comes(editor):
    for name in ("old", "kept", "swept"):
        a_table(name)
    a_table("gone", database="past")
    a_table("gone", database="filled")
    first = ddl(
        editor,
        create_tables='["new", "new_shop.first", "kept"]',
        empty_tables=["swept", "fresh"],
        drop_tables=["old", "never"],
        rename_tables=[{"from": "kept", "to": "named"}],
        create_databases=["new_shop", "shop"],
        empty_databases=["filled", "empty_one"],
        drop_databases=["past"],
    )
    assert taken(first) == Done()
    assert names() == ["new_shop.first", "shop.fresh", "shop.named", "shop.new", "shop.swept"]
    assert sorted(Database.objects.values_list("name", flat=True)) == ["empty_one", "filled", "new_shop", "shop"]
    swept = Table.objects.get(name="swept")
    assert (swept.columns, first_rows(swept)) == ([["time", "BIGINT"]], [])
    assert first.log.text.splitlines() == [
        "Database past was dropped.",
        "Database filled was emptied of 1 table.",
        "Database empty_one was created.",
        "Database new_shop was created.",
        "Database shop exists.",
        "Table shop.old was dropped.",
        "There is no table shop.never to drop.",
        "Table shop.swept was emptied of 3 rows.",
        "Table shop.fresh was created.",
        "Table shop.new was created.",
        "Table new_shop.first was created.",
        "Table shop.kept exists.",
        "Table shop.kept was renamed to named.",
    ]
    assert AuditEntry.objects.filter(action="table.delete", user=editor).count() == 3


def test_a_step_that_is_repeated_after_a_death_makes_nothing_twice(editor):
    a_table("tmp", pa.table({"n": [1]}))
    first = ddl(editor, rename_tables=[{"from": "tmp", "to": "final"}], empty_tables=["other"])
    taken(first)
    a_table("tmp", pa.table({"n": [2]}))  # by another task, meanwhile
    a_table("others", pa.table({"n": [2]}))
    Table.objects.filter(name="other").update(columns=[["n", "BIGINT"]])
    assert taken(first) == Done()
    assert first_rows(Table.objects.get(name="final")) == [("1",)]
    assert Table.objects.get(name="other").columns == [["n", "BIGINT"]]
    assert first.log.text.count("renamed") == 1


def test_a_task_that_was_ended_meanwhile_changes_nothing(editor):
    a_table("tmp")
    first = ddl(editor, drop_tables=["tmp"])
    Task.objects.filter(pk=first.task.pk).update(state=TaskState.CANCELED)
    with pytest.raises(LostLease):
        taken(first)
    assert names() == ["shop.tmp"]


def test_a_change_that_cannot_be_made_leaves_those_before_it(editor):
    a_table("one")
    told = failure(editor, create_tables=["two", "T"])
    assert told.startswith("“create_tables”: Use 3 to 128 lower-case letters")
    assert failure(editor, create_tables=["none.two"]).startswith("“create_tables”: there is no database none")
    assert names() == ["shop.one", "shop.two"]


def test_a_rename_of_a_table_that_is_not_there_is_told_before_anything_changes(editor):
    a_table("one")
    renames = [{"from": "one", "to": "two"}, {"from": "none", "to": "three"}]
    told = failure(editor, drop_tables=["one"], rename_tables=renames)
    assert (told, names()) == ("“rename_tables”: there is no table shop.none to rename.", ["shop.one"])
    assert "a table stays in its database" in failure(editor, rename_tables=[{"from": "one", "to": "other.two"}])
    assert "must be a list of {from: a, to: b}" in failure(editor, rename_tables=[{"from": "one"}])


def test_tables_that_a_query_reads_stay_but_can_be_replaced_and_emptied(editor):
    home = a_table("final").database
    a_table("tmp", pa.table({"n": [1]}))
    Query.objects.create(name="daily", database=home, sql="select * from final")
    for asked in ({"drop_tables": ["final"]}, {"rename_tables": [{"from": "final", "to": "x_y"}]}):
        assert "query “daily” uses it" in failure(editor, **asked)
    for asked in ({"empty_databases": ["shop"]}, {"drop_databases": ["shop"]}):
        assert "query “daily” uses it" in failure(editor, **asked)
    taken(ddl(editor, rename_tables=[{"from": "tmp", "to": "final"}]))
    assert (names(), first_rows(Table.objects.get())) == (["shop.final"], [("1",)])
    taken(ddl(editor, empty_tables=["final"]))
    assert first_rows(Table.objects.get()) == []


def test_only_an_editor_changes_tables(viewer):
    a_table("one")
    assert "needs the role editor" in failure(viewer, drop_tables=["one"])
    assert names() == ["shop.one"]
