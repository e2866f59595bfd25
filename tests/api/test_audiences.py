"""Parent segments, segments and activations by Treasure Data's API."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from api import audience_objects
from audiences import compiled, counting
from audiences.models import Activation, ParentSegment, Segment
from exports import preview
from exports.models import Job, JobState, Purpose, Query
from integrations.models import Authentication
from tests.api.conftest import Api
from tests.audiences.factories import CUSTOMERS, IN_JAPAN, ORDERS, a_parent, a_segment, a_table, attribute, rule_of
from tests.exports.factories import an_authentication

pytestmark = pytest.mark.django_db
MASTER = {"parentDatabaseName": "shop_jp", "parentTableName": "customers", "keyColumn": "customer_id"}
JOIN = {"parentDatabaseName": "shop_jp", "parentKeyColumn": "customer_id", "foreignKeyColumn": "customer_id"}
TIER = {**JOIN, "name": "tier", "parentTableName": "loyalty", "parentColumn": "tier", "groupingName": "Loyalty"}
TOTAL = {"name": "total", "parentColumn": "total"}
BOUGHT = {**JOIN, "name": "Orders", "parentTableName": "orders", "timeColumn": "time", "schema": [TOTAL]}
WHOLE = {"name": "Shop", "master": MASTER, "attributes": [TIER], "behaviors": [BOUGHT], "timezone": "Asia/Tokyo"}


@pytest.fixture
def td(api, editor) -> Api:
    return api(editor)


@pytest.fixture
def shop(db):
    a_table("shop_jp", "customers", CUSTOMERS)
    a_table("shop_jp", "orders", ORDERS)
    a_table("shop_jp", "loyalty", {"customer_id": ["c1"], "tier": ["gold"]})


@pytest.fixture
def parent(td):
    """Made by the API, with its customers as a build leaves them, and one segment."""
    a_table("shop_jp", "customers", CUSTOMERS)
    a_table("shop_jp", "orders", ORDERS)
    made = td.post("/audiences", json={"name": "Shop", "master": MASTER, "behaviors": [BOUGHT]}).json()
    a_table(made["databaseName"], "customers", CUSTOMERS)
    found = ParentSegment.objects.get(pk=made["id"])
    a_segment(found)
    return found


@pytest.fixture
def segments(parent):
    return f"/audiences/{parent.pk}/segments"


@pytest.fixture
def activations(segments):
    return f"{segments}/{Segment.objects.get().pk}/syndications"


def wanted(**changes):
    authentication = Authentication.objects.first() or an_authentication()
    return {"name": "Winback", "connectionId": str(authentication.pk), **changes}


# --- parent segments ----------------------------------------------------------------------------------------------


def test_a_parent_segment_is_made_as_it_was_given_and_built(td, shop):
    made = td.post("/audiences", json=WHOLE).json()
    assert made == td.get(f"/audiences/{made['id']}").json() == td.get("/audiences").json()[0]
    assert made["master"] == MASTER
    assert made["attributes"] == [{**TIER, "type": "string", "matrixColumnName": "tier"}]
    [orders] = made["behaviors"]
    assert (orders["matrixTableName"], orders["schema"][0]["type"]) == ("behavior_orders", "number")
    assert (made["scheduleType"], made["timezone"], made["population"]) == ("none", "Asia/Tokyo", None)
    assert Job.objects.get().query == ParentSegment.objects.get().query


def test_what_is_wrong_with_a_definition_is_said_by_its_place(td, shop):
    attributes = [{**TIER, "parentColumn": "colour"}]
    answer = td.post("/audiences", json={**WHOLE, "attributes": attributes, "master": {**MASTER, "keyColumn": "id"}})
    assert answer.status_code == 422
    assert set(answer.json()["details"]) == {"master.key", "attributes.0.columns.0.name"}


@pytest.mark.parametrize("change", [{"master": "customers"}, {"attributes": [TIER, 5]}, {"behaviors": {"a": 1}}])
def test_another_form_is_refused(td, shop, change):
    assert td.post("/audiences", json=WHOLE | change).status_code == 422
    assert not ParentSegment.objects.exists()


def test_a_part_of_a_parent_segment_is_changed(td, shop):
    made = td.post("/audiences", json=WHOLE).json()
    schedule = {"scheduleType": "cron", "scheduleOption": "0 4 * * *"}
    changed = td.send("put", f"/audiences/{made['id']}", json={"attributes": [], **schedule}).json()
    same = ("id", "name", "master", "behaviors", "timezone", "createdAt")
    assert {name: changed[name] for name in same} == {name: made[name] for name in same}
    assert (changed["attributes"], changed["scheduleType"], changed["scheduleOption"]) == ([], "cron", "0 4 * * *")
    wrong = td.send("put", f"/audiences/{made['id']}", json={**schedule, "scheduleOption": "0 25 * * *"})
    assert list(wrong.json()["details"]) == ["scheduleOption"]


def test_it_is_built_and_deleted(td, parent):
    Job.objects.update(state=JobState.SUCCESS)
    ran = td.post(f"/audiences/{parent.pk}/run").json()
    assert (ran["status"], Job.objects.get(pk=ran["jobId"]).query) == ("queued", parent.query)
    in_use = td.send("delete", f"/audiences/{parent.pk}")
    assert (in_use.status_code, in_use.json()["details"]["used_by"][0]["name"]) == (409, "In Japan")
    Segment.objects.all().delete()
    Job.objects.update(state=JobState.SUCCESS)
    assert td.send("delete", f"/audiences/{parent.pk}").json() == {"id": str(parent.pk)}
    assert td.get(f"/audiences/{parent.pk}").status_code == 404


# --- segments -----------------------------------------------------------------------------------------------------


def test_a_segment_is_made_in_a_folder_changed_and_deleted(td, parent, segments):
    folder = td.post(f"/audiences/{parent.pk}/folders", json={"name": "Campaigns"}).json()
    made = td.post(segments, json={"name": "Buyers", "segmentFolderId": folder["id"], "rule": IN_JAPAN}).json()
    assert (made["segmentFolderId"], made["rule"]["conditions"][0]["operator"]["rightValue"]) == (folder["id"], "JP")
    rule = rule_of({"type": "Reference", "id": str(Segment.objects.earliest("pk").pk), "exclude": True})
    changed = td.send("put", f"{segments}/{made['id']}", json={"rule": rule, "segmentFolderId": None}).json()
    assert (changed["name"], changed["segmentFolderId"], changed["rule"]) == ("Buyers", None, rule)
    assert len(td.get(segments).json()) == 2
    assert td.send("delete", f"{segments}/{changed['rule']['conditions'][0]['id']}").status_code == 409
    assert td.send("delete", f"{segments}/{made['id']}").status_code == 200


def test_what_is_wrong_with_a_rule_is_said_by_its_place(td, segments):
    rule = rule_of(attribute("points", "Equal", rightValue="many"), attribute("colour", "IsNull"))
    answer = td.post(segments, json={"name": "Wrong", "rule": rule})
    assert answer.status_code == 422
    places = {place.rsplit(".", 2)[0] for place in answer.json()["details"]}
    assert {place[: len("rule.conditions.0")] for place in places} == {"rule.conditions.0", "rule.conditions.1"}


def test_the_customers_of_a_rule_are_counted(td, segments):
    rule = rule_of(attribute("points", "Greater", rightValue=20))
    found = td.post(f"{segments}/queries", json={"rule": rule}).json()
    assert (found["status"], found["count"], found["population"]) == ("success", 2, 4)
    assert '"points" > 20' in found["sql"]
    segment = Segment.objects.get()
    assert td.post(f"{segments}/queries", json={"segmentId": str(segment.pk)}).json()["count"] == 2
    assert td.get(f"{segments}/{segment.pk}").json()["population"] == 2


def test_a_count_of_the_api_ends_none_that_a_page_waits_for(td, editor, parent, segments, monkeypatch):
    ended = []
    monkeypatch.setattr(preview, "cancel", lambda **count: ended.append(count))
    sql = compiled.count_sql(parent, rule_of())
    counting.count(parent, sql, user=editor)
    assert td.post(f"{segments}/queries", json={"rule": rule_of()}).json()["count"] == 4
    assert not ended
    counting.count(parent, sql, user=editor)
    assert len(ended) == 1


def test_nothing_is_counted_before_the_first_build(td, editor, api):
    parent = a_parent(built=False)
    answer = td.post(f"/audiences/{parent.pk}/segments/queries", json={"rule": rule_of()})
    assert (answer.status_code, answer.json()["message"][:34]) == (409, "The parent segment has not been bu")


# --- activations --------------------------------------------------------------------------------------------------


def test_an_activation_is_made_as_it_was_given(td, parent, activations):
    columns = [
        {"column": "line_uid", "source": {"column": "customer_id"}},
        {"column": "deduplication_key", "source": {"string": "$1-$2", "parameters": [
            {"type": "SegmentId"}, {"type": "String", "value": "x"}]}},
    ]  # fmt: skip
    times = {"repeatUnit": "week", "repeatSubFrequency": [1, 5], "timezone": "Asia/Tokyo"}
    told = {"notifyOn": ["onFailure"], "emailRecipients": ["ops@example.com"]}
    given = wanted(allColumns=False, columns=columns, connectorConfig={"max_records": 2000}, **times, **told)
    made = td.post(activations, json=given).json()
    assert {name: made[name] for name in (*times, *told, "columns", "name")} == {
        name: given[name] for name in (*times, *told, "columns", "name")
    }
    assert (made["connectorConfig"]["type"], made["connectorConfig"]["max_records"]) == ("line_conversion", 2000)
    assert td.get(activations).json() == [made] == td.get(f"/audiences/{parent.pk}/syndications").json()
    assert td.get(f"{activations}/{made['id']}").json() == made


def test_a_part_of_an_activation_is_changed(td, activations):
    made = td.post(activations, json=wanted(repeatUnit="day")).json()
    path = f"{activations}/{made['id']}"
    changed = td.send(
        "put", path, json={"description": "For spring", "repeatUnit": "cron", "cron": "0 6 * * 1-5"}
    ).json()
    same = ("name", "connectionId", "allColumns", "columns", "createdAt", "notifyOn")
    assert {name: changed[name] for name in same} == {name: made[name] for name in same}
    assert (changed["description"], changed["repeatUnit"], changed["cron"]) == ("For spring", "cron", "0 6 * * 1-5")
    assert td.send("put", path, json={"timezone": "Asia/Tokyo"}).json()["cron"] == "0 6 * * 1-5"


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"repeatUnit": "day", "repeatFrequency": 2}, "repeatFrequency"),
        ({"repeatUnit": "fortnight"}, "repeatUnit"),
        ({"connectorConfig": {"max_records": 5}}, "connectorConfig"),
        ({"connectionId": "999"}, "connectionId"),
        ({"allColumns": False, "columns": [{"column": "x", "source": {"column": "colour"}}]}, "columns.0.source"),
        ({"emailRecipients": ["nobody"]}, "emailRecipients"),
        ({"notifyOn": ["onMonday"]}, "notifyOn"),
    ],
)
def test_what_is_wrong_with_an_activation_is_said_by_its_place(td, activations, change, place):
    answer = td.post(activations, json=wanted(repeatUnit="hour") | change)
    assert (answer.status_code, list(answer.json()["details"])) == (422, [place])
    assert not Activation.objects.exists()


def test_it_runs_and_is_deleted(td, activations):
    made = td.post(activations, json=wanted(repeatUnit="month")).json()
    ran = td.post(f"{activations}/{made['id']}/run").json()
    assert td.get(f"{activations}/{made['id']}").json()["executions"] == [ran]
    assert td.send("delete", f"{activations}/{made['id']}").status_code == 409
    Job.objects.update(state=JobState.KILLED)
    assert td.get(f"{activations}/{made['id']}").json()["executions"][0]["status"] == "canceled"
    assert td.send("delete", f"{activations}/{made['id']}").json() == {"id": made["id"]}


def test_json_api_gives_and_takes_the_same(td, activations):
    entities = f"/entities/segments/{Segment.objects.get().pk}/syndications"
    body = {"data": {"type": "syndication", "attributes": wanted(repeatUnit="hour")}}
    made = td.send("post", entities, json=body)
    assert made.headers["Content-Type"] == "application/vnd.treasuredata.v1+json"
    one = made.json()["data"]
    assert one["attributes"] == td.get(f"{activations}/{one['id']}").json()
    patch = {"data": {"attributes": {"name": "Spring"}}}
    changed = td.send("patch", f"{entities}/{one['id']}", json=patch).json()["data"]["attributes"]
    assert changed == {**one["attributes"], "name": "Spring", "updatedAt": changed["updatedAt"]}
    assert td.get(entities).json()["data"][0]["attributes"] == changed
    assert td.post(f"{entities}/{one['id']}/run").json()["data"]["attributes"]["status"] == "queued"


def test_a_viewer_changes_nothing(api, viewer, parent, segments, activations):
    td = api(viewer)
    assert td.get(segments).status_code == 200
    for path in ("/audiences", segments, activations, f"/audiences/{parent.pk}/run", f"/audiences/{parent.pk}/folders"):
        assert td.post(path, json={"name": "x"}).status_code == 403


def test_the_executions_of_many_activations_are_found(td, activations):
    td.post(activations, json=wanted())
    query, job = Query.objects.get(purpose=Purpose.ACTIVATION), Job.objects.get(query__purpose=Purpose.ACTIVATION)
    columns = {f.attname: getattr(query, f.attname) for f in Query._meta.concrete_fields if not f.primary_key}
    others = Query.objects.bulk_create([Query(**columns) for _ in range(1100)])
    found = audience_objects.executions([query.pk, *(one.pk for one in others)])
    assert found == {query.pk: [job]}


def test_lists_cost_the_same_however_long_they_are(td, parent, activations):
    def asked(path):
        with CaptureQueriesContext(connection) as found:
            assert td.get(path).status_code == 200
        return len(found)

    paths = ["/audiences", f"/audiences/{parent.pk}/segments", activations]
    td.post(activations, json=wanted(repeatUnit="hour"))
    few = [asked(path) for path in paths]
    for n in range(3):
        td.post(activations, json=wanted(repeatUnit="day", name=f"More {n}", emailRecipients=["a@example.com"]))
        a_segment(parent, name=f"More {n}")
    assert [asked(path) for path in paths] == few
