"""Waiting for a job: asks less and less often, and outlasts a server that restarts meanwhile."""

from urllib3.exceptions import HTTPError

from linecapi import jobs, printing
from linecapi.jobs import Job
from linecapi.problems import Exit, Problem, Unanswered
from linecapi.progress import Line
from linecapi.service import Service

FIRST, LONGEST, GROWTH = 0.5, 10.0, 1.5  # seconds between two questions
SILENCE = 900.0  # seconds without any answer after which it gives up
FINISHED = {"success": Exit.SUCCESS, "error": Exit.JOB_ERROR, "killed": Exit.JOB_KILLED}


def wait(td: Service, job_id: str) -> Job:
    """The job, once it has ended. Raises Problem, and at Ctrl-C says how to go on."""
    line = Line()
    try:
        return _ended(td, job_id, line)
    except KeyboardInterrupt:
        line.clear()
        printing.note(f"Job {job_id} goes on. To stop it: linecapi job:kill {job_id}")
        raise
    finally:
        line.clear()


def _ended(td: Service, job_id: str, line: Line) -> Job:
    pause, silent = FIRST, 0.0
    while True:
        try:
            job = td.show_job(job_id)
            silent, line.says = 0.0, jobs.phase(job)
        except (Unanswered, HTTPError) as error:
            silent, line.says = silent + pause, "the server does not answer, trying again"
            if silent > SILENCE:
                raise Problem(f"{error} Job {job_id} may go on: linecapi job:show -w {job_id}") from error
        else:
            if job["status"] in FINISHED:
                return job
        _pass(td, pause, line)
        pause = min(pause * GROWTH, LONGEST)


def _pass(td: Service, seconds: float, line: Line) -> None:
    """Let the time pass, with the clock in sight."""
    while seconds > 0:
        line.show()
        td.sleep(min(1.0, seconds))
        seconds -= 1.0


def ended_well(td: Service, job_id: str) -> Job:
    """The job, once it has succeeded. Raises Problem where it has not."""
    job = wait(td, job_id)
    check(job)
    return job


def check(job: Job) -> None:
    """Raises Problem, with an exit code of its own, for a job that ended in error or was killed."""
    job_id, exit_code = job["job_id"], FINISHED.get(job["status"])
    if exit_code == Exit.JOB_ERROR:
        says = jobs.trouble(job) or f"see linecapi job:show -v {job_id}"
        raise Problem(f"Job {job_id} ended in error: {says}", exit_code)
    if exit_code == Exit.JOB_KILLED:
        raise Problem(f"Job {job_id} was killed.", exit_code)
