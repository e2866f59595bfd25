"""Audience Studio."""

from dataclasses import replace

from django.urls import reverse
from django.utils import timezone

from accounts.models import Role
from audiences import activations, folders, segments
from audiences.models import ParentSegment
from audiences.outputs import Built, Parameter
from audiences.segments import Counted
from audiences.segments import Draft as SegmentDraft
from exports import queries, schedules
from exports.models import JobState
from exports.timing import Timing
from tests.audiences import factories as audiences
from tests.audiences.factories import a_parent, a_segment
from tests.browser.samples.page import Page
from tests.conftest import person
from tests.exports.factories import a_job
from tests.exports.queries import a_text
from warehouse.models import Database


def activation(page="", **values):
    """That has run, with a combination and a column that is no field of the destination; and one that is paused."""
    kenji = person("kenji", Role.EDITOR)
    segment = audiences.a_segment(audiences.a_parent(), user=kenji)
    combined = Built("label", "s$1-$2", (Parameter("SegmentId"), Parameter("Timestamp", format="yyyy-MM-dd")))
    stamp = audiences.stringed("made_at", "Timestamp", format="yyyy-MM-dd", timezone="Asia/Tokyo")
    outputs = replace(audiences.EVENTS, strings=(*audiences.EVENTS.strings, stamp, combined))
    one = audiences.an_activation(segment, kenji, outputs=outputs, description="For the winter campaign", **values)
    for state in ("success", "error", "running"):
        a_job(state, query=one.query, error="LINE refused the token (401)." if state == "error" else "", refused=2)
    activations.pause(audiences.an_activation(segment, kenji, name="Monthly"), user=kenji)
    return f"/activations/{one.pk}{page}" if page is not None else "/activations"


def a_new_activation():
    segment = audiences.a_segment(audiences.a_parent(), user=person("kenji", Role.EDITOR))
    return reverse("audiences:activation_new", args=[segment.pk])


def a_segment_in_use(page=""):
    """In a folder, counted, with a rule of all that rules can have; another segment and an activation use it."""
    kenji, parent = person("kenji", Role.EDITOR), audiences.a_parent()
    folder = folders.create(parent, "Winback", folders.create(parent, "Campaigns", None))
    folders.create(parent, "Archive", None)
    events = {"source": {"name": "behavior_orders"}, "aggregation": {"type": "Sum"}, "name": "total"}
    recent = {"type": "Column", "column": "time", "operator": {"type": "TimeWithinPast", "value": 30, "unit": "day"}}
    bought = {
        "type": "Value",
        "leftValue": {**events, "filter": {"type": "And", "conditions": [recent]}},
        "operator": {"type": "Between", "min": 1000, "max": 9000},
    }
    listed = audiences.attribute("country", "In", rightValues=["JP", "US"])
    known = audiences.attribute("newsletter", "Equal", rightValue=True)
    inner = audiences.rule_of(bought, listed, kind="Composite") | {"expr": "1 OR 2", "exclude": True}
    draft = SegmentDraft(
        "Lapsed", "Bought long ago", folder, audiences.rule_of(known, inner), Counted(3, timezone.now())
    )
    one = segments.create(parent, draft, user=kenji)
    reference = {"type": "Reference", "id": str(one.pk), "exclude": False}
    a_segment(parent, "Lapsed and more", audiences.rule_of(reference))
    audiences.an_activation(one, kenji)
    if page is None:
        return reverse("audiences:segments", args=[parent.pk])
    return reverse("audiences:segment", args=[one.pk]) + page


def a_folder(page):
    parent = audiences.a_parent()
    folder = folders.create(parent, "Campaigns", None)
    folders.create(parent, "Winback", folder)
    return reverse(f"audiences:folder_{page}", args=[folder.pk])


def a_new_segment():
    return reverse("audiences:segment_new", args=[a_parent(built=False).pk])


def no_segments(page=""):
    return reverse("audiences:segments", args=[a_parent().pk]) + page


