"""The rule builder: what is posted becomes a rule, what is wrong stands beside it, what it holds for is shown."""

import re
from html import unescape
from html.parser import HTMLParser

import pytest
from django.urls import reverse

from accounts.models import AuditEntry
from audiences import compiled, counting, segments
from audiences.models import Folder, Segment
from audiences.repeats import Repeat
from audiences.segments import Draft
from tests.audiences.factories import IN_JAPAN, a_parent, a_segment, an_activation, attribute, rule_of
from warehouse.engines.base import LimitExceeded

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path):
    settings.DATA_DIR = tmp_path


@pytest.fixture
def parent():
    return a_parent()


@pytest.fixture
def edit(as_user, editor):
    return as_user(editor)


def url(name, *args):
    return reverse(f"audiences:{name}", args=args)


def text(response, status=200):
    assert response.status_code == status, response.status_code
    return unescape(response.content.decode())


class Form(HTMLParser):
    """What a browser would post of a page's rule form, as {name: [value]}."""

    def __init__(self, page):
        super().__init__()
        self.values, self.select, self.area = {}, None, None
        self.feed(page[page.index('id="rule-form"') :])

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "select":
            self.select = given.get("name")
        elif tag == "textarea":
            self.area = given.get("name")
            self.values.setdefault(self.area, [""])
        elif tag == "option" and self.select and (self.select not in self.values or "selected" in given):
            self.values[self.select] = [given["value"]]
        elif tag == "input" and given.get("name") and (given.get("type") != "checkbox" or "checked" in given):
            self.values.setdefault(given["name"], []).append(given.get("value") or "")

    def handle_endtag(self, tag):
        self.area = None if tag == "textarea" else self.area

    def handle_data(self, data):
        if self.area:
            self.values[self.area] = [data]


def form(response):
    return Form(response.content.decode()).values


def posted(*nodes, **values):
    """A form with these nodes; values: "1.about" as _1_about."""
    fields = {"name": "Loyal", "folder": "", "description": "", "base": "", "0.match": "And"}
    fields |= {re.sub(r"^_(\d+)_", r"\1.", name): value for name, value in values.items()}
    return {"node": ["0::group", *nodes], **fields}


JAPAN = {"_1_about": "a:country", "_1_operator": "Equal", "_1_value": "JP"}


def test_a_nested_rule_is_saved_with_its_count(edit, parent):
    nodes = ("1:0:condition", "2:0:group", "3:2:condition", "4:3:filter", "5:2:condition")
    values = {
        **JAPAN,
        "_2_match": "Or",
        "_3_about": "b:behavior_orders",
        "_3_aggregation": "Sum",
        "_3_column": "total",
        "_3_operator": "GreaterEqual",
        "_3_value": "2000",
        "_4_column": "category",
        "_4_operator": "In",
        "_4_lines": "tea\r\ncups\r\n",
        "_5_about": "a:newsletter",
        "_5_operator": "Equal",
        "_5_value": "true",
        "_5_exclude": "1",
    }
    data = posted(*nodes, **values)
    panel = text(edit.post(url("rule_count", parent.pk), data))
    assert 'data-count="2"' in panel and "of 4 customers" in panel and "50.0 %" in panel
    assert "SUM(" in panel and "Orders" in panel
    sealed = re.search(r'name="counted" value="([^"]*)"', panel)[1]
    answer = edit.post(url("segment_new", parent.pk), data | {"counted": sealed})
    segment = Segment.objects.get()
    assert answer.url == url("segment", segment.pk)
    assert segment.count == 2 and segment.counted_at
    group = segment.rule["conditions"][1]
    assert (group["type"], group["conditions"][1]["exclude"]) == ("Or", True)
    assert group["conditions"][0]["leftValue"]["filter"]["conditions"][0]["operator"]["rightValues"] == ["tea", "cups"]
    assert AuditEntry.objects.filter(action="segment.create", target_id=segment.pk).exists()
    page = text(edit.get(url("segment", segment.pk)))
    assert "country is JP" in page and "In Loyal" not in page


