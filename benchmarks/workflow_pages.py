"""Times of the pages of workflows and attempts with a long history: python -m benchmarks.workflow_pages [--attempts N]

Fills a temporary SQLite database and prints the median time of each page as the test client gets it, without network,
and the number of database queries. Goal: under 100 ms with 100,000 attempts, and with 1,000 tasks of one.
"""

import argparse
import tempfile
from datetime import timedelta

from benchmarks.console import set_up
from benchmarks.jobs_pages import measure

STATES = ["success"] * 18 + ["error", "killed"]
FILES = {f"w{n}.dig": b"+a:\n  echo>: 1\n" for n in range(10)}
LOOP = 333  # rounds, of three tasks each


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--attempts", type=int, default=100_000)
    number = options.parse_args().attempts
    with tempfile.TemporaryDirectory() as folder:
        set_up(folder, debug=True)
        workflow, middle = fill(number)
        attempt, loop = a_long_attempt(workflow)
        print(f"{number:,} attempts, {attempt.tasks.count():,} tasks")
        for name, address in addresses(workflow, middle, attempt, loop):
            measure(name, address)


def fill(number):
    """Attempts of 100 workflows in ten projects, every second one of the same workflow. → (it, one in the middle)"""
    from django.utils import timezone

    from accounts.models import Role, User
    from workflows import projects
    from workflows.models import Attempt, Session, Workflow

    user, _ = User.objects.get_or_create(username="maker", defaults={"role": Role.EDITOR})
    for n in range(10):
        projects.push(f"project_{n}", FILES, user=user)
    workflows, now = list(Workflow.objects.order_by("pk")), timezone.now()
    sessions = (
        Session(workflow=workflows[n // 2 % 100 if n % 2 else 0], session_time=now - timedelta(minutes=n))
        for n in range(number)
    )
    Session.objects.bulk_create(sessions, batch_size=2_000)
    revisions = {workflow.pk: workflow.revision_id for workflow in workflows}
    attempts = (
        Attempt(
            session_id=session,
            workflow_id=workflow,
            number=1,
            revision_id=revisions[workflow],
            state=STATES[n % 20],
            finished_at=now,
            created_by=user,
        )
        for n, (session, workflow) in enumerate(Session.objects.order_by("session_time").values_list("pk", "workflow"))
    )
    Attempt.objects.bulk_create(attempts, batch_size=2_000)
    return workflows[0], Attempt.objects.order_by("pk")[number // 2].pk


def a_long_attempt(workflow):
    """One that runs a loop, with twenty lines in the log of each task. → (it, the loop's task)"""
    from django.utils import timezone

    from workflows.models import Attempt, Session, Task, TaskLog

    now = timezone.now()
    session = Session.objects.create(workflow=workflow, session_time=now)
    attempt = Attempt.objects.create(session=session, number=1, revision=workflow.revision)

    def task(parent, position, name, state="success", op="td"):
        values = {"name": name, "full_name": f"{parent.full_name if parent else ''}{name}", "file": workflow.file}
        times = {"started_at": now, "finished_at": now if state == "success" else None}
        return Task(attempt=attempt, parent=parent, position=position, state=state, op=op, **values | times)

    root = task(None, 0, "+w0", "planned", "")
    root.save()
    loop = task(root, 0, "+brands", "planned", "for_each")
    loop.save()
    rounds = Task.objects.bulk_create(
        task(loop, n, f"+brand-{n}", "success" if n < LOOP - 9 else "running", "") for n in range(LOOP)
    )
    below = Task.objects.bulk_create(task(one, n, name) for one in rounds for n, name in enumerate(("+load", "+send")))
    lines = (TaskLog(task=one, text="Job made; waits for its end.") for one in below for _ in range(20))
    TaskLog.objects.bulk_create(lines, batch_size=2_000)
    return attempt, loop


def addresses(workflow, middle, attempt, loop):
    yield "attempts", "/workflows/attempts"
    yield "in the middle", f"/workflows/attempts?before={middle}"
    yield "error", "/workflows/attempts?state=error"
    yield "one project", f"/workflows/attempts?project={workflow.project_id}"
    yield "one project, running", f"/workflows/attempts?project={workflow.project_id}&state=running"
    yield "one workflow, killed", f"/workflows/attempts?workflow={workflow.pk}&state=killed"
    yield "workflow", f"/workflows/{workflow.pk}"
    yield "its last sessions", f"/workflows/{workflow.pk}?page=999999"
    yield "attempt with 1,000 tasks", f"/workflows/attempts/{attempt.pk}"
    yield "a task of it", f"/workflows/attempts/{attempt.pk}?task={loop.pk}"
    opened = ".".join(str(pk) for pk in loop.children.order_by("pk").values_list("pk", flat=True)[50:100])
    yield "with a long loop opened", f"/workflows/attempts/{attempt.pk}?all={loop.pk}-1&open={opened}"


if __name__ == "__main__":
    main()
