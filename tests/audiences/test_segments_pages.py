"""The tree of segments and folders, the page of a segment, and what is done to them."""

from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.urls import reverse

from accounts.models import AuditEntry
from audiences import folders, segments
from audiences.models import Folder, Segment
from audiences.rules.problems import RuleError
from audiences.segments import Counted, Draft
from exports.models import Job, JobState
from tests.audiences.factories import a_built_parent, a_parent, a_segment, an_activation, rule_of

pytestmark = [pytest.mark.django_db, pytest.mark.database]


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
    assert response.status_code == status
    return unescape(response.content.decode())


def referring(segment):
    return rule_of({"type": "Reference", "id": str(segment.pk), "exclude": False})


def test_a_tree_of_a_thousand_segments_costs_no_more_sql(edit, editor, parent, django_assert_max_num_queries):
    campaigns = folders.create(parent, "Campaigns", None)
    inside = [folders.create(parent, f"folder {n}", campaigns) for n in range(20)]
    made = [
        Segment(parent_segment=parent, folder=inside[n % 20], name=f"segment {n}", rule={}, count=n)
        for n in range(1000)
    ]
    Segment.objects.bulk_create(made)
    an_activation(a_segment(parent), editor)
    with django_assert_max_num_queries(8):
        page = text(edit.get(url("segments", parent.pk)))
    assert page.count('class="t-seg"') == 1001 and "1,000 segments" in page and "<details open>" not in page


def test_a_search_finds_names_descriptions_and_folders_and_opens_them(edit, parent):
    campaigns = folders.create(parent, "Campaigns", None)
    winback = folders.create(parent, "Winback", campaigns)
    a_segment(parent, "Lapsed", folder=winback)
    a_segment(parent, "In Japan")
    page = text(edit.get(url("segments", parent.pk), {"q": "winb"}))
    assert "Lapsed" in page and "Campaigns" in page and "In Japan" not in page and "<details open>" in page
    page = text(edit.get(url("segments", parent.pk), {"q": "<b>"}))
    assert "No segment matches “&lt;b&gt;”" in edit.get(url("segments", parent.pk), {"q": "<b>"}).content.decode()


def test_folders_are_made_renamed_moved_and_deleted(edit, parent):
    edit.post(url("folder_new", parent.pk), {"name": "Campaigns", "folder": ""})
    campaigns = Folder.objects.get()
    edit.post(url("folder_new", parent.pk), {"name": "Winback", "folder": campaigns.pk})
    winback = campaigns.folders.get()
    assert "Something of this name" in text(edit.post(url("folder_new", parent.pk), {"name": "Campaigns"}), 422)
    assert "cannot go into itself" in text(edit.post(url("folder_move", campaigns.pk), {"folder": winback.pk}), 409)
    assert "It holds 1 folder. Move" in text(edit.post(url("folder_delete", campaigns.pk)), 409)
    edit.post(url("folder_rename", winback.pk), {"name": "Back"})
    edit.post(url("folder_move", winback.pk), {"folder": ""})
    assert list(Folder.objects.values_list("name", "parent")) == [("Back", None), ("Campaigns", None)]
    assert edit.post(url("folder_delete", campaigns.pk)).status_code == 302
    deeds = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"folder.create", "folder.rename", "folder.move", "folder.delete"} <= deeds


def test_a_segment_moves_and_its_copy_has_a_name_of_its_own(edit, parent):
    folder, segment = folders.create(parent, "Campaigns", None), a_segment(parent)
    edit.post(url("segment_duplicate", segment.pk))
    assert edit.post(url("segment_duplicate", segment.pk)).status_code == 302
    edit.post(url("segment_move", segment.pk), {"folder": folder.pk})
    found = list(Segment.objects.values_list("name", "folder"))
    assert found == [("Copy 2 of In Japan", None), ("Copy of In Japan", None), ("In Japan", folder.pk)]


def test_a_folder_of_another_parent_segment_is_refused(edit, parent):
    other = folders.create(a_parent("Others"), "Theirs", None)
    page = text(edit.post(url("segment_move", a_segment(parent).pk), {"folder": other.pk}), 422)
    assert "This folder does not exist any more." in page


