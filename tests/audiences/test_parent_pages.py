"""The pages of parent segments: the list, the form that grows, one of them, and who may do what."""

import pytest
from django.urls import reverse

from accounts.models import AuditEntry
from audiences.definitions import Definition
from audiences.models import ParentSegment
from exports.models import Job, JobState
from exports.run import run_job
from tests.audiences.factories import a_parent, a_segment
from tests.audiences.test_parents import PLAN, shop  # noqa: F401  a fixture

pytestmark = pytest.mark.django_db(transaction=True)
NEW = reverse("audiences:parent_segment_new")
BASE = {
    "name": "Shop",
    "description": "All of them",
    "time_zone": "Asia/Tokyo",
    "master-table": "shop_jp.customers",
    "master-shown": "shop_jp.customers",
    "master-key": "customer_id",
    "attributes-count": "1",
    "attributes-0-table": "shop_jp.scores",
    "attributes-0-shown": "shop_jp.scores",
    "attributes-0-key": "who",
    "attributes-0-parent_key": "customer_id",
    "attributes-0-group": "CRM",
    "attributes-0-take:tier": "1",
    "attributes-0-name:tier": "tier",
    "attributes-0-name:who": "who",
    "behaviors-count": "1",
    "behaviors-0-name": "Orders",
    "behaviors-0-table": "shop_jp.orders",
    "behaviors-0-shown": "shop_jp.orders",
    "behaviors-0-key": "customer_id",
    "behaviors-0-parent_key": "customer_id",
    "behaviors-0-time": "time",
    "behaviors-0-take:total": "1",
    "behaviors-0-name:total": "total",
    "behaviors-0-take:category": "1",
    "behaviors-0-name:category": "category",
    "schedule-repeat": "@daily",
    "schedule-time_zone": "Asia/Tokyo",
    "schedule-delay": "",
    "schedule-missed": "each",
    "schedule-overlap": "queue",
}


@pytest.fixture
def made(as_user, editor):
    """→ a parent segment whose first build was stopped."""
    as_user(editor).post(NEW, BASE)
    Job.objects.update(state=JobState.KILLED)
    return ParentSegment.objects.get()


@pytest.fixture
def built(made):
    Job.objects.update(state=JobState.QUEUED)
    run_job(Job.objects.get().pk)
    return made


def page(parent, name="parent_segment"):
    return reverse(f"audiences:{name}", args=[parent.pk])


def test_the_form_makes_one_and_builds_it(as_user, editor):
    answer = as_user(editor).post(NEW, BASE, follow=True)
    parent = ParentSegment.objects.get()
    assert Definition.from_json(parent.definition) == PLAN.definition
    assert (parent.query.time_zone, parent.query.schedule.cron) == ("Asia/Tokyo", "@daily")
    assert f"Job {Job.objects.get(query=parent.query).pk} builds its customer table." in answer.content.decode()
    assert AuditEntry.objects.filter(action="parent_segment.create", target_name="Shop").exists()


def test_errors_stand_beside_their_fields_and_nothing_is_saved(as_user, editor):
    wrong = BASE | {"attributes-0-name:tier": "country", "behaviors-0-time": "category", "name": ""}
    answer = as_user(editor).post(NEW, wrong)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "“scores_country” is free." in text
    assert 'href="#attributes-0-name:tier"' in text
    assert "holds neither times nor numbers" in text
    assert "Give the parent segment a name." in text
    assert 'value="country"' in text
    assert not ParentSegment.objects.exists()


def test_its_parts_are_added_and_removed_without_javascript(as_user, editor):
    client = as_user(editor)
    text = client.post(NEW, BASE | {"do": "add-behaviors"}).content.decode()
    assert 'name="behaviors-count" value="2"' in text
    assert 'value="All of them"' not in text
    assert "All of them" in text
    text = client.post(NEW, BASE | {"do": "remove-attributes-0"}).content.decode()
    assert 'name="attributes-count" value="0"' in text
    assert not ParentSegment.objects.exists()


