"""One worker at a time runs a task of an attempt."""

from typing import Any

from django.db.models import QuerySet

from exports.lease import Lease
from workflows.models import Task, TaskState


class TaskLease(Lease):
    """The right to run task `pk`. A kill of its attempt is heard with the heartbeat, as Stop is by jobs."""

    what = "task"

    def mine(self) -> QuerySet[Task]:
        return Task.objects.filter(pk=self.pk, lease_token=self.token, state=TaskState.RUNNING)

    def _free(self) -> QuerySet[Task]:
        return Task.objects.filter(pk=self.pk, state=TaskState.READY)

    def _stop_wanted(self) -> bool:
        return self.mine().filter(attempt__kill_requested=True).exists()


GIVEN_BACK: dict[str, Any] = {"lease_token": None, "lease_until": None, "hinted_at": None}
"""What is written when no worker has the task any more."""