def test_the_form_of_a_saved_rule_posts_that_rule(edit, parent):
    other = a_segment(parent)
    every = [
        attribute("country", "In", rightValues=["JP", "US"], **{"not": True}),
        attribute("country", "Contain", rightValues=["J"], **{"not": True}),
        attribute("points", "Between", min=1),
        attribute("registered_at", "TimeWithinPast", value=3, unit="month"),
        attribute("registered_at", "TimeRange", **{"from": "2026-01-01", "to": "2026-02-01"}),
        attribute("newsletter", "IsNull"),
        {"type": "Reference", "id": str(other.pk), "exclude": True},
    ]
    rule = rule_of(rule_of(*every, kind="Or") | {"exclude": True}, kind="Composite") | {"expr": "1", "limit": 7}
    kept = segments.create(parent, Draft("All kinds", "", None, compiled.parsed(parent, rule).to_json()), user=None)
    page = edit.get(url("segment_edit", kept.pk))
    assert "aria-invalid" not in text(page)
    assert edit.post(url("segment_edit", kept.pk), form(page)).status_code == 302
    before = kept.rule
    kept.refresh_from_db()
    before["conditions"][0]["conditions"][0]["operator"] |= {"type": "NotIn", "not": False}  # the same in other words
    assert kept.rule == before


def test_what_is_wrong_stands_beside_its_condition_and_nothing_is_lost(edit, parent):
    values = {"_1_about": "a:points", "_1_operator": "Greater", "_1_value": "many", "_2_about": ""}
    page = text(edit.post(url("segment_new", parent.pk), posted("1:0:condition", "2:0:condition", **values)), 422)
    assert 'value="many"' in page and 'value="Loyal"' in page
    wrong = re.findall(r'id="r(\d)-wrong">(.*?)</ul>', page, re.S)
    assert '"many" is not a number' in dict(wrong)["1"] and "Choose what this condition is about" in dict(wrong)["2"]
    assert not Segment.objects.exists()


def test_while_one_types_only_what_was_typed_can_be_wrong(edit, parent):
    values = {"_1_about": "a:points", "_1_operator": "Greater", "_1_value": "", "_2_about": "a:points", "_2_value": "x"}
    data = posted("1:0:condition", "2:0:condition", **values)
    wrong = dict(
        re.findall(r'id="r(\d)-wrong">(.*?)</ul>', text(edit.post(url("rule_builder", parent.pk), data)), re.S)
    )
    assert wrong["1"] == "" and "is not a number" in wrong["2"]
    assert "not complete yet: 2 things" in text(edit.post(url("rule_count", parent.pk), data))


def test_buttons_add_and_remove_without_javascript_too(edit, parent):
    page = edit.get(url("segment_new", parent.pk))
    page = edit.post(url("segment_new", parent.pk), form(page) | {"act": "group:0", "name": "Mine"})
    assert 'value="Mine"' in text(page)
    page = edit.post(url("segment_new", parent.pk), form(page) | {"act": "remove:1"})
    assert form(page)["node"] == ["0::group", "2:0:group", "3:2:condition"]
    assert not Segment.objects.exists()


@pytest.mark.database
def test_a_name_is_taken_within_its_folder_only(edit, parent):
    folder = Folder.objects.create(parent_segment=parent, name="Campaigns")
    a_segment(parent, "Loyal")
    page = text(edit.post(url("segment_new", parent.pk), posted("1:0:condition", **JAPAN)), 422)
    assert "A segment with this name exists in this folder." in page
    answer = edit.post(url("segment_new", parent.pk), posted("1:0:condition", **JAPAN) | {"folder": folder.pk})
    assert answer.status_code == 302


def test_of_two_who_save_the_second_is_told_and_may_save_over(edit, parent, viewer):
    segment = a_segment(parent)
    data = posted("1:0:condition", **JAPAN) | {"base": segment.updated_at.isoformat(), "name": "Mine"}
    segments.update(segment, Draft("Theirs", "", None, IN_JAPAN), base=segment.updated_at, user=viewer)
    page = text(edit.post(url("segment_edit", segment.pk), data), 422)
    assert "by viewer, while you were editing" in page and 'value="Mine"' in page
    over = re.search(r'name="over" value="([^"]*)"', page)[1]
    assert edit.post(url("segment_edit", segment.pk), data | {"over": over}).status_code == 302
    segment.refresh_from_db()
    assert segment.name == "Mine"


