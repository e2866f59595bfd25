"""download_file: the result of a task's job under the path of a file. Nothing is copied, see workflows.downloads."""

from exports.models import Job
from workflows.dig.new_files import PathError, new_file
from workflows.dig.td_operators import DOWNLOAD
from workflows.models import TaskJob
from workflows.operators import td_params, td_rows, values
from workflows.operators.base import Step, TaskFailed
from workflows.secrets import PLACE


def path(step: Step) -> str:
    """In the project; "" if the task downloads nothing. Raises TaskFailed."""
    given = td_params.given(step, DOWNLOAD)
    if given is None:
        return ""
    name = values.text(given, DOWNLOAD)
    if secret := PLACE.search(name):
        raise TaskFailed(f"“{DOWNLOAD}” has {secret[0]}, and no secret can stand in the name of a file.")
    try:
        return new_file(step.folder, name)
    except PathError as error:
        raise TaskFailed(f"“{DOWNLOAD}”: {error}") from None


def keep(step: Step, job: Job) -> None:
    """Let tasks after this one find the result of its job, if the task says so. Raises TaskFailed."""
    found = path(step)
    if not found:
        return
    td_rows.kept(job)
    TaskJob.objects.filter(task=step.task, job=job).update(file=found)
    rows = job.result_rows or 0
    step.log(f"The result, {rows:,} row{'' if rows == 1 else 's'}, is kept as {found}.")
    if found in step.files:
        step.log(f"The project has a file {found}, too: mail> attaches that one.", "WARN")
