"""A job whose credentials came with it, and what it sees of the authentication that they complete."""

import pytest
from django.utils import timezone

from exports.lease import Lease
from exports.models import JobState
from exports.sending import Sender
from integrations import inline
from integrations.catalog import connector
from tests.exports.factories import a_job
from tests.exports.test_run import authentication, events, line, run, start  # noqa: F401 - fixtures

pytestmark = pytest.mark.django_db(transaction=True)
LINE = connector("line_conversion")


def keep(base=None, **values):
    return inline.keep(LINE, values, base=base, user=None)


def test_a_job_sends_with_what_came_with_it(line, start):  # noqa: F811
    job = start(events(10))
    job.authentication = keep(line_tag_id="tag", access_token="token")
    job.save()
    assert (run(job).state, job.accepted) == (JobState.SUCCESS, 10)


def test_a_job_completes_its_authentication(line, start, authentication):  # noqa: F811
    job = start(events(10))
    job.authentication = keep(authentication, max_retry=3)
    job.save()
    assert (run(job).state, job.accepted) == (JobState.SUCCESS, 10)


def sender(one):
    job = a_job(JobState.QUEUED, authentication=one)
    return Sender(job, Lease(job.pk), one.pk, "http://line.test")


def test_what_is_the_same_is_not_made_again(authentication):  # noqa: F811
    sends = sender(keep(authentication, max_retry=3))
    assert sends._post() is sends._post()


@pytest.mark.parametrize("what", ["secret", "setting"])
def test_a_change_of_the_base_counts_from_the_next_request_on(authentication, what):  # noqa: F811
    sends = sender(keep(authentication, max_retry=3))
    before, tag = sends._post(), sends.tag
    if what == "secret":
        authentication.set_secrets({"access_token": "newer"}, at=timezone.now())
    else:
        authentication.settings = {"line_tag_id": "other"}
    authentication.save()
    assert sends._post() is not before
    assert (sends.tag != tag) == (what == "setting")


def test_a_look_at_one_with_a_base_costs_one_statement_more(authentication, django_assert_num_queries):  # noqa: F811
    alone, based = sender(authentication), sender(keep(authentication, max_retry=3))
    for sends, statements in ((alone, 1), (based, 2)):
        sends._post()
        with django_assert_num_queries(statements):
            sends._post()