def test_what_is_used_is_not_deleted_and_its_users_are_named(edit, editor, parent):
    segment = a_segment(parent)
    other = a_segment(parent, "Japan and more", rule_of(referring(segment), kind="Or"))
    an_activation(segment, editor, name="Winback to LINE")
    for page in (text(edit.get(url("segment_delete", segment.pk))), text(edit.get(url("segment", segment.pk)))):
        assert "Japan and more" in page and "Winback to LINE" in page
    assert edit.post(url("segment_delete", segment.pk)).status_code == 409
    assert edit.post(url("segment_delete", other.pk)).status_code == 302
    assert Segment.objects.get() == segment


def test_a_count_of_the_saved_rule_is_kept(as_user, viewer, parent):
    segment = a_segment(parent)
    assert 'hx-trigger="load, click"' in text(as_user(viewer).get(url("segment", segment.pk)))
    assert 'data-count="2"' in text(as_user(viewer).post(url("segment_count", segment.pk)))
    segment.refresh_from_db()
    assert segment.count == 2
    page = text(as_user(viewer).get(url("segment", segment.pk)))
    assert "Counted" in page and "Edit segment rules" not in page
    assert "h•••@example.jp" in text(as_user(viewer).post(url("segment_sample", segment.pk)))


def test_a_rule_that_names_what_is_gone_says_so(edit, parent):
    segment = a_segment(parent, rule=rule_of(GONE))
    assert "There is no attribute" in text(edit.get(url("segment", segment.pk)))
    page = text(edit.get(url("segment_edit", segment.pk)))
    assert "planet (missing)" in page and "There is no attribute" in page
    assert "There is no attribute" in text(edit.post(url("segment_count", segment.pk)))


GONE = {"type": "Value", "leftValue": {"name": "planet"}, "operator": {"type": "Equal", "rightValue": "Mars"}}


def test_a_move_keeps_the_rule_that_was_saved_meanwhile(editor, parent):
    moved = a_segment(parent)
    segments.update(Segment.objects.get(), Draft("In Japan", "", None, rule_of()), base=moved.updated_at, user=editor)
    segments.move(moved, folders.create(parent, "Campaigns", None), user=editor)
    assert Segment.objects.get().rule == rule_of() and Segment.objects.get().folder.name == "Campaigns"


def test_no_segment_refers_to_what_was_deleted_or_leads_back_to_it(parent):
    first = a_segment(parent, "first")
    second = a_segment(parent, "second", referring(first))
    with pytest.raises(RuleError):
        segments.update(first, Draft("first", "", None, referring(second)), base=first.updated_at, user=None)
    gone = referring(Segment(pk=first.pk + 100))
    with pytest.raises(RuleError):
        a_segment(parent, "third", gone)
    assert Segment.objects.count() == 2


def test_a_count_from_before_the_last_build_is_told_and_made_anew(edit, editor):
    parent, at = a_built_parent(editor), datetime(2026, 11, 1, tzinfo=UTC)
    counted = segments.create(parent, Draft("old", "", None, rule_of(), Counted(1234, at)), user=None)
    segments.create(parent, Draft("new", "", None, rule_of(), Counted(77, at + timedelta(days=2))), user=None)
    tree, page = url("segments", parent.pk), url("segment", counted.pk)
    assert "before the last build" not in text(edit.get(tree)) + text(edit.get(page))
    Job.objects.update(state=JobState.SUCCESS, into_rows=4, finished_at=at + timedelta(days=1))
    assert text(edit.get(tree)).count("before the last build") == 1
    assert "before the last build" in text(edit.get(page)) and 'hx-trigger="load, click"' in text(edit.get(page))


def test_what_refers_to_a_rule_that_changes_has_to_be_counted_anew(editor, parent):
    first, counted = a_segment(parent, "first"), Counted(3, datetime(2026, 11, 1, tzinfo=UTC))
    second = segments.create(parent, Draft("second", "", None, referring(first), counted), user=None)
    segments.create(parent, Draft("third", "", None, referring(second), counted), user=None)
    segments.create(parent, Draft("fourth", "", None, rule_of(), counted), user=None)
    segments.update(first, Draft("first", "", None, rule_of()), base=first.updated_at, user=editor)
    assert [one.name for one in Segment.objects.exclude(count=None)] == ["fourth"]
