"""What mail> attaches: files of the project, and results that tasks before it downloaded."""

from accounts import audit
from exports.job_files import ResultGone
from workflows import downloads
from workflows.operators import files, td_params
from workflows.operators.base import Step, TaskFailed

MEGABYTE = 1024 * 1024
MOST_BYTES = 10 * MEGABYTE
"""Of all attachments of a mail: more than that, most mail servers refuse."""


def read(step: Step, path: str, room: int) -> bytes:
    """The content, of at most `room` bytes. Raises TaskFailed."""
    content = step.files[path] if path in step.files else _downloaded(step, path, room)
    if len(content) > room:
        told = f"The attachments would have more than {MOST_BYTES // MEGABYTE} MB with {path}."
        raise TaskFailed(told, "Attach fewer files, or select fewer rows or columns.")
    return content


def _downloaded(step: Step, path: str, room: int) -> bytes:
    """No more of it than what says that it is too large. Rows hold raw personal data: editors only, and on record."""
    made = downloads.latest(step.attempt, step.task, path)
    if made is None:
        says = f"The project has no file {path}, and no task before this one has downloaded it."
        raise TaskFailed(says + files.similar(step, path))
    job = made.job
    user, found = td_params.editor(step), bytearray()
    try:
        for part in downloads.content(job):
            found += part
            if len(found) > room:
                break
    except (ResultGone, FileNotFoundError):
        says = f"The file {path} is the result of job {job.pk}, which was deleted meanwhile."
        raise TaskFailed(says, f"Run {made.task.full_name} again.") from None
    if len(found) <= room:
        audit.record("job.mail_result", job, user=user, name=job.name, file=path, rows=job.result_rows)
    return bytes(found)
