"""Saved queries: names, versions, conflicts, copies, and what a run takes along."""

import pytest
from django.utils import timezone

from exports import queries, targets
from exports.errors import NameTaken, NotPossible
from exports.models import Job, Query
from exports.queries import Conflict
from tests.exports.queries import SQL, a_draft, a_query, line, target_text

pytestmark = pytest.mark.django_db


def a_job(query, **values):
    return Job.objects.create(
        query=query, name=query.name, database_name="shop_jp", sql=SQL, next_attempt_at=timezone.now(), **values
    )


def test_the_first_save_is_version_1(editor):
    query = a_query(editor)
    version = query.versions.get()
    assert (query.version, version.number, version.sql, version.saved_by) == (1, 1, SQL, editor)
    assert (version.database_name, version.time_zone, version.target) == ("shop_jp", "Asia/Tokyo", {})


def test_each_save_that_changes_something_makes_a_version(editor):
    query = a_query()
    assert queries.update(query, a_draft(sql="SELECT 2"), base=1, user=editor)
    assert (query.version, query.sql, query.updated_by) == (2, "SELECT 2", editor)
    assert list(query.versions.values_list("number", "sql")) == [(2, "SELECT 2"), (1, SQL)]


def test_a_save_without_a_change_makes_no_version(editor):
    query = a_query()
    assert not queries.update(query, a_draft(), base=1, user=editor)
    assert query.version == 1 and query.versions.count() == 1


def test_another_export_target_is_a_change(editor):
    query, target = a_query(), targets.parse(target_text(line(), phone="phone"))
    assert queries.update(query, a_draft(target=target), base=1, user=editor)
    assert targets.of(query) == target
    assert query.versions.first().target["mapping"] == {"phone": {"column": "phone"}}
    assert not queries.update(query, a_draft(target=target), base=2, user=editor)


def test_a_save_over_a_version_that_is_no_longer_the_last_is_a_conflict(editor, admin):
    query = a_query()
    queries.update(Query.objects.get(pk=query.pk), a_draft(sql="SELECT 2"), base=1, user=admin)
    with pytest.raises(Conflict) as caught:
        queries.update(query, a_draft(sql="SELECT 3"), base=1, user=editor)
    assert caught.value.query.updated_by == admin
    assert Query.objects.get(pk=query.pk).sql == "SELECT 2"


def test_of_two_saves_at_once_only_one_finds_its_version(editor, monkeypatch):
    query = a_query()
    seen = Query.objects.get(pk=query.pk)
    queries.update(seen, a_draft(sql="SELECT 2"), base=1, user=editor)
    # The other one has read version 1 before this save was there.
    monkeypatch.setattr(query, "refresh_from_db", lambda: None)
    with pytest.raises(Conflict):
        queries.update(query, a_draft(sql="SELECT 3"), base=1, user=editor)


def test_a_name_is_given_once(editor):
    other = a_query()
    a_query(name="visits")
    with pytest.raises(NameTaken):
        a_query(name="visits")
    with pytest.raises(NameTaken):
        queries.update(other, a_draft(name="visits"), base=1, user=editor)
    assert other.versions.count() == 1


def test_a_copy_has_all_but_the_name(editor):
    target = targets.parse(target_text(line(), phone="phone"))
    query = a_query(target=target)
    copies = [queries.duplicate(query, user=editor) for _ in range(2)]
    assert [copy.name for copy in copies] == ["Copy of purchases", "Copy 2 of purchases"]
    assert (copies[0].sql, copies[0].version, targets.of(copies[0])) == (SQL, 1, target)


def test_a_copy_of_a_long_name_fits(editor):
    assert len(queries.duplicate(a_query(name="x" * 255), user=editor).name) == 255


def test_a_deleted_query_leaves_its_jobs():
    query = a_query()
    job = a_job(query, state="success")
    queries.delete(query)
    job.refresh_from_db()
    assert job.query is None and job.name == "purchases"


def test_a_query_with_an_active_job_is_not_deleted():
    query = a_query()
    job = a_job(query)
    with pytest.raises(NotPossible, match=f"Job {job.pk} of this query is still active"):
        queries.delete(query)
    assert Query.objects.filter(pk=query.pk).exists()


def test_a_restored_version_is_a_new_one(editor):
    target = targets.parse(target_text(line(), phone="phone"))
    query = a_query(target=target)
    queries.update(query, a_draft(name="other", sql="SELECT 2"), base=1, user=editor)
    assert queries.restore(query, query.versions.get(number=1), user=editor) == ""
    assert (query.version, query.sql, query.name, targets.of(query)) == (3, SQL, "other", target)


def test_the_present_version_is_not_restored(editor):
    query = a_query()
    with pytest.raises(NotPossible, match="the same as the present one"):
        queries.restore(query, query.versions.get(), user=editor)


def test_a_version_of_a_database_that_is_gone_is_not_restored(editor):
    query = a_query()
    version = query.versions.get()
    version.database_name = "gone"
    with pytest.raises(NotPossible, match="database gone of version 1 does not exist"):
        queries.restore(query, version, user=editor)


def test_an_export_target_that_is_gone_is_not_restored(editor):
    authentication = line()
    query = a_query(target=targets.parse(target_text(authentication)))
    queries.update(query, a_draft(sql="SELECT 2"), base=1, user=editor)
    authentication.delete()
    assert "no longer exists" in queries.restore(query, query.versions.get(number=1), user=editor)
    assert query.sql == SQL and targets.of(query) is None


def test_a_run_of_what_is_saved_has_its_version(editor):
    query = a_query()
    job = queries.run(a_draft(name="whatever stands in the field"), query=query, user=editor)
    assert (job.query, job.query_version, job.name) == (query, 1, "purchases")


@pytest.mark.parametrize("change", [{"sql": "SELECT 2"}, {"time_zone": "UTC"}])
def test_a_run_of_unsaved_text_has_no_version(editor, change):
    query = a_query()
    job = queries.run(a_draft(**change), query=query, user=editor)
    assert (job.query, job.query_version) == (query, None)


def test_a_run_of_an_unsaved_export_has_no_version_and_exports(editor):
    query, target = a_query(), targets.parse(target_text(line(), phone="phone"))
    job = queries.run(a_draft(target=target), query=query, user=editor)
    assert (job.query_version, job.destination) == (None, "line_prod")


def test_a_query_can_run_without_being_saved(editor):
    job = queries.run(a_draft(name=""), query=None, user=editor)
    assert (job.query, job.name, job.sql) == (None, "Untitled query", SQL)
    assert not Query.objects.exists()


def test_the_list_finds_by_name_database_and_destination():
    a_query(name="visits")
    a_query(name="purchases", target=targets.parse(target_text(line("line_prod"))))
    assert [q.name for q in queries.listing("VISI")] == ["visits"]
    assert [q.name for q in queries.listing("line_pr")] == ["purchases"]
    assert [q.name for q in queries.listing("shop")] == ["purchases", "visits"]