def test_a_segment_is_not_offered_to_a_rule_that_it_builds_upon(edit, parent):
    first = a_segment(parent, "first")
    second = a_segment(parent, "second", rule_of({"type": "Reference", "id": str(first.pk), "exclude": False}))
    a_segment(parent, "third")
    data = posted("1:0:condition", _1_about="s", _1_segment=str(second.pk), segment=first.pk)
    page = text(edit.post(url("rule_builder", parent.pk), data))
    assert f"{second.pk} (missing)" in page and "third" in page
    assert "second refers to this segment" in page


def test_before_the_first_build_a_rule_is_written_and_saved_without_a_count(edit):
    parent = a_parent(built=False)
    data = posted("1:0:condition", **JAPAN)
    assert "Build the parent segment first" in text(edit.post(url("rule_count", parent.pk), data))
    assert edit.post(url("segment_new", parent.pk), data).status_code == 302
    assert Segment.objects.get().count is None
    assert "Build the parent segment first" in text(edit.get(url("segment", Segment.objects.get().pk)))


def test_a_count_of_another_rule_is_not_kept(edit, parent):
    panel = text(edit.post(url("rule_count", parent.pk), posted("1:0:condition", **JAPAN)))
    sealed = re.search(r'name="counted" value="([^"]*)"', panel)[1]
    other = posted("1:0:condition", **JAPAN | {"_1_value": "US"}) | {"counted": sealed}
    edit.post(url("segment_new", parent.pk), other)
    assert Segment.objects.get().count is None


def test_a_sample_is_masked(edit, parent):
    page = text(edit.post(url("rule_sample", parent.pk), posted("1:0:condition", **JAPAN)))
    assert page.count("<tr>") == 3 and "t•••@example.jp" in page and "taro@" not in page


def test_a_count_that_fails_says_so(edit, parent, monkeypatch):
    def fail(*args, **kwargs):
        raise LimitExceeded("seconds", "The query took longer than 30 seconds.")

    monkeypatch.setattr(counting, "count", fail)
    panel = text(edit.post(url("rule_count", parent.pk), posted("1:0:condition", **JAPAN)))
    assert "longer than 30 seconds. The rule can be saved all the same." in panel and "country is JP" in panel


def test_viewers_do_not_edit(as_user, viewer, parent):
    for name in ("segment_new", "rule_builder", "rule_count", "rule_sample"):
        assert as_user(viewer).post(url(name, parent.pk), posted()).status_code == 403


def test_activations_send_by_the_rule_and_name_that_were_saved(edit, editor, parent):
    segment = a_segment(parent)
    activation = an_activation(segment, editor)
    data = posted("1:0:condition", **JAPAN | {"_1_value": "US"}) | {"base": segment.updated_at.isoformat()}
    assert edit.post(url("segment_edit", segment.pk), data).status_code == 302
    activation.query.refresh_from_db()
    assert "'US'" in activation.query.sql and "'JP'" not in activation.query.sql


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"node": ["0::group", *(f"{n}:{n - 1}:group" for n in range(1, 900))]}, "nested more than 10 deep"),
        ({"1.about": "b:behavior_orders", "1.aggregation": "Median"}, "Median"),
    ],
)
def test_a_tampered_rule_is_told_what_is_wrong_with_it(edit, parent, change, says):
    rule = {"node": ["0::group", "1:0:condition"], "0.match": "And", "1.about": "a:country", "1.value": "JP"}
    data = {"name": "S", **rule, **change}
    assert says in text(edit.post(url("segment_new", parent.pk), data), 422)
    for name in ("rule_builder", "rule_count", "rule_sample"):
        text(edit.post(url(name, parent.pk), data))


def test_a_job_that_was_made_before_a_rule_was_saved_is_told_of(edit, parent, editor):
    segment = a_segment(parent)
    job = an_activation(segment, editor, repeat=Repeat()).query.jobs.get()
    page = text(edit.get(url("segment_edit", segment.pk)))
    data = Form(page).values | {"name": "Renamed"}
    assert "was made before this" not in text(edit.post(url("segment_edit", segment.pk), data, follow=True))
    data = Form(text(edit.get(url("segment_edit", segment.pk)))).values | {"1.value": "US"}
    page = text(edit.post(url("segment_edit", segment.pk), data, follow=True))
    assert f"Job {job.pk} was made before this" in page
