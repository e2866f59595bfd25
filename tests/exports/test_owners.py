"""Queries that belong to something else: run as all are, seen and changed on their owner's pages."""

import pytest
from django.urls import reverse

from exports import events, owners, queries
from exports.errors import NameTaken
from exports.models import Job, JobState, Purpose
from exports.owners import Keeper
from tests.exports.factories import a_job
from tests.exports.queries import a_draft

pytestmark = pytest.mark.django_db


@pytest.fixture
def owned(monkeypatch):
    """→ a query of an activation, and the jobs of which its keeper heard."""
    heard = []
    keeper = Keeper(page=lambda query: f"/owner-of/{query.pk}", job_ended=heard.append)
    monkeypatch.setitem(owners._keepers, Purpose.ACTIVATION, keeper)
    return queries.create(a_draft("Winback"), user=None, purpose=Purpose.ACTIVATION), heard


def test_it_may_have_the_name_of_a_saved_query_and_of_another_one(owned):
    queries.create(a_draft("Winback"), user=None)
    queries.create(a_draft("Winback"), user=None, purpose=Purpose.ACTIVATION)
    with pytest.raises(NameTaken):
        queries.create(a_draft("Winback"), user=None)


def test_it_is_not_among_the_saved_queries(owned):
    assert not queries.listing()


@pytest.mark.parametrize("view", ["query", "query_notifications"])
def test_its_pages_are_its_owners(owned, as_user, editor, view):
    answer = as_user(editor).get(reverse(f"exports:{view}", args=[owned[0].pk]))
    assert (answer.status_code, answer.url) == (302, f"/owner-of/{owned[0].pk}")


@pytest.mark.parametrize("act", ["query_save", "query_run", "query_duplicate", "query_delete"])
def test_it_is_not_changed_as_a_saved_query(owned, as_user, editor, act):
    assert as_user(editor).post(reverse(f"exports:{act}", args=[owned[0].pk])).status_code == 404


def test_its_keeper_hears_of_its_jobs_ends(owned):
    query, heard = owned
    job = a_job(query=query, state=JobState.RUNNING)
    events.end(Job.objects.filter(pk=job.pk), job.pk, JobState.SUCCESS)
    assert [one.pk for one in heard] == [job.pk]


def test_a_fault_of_its_keeper_keeps_no_job_from_ending_and_leaves_nothing_half_done(owned, monkeypatch):
    def fail(job):
        job.query.delete()
        raise ValueError

    monkeypatch.setitem(owners._keepers, Purpose.ACTIVATION, Keeper(page=str, job_ended=fail))
    job = a_job(query=owned[0], state=JobState.RUNNING)
    assert events.end(Job.objects.filter(pk=job.pk), job.pk, JobState.SUCCESS)
    job.refresh_from_db()
    assert (job.state, job.query) == (JobState.SUCCESS, owned[0])