def test_a_table_that_was_chosen_brings_its_columns(as_user, editor):
    chosen = BASE | {"attributes-0-table": "shop_jp.orders", "do": "shape"}
    answer = as_user(editor).post(NEW, chosen, headers={"hx-request": "true"})
    text = answer.content.decode()
    assert answer.status_code == 200
    assert text.lstrip().startswith('<div class="stack" id="definition"')
    assert 'name="attributes-0-take:total" value="1" checked' in text
    assert 'name="attributes-0-take:customer_id" value="1">' in text
    assert 'name="attributes-0-shown" value="shop_jp.orders"' in text
    unseen = as_user(editor).post(NEW, chosen | {"do": ""})
    assert (unseen.status_code, ParentSegment.objects.count()) == (422, 0)


def test_the_schedule_is_told_as_it_is_chosen(as_user, editor):
    answer = as_user(editor).post(reverse("audiences:parent_schedule_new"), BASE | {"schedule-repeat": "cron"})
    assert answer.status_code == 200
    daily = as_user(editor).post(reverse("audiences:parent_schedule_new"), BASE).content.decode()
    assert "Next 5 runs" in daily


def test_the_page_shows_it_and_computes_its_profile_when_asked(as_user, viewer, built):
    client = as_user(viewer)
    text = client.get(page(built)).content.decode()
    assert f'hx-post="{page(built, "parent_segment_profile")}"' in text
    assert "2 customers" in text
    assert "Left out of the last build" in text
    assert "Build now" not in text
    profiled = client.post(page(built, "parent_segment_profile")).content.decode()
    assert "t•••@example.jp" in profiled
    assert "taro@" not in profiled
    assert "hx-post" not in client.get(page(built)).content.decode().partition('id="columns"')[2].partition(">")[0]


def test_an_active_build_is_asked_for_until_it_ends(as_user, editor, built):
    client = as_user(editor)
    client.post(page(built, "parent_segment_build"))
    assert "Queued" in client.get(page(built, "parent_segment_builds")).content.decode()
    run_job(Job.objects.latest("pk").pk)
    assert client.get(page(built, "parent_segment_builds")).headers["HX-Refresh"] == "true"


def test_the_edit_form_saves_over_what_it_began_with(as_user, editor, made):
    client = as_user(editor)
    form = client.get(page(made, "parent_segment_edit"))
    base = form.context["form"].details.initial["base"]
    answer = client.post(page(made, "parent_segment_edit"), BASE | {"base": base, "name": "Shop 2"})
    assert answer.status_code == 302
    again = client.post(page(made, "parent_segment_edit"), BASE | {"base": base, "name": "Shop 3"})
    assert again.status_code == 422
    assert "Someone else changed it meanwhile." in again.content.decode()
    assert ParentSegment.objects.get().name == "Shop 2"


def test_one_with_segments_is_not_deleted(as_user, editor, made):
    a_segment(made, "Gold")
    client = as_user(editor)
    assert "Delete parent segment" not in client.get(page(made, "parent_segment_delete")).content.decode()
    refused = client.post(page(made, "parent_segment_delete"))
    assert (refused.status_code, ParentSegment.objects.count()) == (409, 1)
    made.segments.all().delete()
    assert client.post(page(made, "parent_segment_delete")).url == reverse("audiences:parent_segments")


@pytest.mark.parametrize("name", ["parent_segment_edit", "parent_segment_delete"])
def test_a_viewer_changes_nothing(as_user, viewer, made, name):
    assert as_user(viewer).get(page(made, name)).status_code == 403
    assert as_user(viewer).post(page(made, "parent_segment_build")).status_code == 403


def test_the_list_costs_the_same_for_many(as_user, viewer, built, django_assert_num_queries):
    client = as_user(viewer)
    text = client.get(reverse("audiences:parent_segments")).content.decode()
    assert ">2<" in text
    assert "Success" in text
    with django_assert_num_queries(10):
        client.get(reverse("audiences:parent_segments"))
    for number in range(4):
        a_segment(a_parent(f"Shop {number}"), "All")
    with django_assert_num_queries(10):
        found = client.get(reverse("audiences:parent_segments") + "?q=shop")
    assert len(found.context["rows"]) == 5
    assert (
        "No parent segment matches" in client.get(reverse("audiences:parent_segments") + "?q=%F0%9F").content.decode()
    )


def test_one_page_costs_the_same_however_much_there_is(as_user, viewer, built, django_assert_max_num_queries):
    for number in range(5):
        a_segment(built, f"Segment {number}")
    client = as_user(viewer)
    with django_assert_max_num_queries(14):
        client.get(page(built))
