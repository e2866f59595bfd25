"""The jobs that tasks made, from the side of the job."""

from django.urls import reverse

from exports.makers import Maker
from exports.models import Job
from workflows.models import TaskJob


def maker(job: Job) -> Maker | None:
    """ "Workflow attempt 12, +load", at the task's details."""
    if job.domain_key is None:
        return None  # a task's job has one, by which it is made once
    found = TaskJob.objects.filter(job=job).values_list("task__attempt", "task", "task__name").first()
    if found is None:
        return None
    attempt, task, name = found
    return Maker(f"Workflow attempt {attempt}, {name}", f"{reverse('workflows:attempt', args=[attempt])}?task={task}")
