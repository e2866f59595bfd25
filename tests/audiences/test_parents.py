"""Parent segments from their creation to their end: built as jobs, profiled, refused what would break others."""

from dataclasses import replace

import pytest
from django.template.loader import render_to_string

from audiences import activations, parents, profiles, schemas, table_usage
from audiences.activations import Wanted
from audiences.definitions import Attributes, Column, Definition
from audiences.outputs import Attribute, Outputs
from audiences.parent_pages import columns_context, left
from audiences.parents import Conflict, Plan
from exports import schedules
from exports.errors import NameTaken
from exports.models import Job, JobState, Query
from exports.run import run_job
from exports.targets import Target
from exports.timing import Timing
from tests.audiences.factories import DEFINITION, a_segment, a_table, attribute, rule_of
from tests.exports.queries import line
from warehouse import changes, tables, usage
from warehouse.models import Database, Table
from warehouse.preview import first_rows
from warehouse.usage import InUse

pytestmark = pytest.mark.django_db(transaction=True)
CUSTOMERS = {
    "customer_id": ["c1", "c2", "c2", None],
    "email": ["taro@example.jp", "old@example.jp", "hana@example.jp", "x@example.jp"],
    "country": ["JP", "JP", "TW", "TW"],
    "time": [1, 1, 2, 1],
}
SCORES = Attributes("shop_jp", "scores", "who", "customer_id", (Column("tier", "tier"),), "CRM")
PLAN = Plan("Shop", replace(Definition.from_json(DEFINITION), attributes=(SCORES,)), "All of them", "Asia/Tokyo")