def a_parent_segment(page=""):
    """With a rule's segment, a schedule and a profile, as its first build left it."""
    one = a_parent_with_query()
    top = [["JP", 2], ["US", 1]]
    country = {"name": "country", "type": "VARCHAR", "filled": 3, "distinct": 2, "personal": False, "top": top}
    email = {
        "name": "email",
        "type": "VARCHAR",
        "filled": 3,
        "distinct": 3,
        "personal": True,
        "top": [["t•••@x.jp", 1]],
    }
    build = a_job(query=one.query, exports=False, into_rows=4)
    a_job(JobState.ERROR, query=one.query, exports=False, error="There is no table shop_jp.customers.")
    one.profile = {"job": build.pk, "rows": 4, "columns": [country, email]}
    one.save()
    return reverse("audiences:parent_segment", args=[one.pk]) + page


def a_parent_with_query():
    """One whose saved definition has attributes and a behavior."""
    one = a_parent()
    crm = {"database": "shop_jp", "table": "orders", "key": "customer_id", "parent_key": "customer_id", "group": "CRM"}
    one.definition["attributes"] = [crm | {"columns": [{"source": "total", "name": "last_total"}]}]
    text = a_text(database=Database.objects.get(name="shop_jp"))
    one.query = queries.create(queries.Draft(one.name, text, None), user=None, purpose="parent_segment")
    one.save()
    schedules.save(one.query, Timing("0 6 * * *", "Asia/Tokyo"), user=None)
    return one


def a_used_parent_segment():
    address = a_parent_segment("/delete")
    a_segment(ParentSegment.objects.get(), "Buyers in Japan")
    return address


PAGES = [
    Page("no activations", "/activations", Role.EDITOR),
    Page("activations", lambda: activation(None), Role.VIEWER),
    Page("activations, nothing found", "/activations?q=nothing&state=active", Role.VIEWER),
    Page("activation", activation, Role.EDITOR),
    Page("activation, for a viewer", activation, Role.VIEWER),
    Page("create an activation", a_new_activation, Role.EDITOR),
    Page("output mapping of an activation", lambda: activation("/edit/mapping"), Role.EDITOR),
    Page("schedule of an activation", lambda: activation("/edit/schedule"), Role.EDITOR),
    Page("review of an activation", lambda: activation("/edit/review"), Role.EDITOR),
    Page("delete an activation", lambda: activation("/delete"), Role.EDITOR),
    Page("no segments", no_segments, Role.EDITOR),
    Page("segments", lambda: a_segment_in_use(None), Role.EDITOR),
    Page("segments, for a viewer", lambda: a_segment_in_use(None), Role.VIEWER),
    Page("segments, nothing found", lambda: no_segments("?q=nothing"), Role.VIEWER),
    Page("segment", a_segment_in_use, Role.EDITOR),
    Page("edit segment rules", lambda: a_segment_in_use("/edit"), Role.EDITOR),
    Page("new segment", a_new_segment, Role.EDITOR),
    Page("delete a segment in use", lambda: a_segment_in_use("/delete"), Role.EDITOR),
    Page("move a folder", lambda: a_folder("move"), Role.EDITOR),
    Page("delete a folder in use", lambda: a_folder("delete"), Role.EDITOR),
    Page("no parent segments", "/audience-studio", Role.EDITOR),
    Page("parent segments", lambda: a_parent_segment() and "/audience-studio", Role.VIEWER),
    Page("parent segments, nothing found", "/audience-studio?q=nothing", Role.VIEWER),
    Page("new parent segment", "/audience-studio/new", Role.EDITOR),
    Page("parent segment", a_parent_segment, Role.EDITOR),
    Page("parent segment, for a viewer", a_parent_segment, Role.VIEWER),
    Page("edit a parent segment", lambda: a_parent_segment("/edit"), Role.EDITOR),
    Page("delete a parent segment", lambda: a_parent_segment("/delete"), Role.EDITOR),
    Page("delete a parent segment in use", a_used_parent_segment, Role.EDITOR),
]
