"""Rules of saved segments, with those that they refer to."""

import pytest

from audiences import compiled
from audiences.models import ParentSegment, Segment
from audiences.rules.problems import RuleError
from exports.engine import readable
from warehouse.engines.base import Limits
from warehouse.engines.duckdb import DuckDBEngine
from warehouse.models import Database, Table

pytestmark = pytest.mark.django_db
DEFINITION = {
    "master": {"database": "shop_jp", "table": "customers", "key": "customer_id"},
    "attributes": [],
    "behaviors": [
        {
            "name": "Web Visits",
            "database": "shop_jp",
            "table": "visits",
            "key": "customer_id",
            "parent_key": "customer_id",
            "time": "time",
            "columns": [{"source": "page", "name": "page"}],
        }
    ],
}
COLUMNS = [["customer_id", "VARCHAR"], ["country", "VARCHAR"], ["points", "BIGINT"]]
VISITS = [["customer_id", "VARCHAR"], ["time", "BIGINT"], ["page", "VARCHAR"]]


@pytest.fixture
def parent():
    shop = Database.objects.create(name="shop_jp")
    Table.objects.create(database=shop, name="customers", columns=COLUMNS)
    Table.objects.create(database=shop, name="visits", columns=VISITS)
    made = ParentSegment.objects.create(name="All customers", definition=DEFINITION)
    built = Database.objects.create(name=made.database_name)
    Table.objects.create(database=built, name="customers", columns=COLUMNS)
    return made


def a_rule(*conditions, **more):
    return {"type": "And", "conditions": list(conditions), **more}


def points(number):
    operator = {"type": "GreaterEqual", "rightValue": number}
    return {"type": "Value", "leftValue": {"name": "points"}, "operator": operator}


def refers(segment):
    return {"type": "Reference", "id": str(segment.pk)}


def a_segment(parent, name, *conditions, **more):
    return Segment.objects.create(parent_segment=parent, name=name, rule=a_rule(*conditions, **more))


def problems(parent, data, segment=None):
    with pytest.raises(RuleError) as raised:
        compiled.parsed(parent, data, segment)
    return raised.value.problems


def test_the_segments_that_a_rule_refers_to_are_within_its_sql(parent, django_assert_num_queries):
    inner = a_segment(parent, "Some points", points(10))
    outer = a_segment(parent, "Both", points(20), refers(inner))
    rules = compiled.Rules(parent)
    with django_assert_num_queries(2):  # the tables' columns, and all segments
        sql = rules.sql(rules.select(outer))
    assert '"customers"."points" >= 20' in sql
    assert '"customers"."points" >= 10' in sql
    assert compiled.sql(compiled.select(outer)) == sql


def test_a_rule_without_references_asks_for_no_segments(parent, django_assert_num_queries):
    segment = a_segment(parent, "Some points", points(10))
    with django_assert_num_queries(1):
        compiled.select(segment)


def test_segments_cannot_refer_to_each_other_in_a_circle(parent):
    first = a_segment(parent, "First", points(1))
    second = a_segment(parent, "Second", refers(first))
    third = a_segment(parent, "Third", a_rule(refers(second)))
    said = "Third refers to this segment, by itself or through others."
    data = a_rule(points(1), refers(third))
    assert problems(parent, data, first) == [("conditions.1.id", said)]
    assert problems(parent, a_rule(refers(first)), first) == [("conditions.0.id", "A segment cannot refer to itself.")]
    first.rule = data
    first.save()
    with pytest.raises(RuleError, match="refer to each other in a circle"):
        compiled.count_sql(parent, a_rule(refers(second)))


def test_a_segment_of_another_parent_segment_is_unknown(parent):
    other = ParentSegment.objects.create(name="Others", definition=DEFINITION)
    data = a_rule(refers(a_segment(other, "Theirs")))
    assert problems(parent, data)[0][1].endswith("in this parent segment.")


def test_what_is_wrong_with_a_segment_that_a_rule_refers_to_is_said_with_its_name(parent):
    broken = a_segment(parent, "Broken", {"type": "Value", "leftValue": {"name": "gone"}, "operator": {}})
    with pytest.raises(RuleError, match=r"The segment Broken, which it refers to, cannot be used: There is no attribu"):
        compiled.sql(compiled.select(a_segment(parent, "Using it", refers(broken))))


def test_the_sql_of_a_rule_has_a_length(parent):
    texts = [f"{n:0>900}" for n in range(300)]
    operator = {"type": "In", "rightValues": texts}
    with pytest.raises(RuleError, match="longer than 200,000 characters"):
        compiled.count_sql(parent, a_rule({"type": "Value", "leftValue": {"name": "country"}, "operator": operator}))


def test_the_largest_rules_pass_the_engines_guard(parent, tmp_path):
    visits = {
        "type": "Value",
        "leftValue": {"name": "", "source": {"name": "behavior_web_visits"}, "aggregation": {"type": "Count"}},
        "operator": {"type": "Less", "rightValue": 3},
    }
    operator = {"type": "In", "rightValues": ["x"] * 1000}
    many = {"type": "Value", "leftValue": {"name": "country"}, "operator": operator}
    deep = a_rule(points(1), visits)
    for level in range(1, 27):
        if level % 9 == 0:
            deep = a_rule(refers(Segment.objects.create(parent_segment=parent, name=f"{level}", rule=deep)))
        deep = {"type": "Or", "conditions": [points(1), {**deep, "exclude": True}]}
    for data in (deep, a_rule(*[points(n) for n in range(500)]), a_rule(many), a_rule(points(1), limit=5)):
        for sql in (compiled.count_sql(parent, data), compiled.sample_sql(parent, data)):
            run = DuckDBEngine(dialect="duckdb").run(
                sql,
                tables=readable(None),
                database=parent.database_name,
                limits=Limits(seconds=20, memory_mb=512, rows=1000),
                workdir=tmp_path / "work",
            )
            with run as result:
                assert sum(batch.num_rows for batch in result) in (0, 1)


def test_segments_that_refer_to_many_others_have_a_size_too(parent):
    last = a_segment(parent, "0", points(1))
    for n in range(1, 12):
        last = a_segment(parent, f"{n}", refers(last), refers(last))
    with pytest.raises(RuleError, match=r"over 2,000 conditions"):
        compiled.select(last)
    for n in range(30):
        last = a_segment(parent, f"deep {n}", refers(last))
    with pytest.raises(RuleError, match=r"nested more than 30 deep"):
        compiled.select(last)
