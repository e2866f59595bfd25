"""Which job a queued job of a schedule waits for, and how jobs tell of their schedules."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from exports import job_words, waiting
from exports.models import Schedule
from tests.exports.factories import a_job, a_query
from tests.exports.schedules import a_schedule, at

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path):
    settings.DATA_DIR = tmp_path


@pytest.fixture
def schedule():
    return a_schedule(slot=at(10), time_zone="Asia/Tokyo", delay=900)


@pytest.fixture
def look(as_user, viewer):
    return as_user(viewer)


def jobs(schedule, *states):
    return [a_job(state, schedule=schedule, scheduled_for=at(15, day=23)) for state in states]


def page(client, name, *args, **given):
    return client.get(reverse(f"exports:{name}", args=args), given).content.decode()


def test_a_job_waits_for_the_one_made_before_it(schedule):
    first, second, third = jobs(schedule, "queued", "queued", "queued")
    assert waiting.waits_for([first, second, third]) == {second.pk: first.pk, third.pk: second.pk}


def test_all_wait_for_the_one_that_runs(schedule):
    first, running, last = jobs(schedule, "queued", "running", "queued")
    assert waiting.waits_for([first, running, last]) == {first.pk: running.pk, last.pk: running.pk}


def test_jobs_of_other_schedules_and_of_none_are_not_waited_for(schedule):
    (job,) = jobs(schedule, "queued")
    alone = a_job("queued")
    jobs(a_schedule(slot=at(10), query=a_query("other")), "running")
    assert waiting.waits_for([job, alone]) == {}


def test_the_list_and_the_job_tell_what_it_waits_for(look, schedule):
    running, queued = jobs(schedule, "running", "queued")
    assert f"Waits for job {running.pk} of its schedule" in page(look, "jobs")
    assert f"Waiting for job {running.pk}" in page(look, "job", queued.pk)


def test_the_list_and_the_job_tell_the_scheduled_time(look, schedule):
    (job,) = jobs(schedule, "success")
    Schedule.objects.update(changed_at=job.created_at + timedelta(seconds=1))
    job.refresh_from_db()
    assert job_words.scheduled(job) == "Scheduled for 2026-11-24 00:00 JST"  # the schedule was changed since
    Schedule.objects.update(changed_at=job.created_at)
    says = "Scheduled for 2026-11-24 00:00 JST, delay 15 min"
    link = reverse("exports:schedule", args=[schedule.pk])
    for shown in (page(look, "jobs"), page(look, "job", job.pk)):
        assert f'<a href="{link}">{says}</a>' in shown


def test_a_job_whose_schedule_is_removed_keeps_its_time(look, schedule):
    (job,) = jobs(schedule, "success")
    schedule.delete()
    job.refresh_from_db()
    assert job_words.scheduled(job) == "Scheduled for 2026-11-24 00:00 JST"
    assert "Scheduled for 2026-11-24 00:00 JST." in page(look, "job", job.pk)


def test_jobs_are_filtered_by_schedule(look, schedule):
    jobs(schedule, "success")
    other = a_job(name="other_job", created_at=timezone.now())
    shown = page(look, "jobs", schedule=schedule.pk)
    assert f'id="job-{other.pk}"' not in shown and shown.count('<tr role="row" id="job-') == 1
    assert "Of the schedule of" in shown and f'name="schedule" value="{schedule.pk}"' in shown