@pytest.fixture(autouse=True)
def shop(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    a_table("shop_jp", "customers", CUSTOMERS)
    a_table("shop_jp", "orders", {"customer_id": ["c1"], "time": [5], "total": [100], "category": ["tea"]})
    a_table("shop_jp", "scores", {"who": ["c1", "c1", "c9"], "tier": ["gold", "gold", "none"]})


@pytest.fixture
def parent(editor):
    return parents.create(PLAN, user=editor)[0]


def run(job):
    run_job(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.SUCCESS, job.error
    return job


def built(parent):
    return run(Job.objects.filter(query=parent.query).latest("pk"))


def customers(parent):
    table = Table.objects.get(database__name=parent.database_name, name="customers")
    return sorted(dict(zip([name for name, _ in table.columns], row, strict=True)).items() for row in first_rows(table))


def without(*names, behaviors=True):
    """The plan without these attributes."""
    columns = tuple(column for column in SCORES.columns if column.name not in names)
    kept = replace(PLAN.definition, attributes=(replace(SCORES, columns=columns),) if columns else ())
    return replace(PLAN, definition=kept if behaviors else replace(kept, behaviors=()))


def save(parent, plan, user):
    parent.refresh_from_db()
    return parents.update(parent, plan, base=parents.state(parent), user=user)


def test_its_first_build_has_one_row_a_customer_and_says_what_it_left_out(parent):
    job = built(parent)
    assert job.into_rows == 2
    first, second = (dict(row) for row in customers(parent))
    assert (first["customer_id"], first["tier"]) == ("c1", "gold")
    assert (second["customer_id"], second["email"], second["tier"]) == ("c2", "hana@example.jp", None)
    master, scores = left(parent)
    assert (master.rows, master.without_key, master.repeated) == (4, 1, 1)
    assert (scores.source, scores.repeated) == ("shop_jp.scores", 1)


def test_its_profile_is_of_its_last_build_and_masks_personal_data(parent, editor):
    job = built(parent)
    profile = profiles.measure(parent, job, user=editor)
    columns = {one["name"]: one for one in profile["columns"]}
    assert (profile["rows"], columns["tier"]["filled"], columns["country"]["distinct"]) == (2, 1, 2)
    assert columns["country"]["top"] == [["JP", 1], ["TW", 1]]
    assert {text for text, _ in columns["email"]["top"]} == {"t•••@example.jp", "h•••@example.jp"}
    assert columns["customer_id"]["personal"]
    assert profiles.is_of(parent, profiles.last_build(parent))
    again = run(parents.build(parent, user=editor))
    assert not profiles.is_of(parent, again)


def test_of_many_different_values_there_are_about_so_many(parent, editor, monkeypatch):
    monkeypatch.setattr(profiles, "MANY", 1)
    profile = profiles.measure(parent, built(parent), user=editor)
    exact = {one["name"]: (one["distinct"], one["exact"]) for one in profile["columns"]}
    assert (exact["tier"], exact["customer_id"], exact["country"][1]) == ((1, True), (2, True), False)
    shown = {one.name: one for one in columns_context(parent, profiles.last_build(parent))["columns"]}
    page = render_to_string("audiences/parents/_columns.html", {"columns": shown.values(), "parent": parent})
    assert page.count("about ") == len([one for one in shown.values() if not one.exact]) >= 1


def test_nothing_is_left_of_one_whose_name_is_taken(parent, editor):
    with pytest.raises(NameTaken):
        parents.create(PLAN, user=editor)
    assert list(Database.objects.filter(name__startswith="cdp_")) == [Database.objects.get(name=parent.database_name)]
    assert Query.objects.count() == 1


def test_a_change_of_what_is_built_builds_it_anew_and_a_change_of_words_does_not(parent, editor):
    built(parent)
    timed = replace(PLAN, name="Shop 2", schedule=Timing("@daily"))
    assert save(parent, timed, editor) is None
    assert (parent.query.name, parent.query.schedule.cron) == ("Shop 2", "@daily")
    assert save(parent, without("tier"), editor).query == parent.query
    assert ("tier" in parent.query.sql, "tier" in schemas.of(parent).columns) == (False, False)


def test_of_two_who_change_it_at_once_the_second_is_told(parent, editor):
    parent.refresh_from_db()
    base = parents.state(parent)
    parents.update(parent, replace(PLAN, name="Mine"), base=base, user=editor)
    with pytest.raises(Conflict):
        parents.update(parent, replace(PLAN, name="Theirs"), base=base, user=editor)


def test_a_new_column_of_the_master_comes_with_the_build_after_the_next(parent, editor):
    built(parent)
    Table.objects.get(database__name="shop_jp", name="customers").delete()
    a_table("shop_jp", "customers2", {**CUSTOMERS, "points": [1, 2, 3, 4]})
    Table.objects.filter(name="customers2").update(name="customers")
    run(schedules.run_now(parent.query, user=editor))  # as its schedule would
    parent.refresh_from_db()
    assert '"points"' in parent.query.sql
    assert "points" not in schemas.of(parent).columns, "the customer table does not have it yet"


def test_what_a_rule_or_an_activation_names_stays(parent, editor):
    built(parent)
    bought = {
        "type": "Value",
        "leftValue": {"name": "", "source": {"name": "behavior_orders"}, "aggregation": {"type": "Count"}},
        "operator": {"type": "GreaterEqual", "rightValue": 1},
    }
    a_segment(parent, "Gold", rule_of(rule_of(attribute("tier", "Equal", rightValue="gold"))))
    other = a_segment(parent, "Buyers", rule_of(bought))
    with pytest.raises(InUse, match="The column “tier” cannot be left out: segment “Gold” uses it"):
        save(parent, without("tier"), editor)
    with pytest.raises(InUse, match="The behavior “Orders” cannot be left out: segment “Buyers”"):
        save(parent, without(behaviors=False), editor)
    parent.segments.get(name="Gold").delete()
    wanted = Wanted("To LINE", Target(line(), {}, {}), outputs=Outputs(False, (Attribute("level", "tier"),)))
    activations.create(other, wanted, user=editor)
    with pytest.raises(InUse, match="activation “To LINE” uses it"):
        save(parent, without("tier"), editor)
    parent.refresh_from_db()
    assert Definition.from_json(parent.definition) == PLAN.definition


def test_it_is_deleted_with_its_database_once_nothing_uses_it(parent, editor):
    job = built(parent)
    segment = a_segment(parent, "Gold", rule_of())
    with pytest.raises(InUse, match="segment “Gold” uses it"):
        parents.delete(parent, user=editor)
    segment.delete()
    shop = Database.objects.get(name="shop_jp")
    reader = Query.objects.create(name="daily", database=shop, sql=f"SELECT 1 FROM {parent.database_name}.customers")
    with pytest.raises(InUse, match="query “daily” uses it"):
        parents.delete(parent, user=editor)
    reader.delete()
    inner = parent.folders.create(name="a").folders.create(name="b", parent_segment=parent)
    parents.delete(parent, user=editor)
    assert not Database.objects.filter(name__startswith="cdp_").exists()
    assert not type(inner).objects.exists()
    assert Job.objects.get(pk=job.pk).query is None


def test_what_it_reads_and_what_it_built_cannot_be_taken_away(parent):
    built(parent)
    shop, own = Database.objects.get(name="shop_jp"), Database.objects.get(name=parent.database_name)
    for table in shop.tables.all():
        with pytest.raises(InUse, match="parent segment “Shop”"):
            tables.delete_table(table)
    for change in (lambda: changes.rename_database(own, "mine"), lambda: changes.delete_with_tables(own)):
        with pytest.raises(InUse, match="parent segment “Shop”"):
            change()
    with pytest.raises(InUse, match="parent segment “Shop”"):
        changes.rename_table(own.tables.get(name="customers"), "mine")
    assert not list(table_usage.namers_of("cdp_audience_999"))
    assert len(usage.of_name(own)) >= 1
