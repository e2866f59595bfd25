"""The pages of activations: created in four steps, seen in the overview, run, paused, changed and deleted."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from audiences import activations
from audiences.models import Activation, Folder
from audiences.outputs import Outputs, Parameter
from audiences.repeats import Repeat
from exports import schedules
from exports.models import Job, JobState
from exports.notify import rules
from tests.audiences.factories import EVENTS, a_destination, a_parent, a_segment, an_activation, stringed, wanted
from warehouse.models import Database

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path):
    settings.DATA_DIR = tmp_path


@pytest.fixture
def segment(editor):
    return a_segment(a_parent(), user=editor)


DETAILS = {"name": "Winback", "description": "", "s-ignore_invalid_records": "on", "s-max_records": "1000", "next": "1"}
MAPPING = {
    "all": "0",
    "source": ["customer_id", "email"],
    "was": ["customer_id", "email"],
    "output": ["deduplication_key", "email"],
    "kind": ["String", "String", "Timestamp"],
    "value": ["conversion", "web", ""],
    "format": ["unix", "unix", "unix"],
    "pattern": ["", "", ""],
    "zone": ["UTC", "UTC", "UTC"],
    "made": ["", "", ""],
    "name": ["event_type", "source_type", "event_timestamp"],
    "next": "1",
}
SCHEDULE = {"unit": "none", "every": "1", "ends": "never", "time_zone": "UTC", "on_failure": "on", "next": "1"}


class Wizard:
    """*Create Activation* as one person goes through it."""

    def __init__(self, client, address):
        self.client = client
        answer = client.get(address)
        assert answer.status_code == 302
        self.address = answer.url

    def at(self, step):
        return re.sub(r"/[a-z]+\?", f"/{step}?", self.address)

    def page(self, step):
        return self.client.get(self.at(step))

    def post(self, step, data, **more):
        return self.client.post(self.at(step), {**data, **more})

    def pass_all(self, details=None, mapping=None, schedule=None):
        steps = {"details": details or DETAILS, "mapping": mapping or MAPPING, "schedule": schedule or SCHEDULE}
        for step, data in steps.items():
            assert self.post(step, data).status_code == 302, step


@pytest.fixture
def wizard(as_user, editor, segment):
    DETAILS["authentication"] = str(a_destination().pk)
    return Wizard(as_user(editor), reverse("audiences:activation_new", args=[segment.pk]))


def test_four_steps_make_an_activation_that_runs_once_at_create(wizard, segment):
    wizard.pass_all()
    review = wizard.page("review").content.decode()
    assert "It runs once, as soon as you select Create" in review and "2 attributes and 3 strings" in review
    assert "Create and run now" not in review
    answer = wizard.post("review", {})
    one = Activation.objects.get()
    assert answer.url == reverse("audiences:activation", args=[one.pk])
    assert activations.of(one) == wanted(outputs=EVENTS)
    assert one.query.jobs.count() == 1
    assert "Job" in wizard.client.get(answer.url).content.decode()


def test_with_a_schedule_it_runs_by_itself_and_at_once_only_if_asked(wizard):
    tomorrow = (timezone.now() + timedelta(days=1)).strftime("%Y-%m-%dT06:00")
    week = SCHEDULE | {"unit": "week", "days": ["1", "4"], "start": tomorrow, "time_zone": "Asia/Tokyo"}
    wizard.pass_all(schedule=week | {"addresses": "a@shop.example, b@shop.example", "on_success": "on"})
    assert "Create and run now" in wizard.page("review").content.decode()
    wizard.post("review", {})
    query = Activation.objects.get().query
    assert schedules.timing_of(query).cron == "0 6 * * 1,4" and not query.jobs.exists()
    assert rules.own(query.pk).addresses == ["a@shop.example", "b@shop.example"]


def test_nobody_comes_further_than_what_is_done_and_nothing_is_lost_on_the_way_back(wizard):
    assert wizard.page("review").url == wizard.at("details")
    wizard.post("details", DETAILS)
    half = MAPPING | {"name": ["event_type", "", "event_timestamp"]}
    half.pop("next")
    assert wizard.post("mapping", half, back="1").url == wizard.at("details")
    assert 'value="Winback"' in wizard.page("details").content.decode()
    page = wizard.page("mapping").content.decode()
    assert 'value="deduplication_key"' in page and "needs a correction" not in page
    assert wizard.page("schedule").url == wizard.at("mapping")


@pytest.mark.parametrize(
    ("step", "change", "says"),
    [
        ("details", {"name": ""}, "Activation name: Give the activation a name."),
        ("details", {"authentication": ""}, "Choose the authentication that it is sent with."),
        ("details", {"s-max_records": "5"}, "Batch"),
        ("details", {"authentication": "99999"}, "does not exist any more"),
        ("mapping", {"name": ["email", "a", "b"]}, "Another output column has this name"),
        ("mapping", {"value": ["", "web", ""]}, "Enter the value that each row gets."),
        ("mapping", {"source": ["gone", "email"]}, "no column “gone”"),
        ("schedule", {"unit": ""}, "Choose how often it runs."),
        ("schedule", {"unit": "week"}, "Pick at least one day of the week."),
        ("schedule", {"unit": "cron", "cron": "61 * * * *"}, "61 is not within 0–59"),
        ("schedule", {"start": "2020-01-01T06:00"}, "This time has passed."),
        ("schedule", {"unit": "day", "ends": "on", "end": "x"}, "Choose a date, such as 2026-12-31."),
        ("schedule", {"on_success": "on"}, "Enter who is told of each success"),
        ("schedule", {"addresses": "not-an-address"}, "Not an e-mail address: not-an-address."),
        ("schedule", {"addresses": "\n".join(f"a{n}@shop.example" for n in range(21))}, "up to 20 are allowed"),
    ],
)
def test_what_is_wrong_is_told_and_nobody_goes_on(wizard, step, change, says):
    for before, data in (("details", DETAILS), ("mapping", MAPPING), ("schedule", SCHEDULE)):
        if before == step:
            answer = wizard.post(step, data | change)
            break
        wizard.post(before, data)
    page = answer.content.decode()
    assert answer.status_code == 422 and 'id="errors"' in page and says in page
    assert 'aria-invalid="true"' in page


def test_a_combination_that_no_page_made_is_refused(wizard):
    wizard.post("details", DETAILS)
    answer = wizard.post("mapping", MAPPING | {"kind": ["Combination"] * 3, "made": ["[" * 10_000, "5", "{}"]})
    assert answer.status_code == 422 and "must name its 0 parameters" in answer.content.decode()


def test_lines_come_and_go_and_a_name_follows_its_column_until_it_is_changed(wizard):
    wizard.post("details", DETAILS)
    wizard.post("mapping", {"all": "0"}, add="column")
    page = wizard.page("mapping").content.decode()
    assert re.search(r'id="output-0"[^>]*value="email"', page) and "SHA-256" in page  # the first that LINE knows
    lines = {"all": "0", "source": ["country", "points"], "was": ["email", "x"], "output": ["email", "my_points"]}
    page = wizard.post("mapping", lines).content.decode()
    assert re.search(r'id="output-0"[^>]*value="country"', page) and re.search(
        r'id="output-1"[^>]*value="my_points"', page
    )
    page = wizard.post("mapping", lines, remove="column-0").content.decode()
    assert 'id="output-1"' not in page and re.search(r'id="output-0"[^>]*value="my_points"', page)
    page = wizard.post("mapping", {"all": "1"}, add="string").content.decode()
    assert 'id="kind-0"' in page


def test_events_that_nothing_tells_apart_are_warned_of_before_they_are_sent(wizard):
    names = {"kind": ["String"], "value": ["x"], "name": ["deduplication_key"], "format": ["unix"], "zone": ["UTC"]}
    wizard.pass_all(mapping=MAPPING | names | {"source": ["email"], "was": ["email"], "output": ["email"]})
    for step in ("mapping", "review"):
        assert "Every row would have the same deduplication_key" in wizard.page(step).content.decode()
    wizard.post("mapping", MAPPING | {"source": ["country"], "was": ["country"], "output": ["deduplication_key"]})
    address = wizard.address.replace("/details?", "/checklist?")
    assert "1 of 2 events would have the deduplication_key of another" in wizard.client.get(address).content.decode()


def test_a_review_warns_of_what_is_missing(wizard):
    wizard.pass_all(mapping={"all": "1", "next": "1"})
    assert "Runs will fail: LINE requires deduplication_key, event_type," in wizard.page("review").content.decode()


def test_one_key_for_all_rows_is_warned_of(wizard):
    wizard.post("details", DETAILS)
    page = wizard.post("mapping", MAPPING | {"name": ["deduplication_key", "a", "b"]}).content.decode()
    assert "Every row would have the same deduplication_key" in page


def test_the_checklist_says_what_line_would_make_of_some_customers(wizard):
    wizard.post("details", DETAILS)
    wizard.post("mapping", MAPPING)
    page = wizard.page("checklist").content.decode()
    assert "Checked against all 2 customers of the segment" in page
    assert "from customer_id" in page and "“conversion”" in page and "time of export" in page
    assert "All 2 rows of the sample would be sent." in page
    wizard.post("mapping", MAPPING | {"output": ["deduplication_key", "phone"]})
    assert "2 of 2: " in wizard.page("checklist").content.decode()
    assert "taro@example.jp" not in page


def test_the_checklist_works_before_the_first_build(as_user, editor):
    parent = a_parent(built=False)
    Database.objects.create(name=parent.database_name)
    one = a_segment(parent, user=editor)
    wizard = Wizard(as_user(editor), reverse("audiences:activation_new", args=[one.pk]))
    wizard.post("details", DETAILS | {"authentication": str(a_destination().pk)})
    page = wizard.page("checklist").content.decode()
    assert "has not been built yet: there are no customers to look at" in page and "deduplication_key" in page


def test_an_edit_begins_with_what_is_set_and_saves_it_all(as_user, editor, segment):
    combined = outputs_with_a_combination()
    one = an_activation(segment, editor, outputs=combined)
    wizard = Wizard(as_user(editor), reverse("audiences:activation_edit", args=[one.pk]))
    page = wizard.page("mapping").content.decode()
    assert "Combination" in page and "“s” + segment id" in page
    assert wizard.post("review", {}).status_code == 302
    one.refresh_from_db()
    assert (activations.of(one).outputs, one.query.version) == (combined, 1)
    wizard = Wizard(as_user(editor), reverse("audiences:activation_edit", args=[one.pk]))
    wizard.post("schedule", SCHEDULE)
    wizard.post("review", {})
    assert schedules.of(one.query) is None and not Job.objects.exists()


def outputs_with_a_combination():
    return Outputs(False, EVENTS.attributes, (*EVENTS.strings, combination()))


def combination():
    one = stringed("label", "SegmentId")
    return type(one)("label", "s$1-$2", (Parameter("SegmentId"), Parameter("Timestamp", format="yyyy")))


def test_an_edit_does_not_save_over_what_someone_else_saved_meanwhile(as_user, editor, segment):
    one = an_activation(segment, editor)
    wizard = Wizard(as_user(editor), reverse("audiences:activation_edit", args=[one.pk]))
    activations.update(one, wanted("Theirs"), user=editor)
    answer = wizard.post("review", {})
    assert answer.status_code == 409 and "Someone else has changed this activation" in answer.content.decode()
    over = re.search(r'name="over" value="([^"]+)"', answer.content.decode())[1]
    assert wizard.post("review", {"over": over}).status_code == 302
    assert Activation.objects.get().name == "Winback"


def test_a_draft_that_is_gone_begins_anew(as_user, editor, segment):
    address = reverse("audiences:activation_new_step", args=[segment.pk, "mapping"])
    answer = as_user(editor).get(f"{address}?draft=gone", follow=True)
    assert "kept for an hour and is gone" in answer.content.decode()


# --- the pages ----------------------------------------------------------------------------------------------------


def test_the_page_of_an_activation_has_its_runs_and_its_actions(as_user, editor, segment):
    one = an_activation(segment, editor)
    client, at = as_user(editor), reverse("audiences:activation", args=[one.pk])
    for deed in ("pause", "resume", "duplicate"):
        assert client.post(f"{at}/{deed}").status_code == 302
    job = Job.objects.get(pk=client.post(f"{at}/run").url.rsplit("/", 1)[1])
    page = client.get(at).content.decode()
    assert f"Job {job.pk}" in page and "Every day at 06:00" in page and "&quot;customers&quot;" in page
    assert client.get(reverse("exports:query", args=[one.query_id])).url == at
    assert "still active" in client.post(f"{at}/delete", follow=True).content.decode()
    Job.objects.update(state=JobState.KILLED)
    assert "was deleted" in client.post(f"{at}/delete", follow=True).content.decode()
    assert not Activation.objects.filter(pk=one.pk).exists()


def test_a_viewer_sees_but_changes_nothing(as_user, viewer, editor, segment):
    one = an_activation(segment, editor)
    client, at = as_user(viewer), reverse("audiences:activation", args=[one.pk])
    page = client.get(at).content.decode()
    assert "Run now" not in page and "Edit" not in page
    assert client.get("/activations").status_code == 200
    for address in ("run", "pause", "resume", "duplicate", "delete"):
        assert client.post(f"{at}/{address}").status_code == 403
    assert client.get(f"{at}/edit").status_code == 403
    assert client.get(reverse("audiences:activation_new", args=[segment.pk])).status_code == 403


def names(client, **filters):
    page = client.get("/activations", filters).content.decode()
    return re.findall(r'class="rowlink" href="[^"]+">([^<]+)<', page)


@pytest.mark.database
def test_the_overview_is_filtered_and_sorted(as_user, editor, admin, segment):
    folder = Folder.objects.create(parent_segment=segment.parent_segment, name="Campaigns")
    inside = Folder.objects.create(parent_segment=segment.parent_segment, parent=folder, name="Winter")
    lapsed = a_segment(segment.parent_segment, name="Lapsed", folder=inside, user=editor)
    daily = an_activation(segment, editor, name="Daily")
    later = Repeat("day", start=(timezone.now() + timedelta(days=9)).replace(tzinfo=None, second=0, microsecond=0))
    an_activation(lapsed, admin, name="Ahead", repeat=later)
    paused = an_activation(segment, editor, name="Paused")
    activations.pause(paused, user=editor)
    once = activations.create(segment, wanted("Once"), user=editor)[0]
    client = as_user(editor)
    assert names(client) == ["Ahead", "Daily", "Once", "Paused"]
    assert names(client, sort="last")[0] == "Once"
    assert names(client, q="dai") == ["Daily"]
    assert names(client, segment="laps") == ["Ahead"]
    states = {state: names(client, state=state) for state in ("active", "scheduled", "inactive", "none")}
    assert states == {"active": ["Daily"], "scheduled": ["Ahead"], "inactive": ["Paused"], "none": ["Once"]}
    assert names(client, creator=str(admin.pk)) == ["Ahead"]
    assert names(client, connector="line_conversion", q="nothing") == []
    assert "Shop customers / Campaigns / Winter" in client.get("/activations").content.decode()
    assert daily.query.jobs.count() == 0 and once.query.jobs.count() == 1


def test_the_overview_asks_as_much_for_many_as_for_few(as_user, editor, segment, django_assert_max_num_queries):
    client = as_user(editor)
    activations.create(segment, wanted("A"), user=editor)
    with django_assert_max_num_queries(12) as few:
        client.get("/activations")
    for n in range(12):
        activations.create(segment, wanted(f"B{n}"), user=editor)
    with django_assert_max_num_queries(len(few)):
        client.get("/activations")
