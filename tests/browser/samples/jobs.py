"""Jobs."""

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from accounts.models import Role
from exports import beats, queries, targets
from exports.models import JobLog, JobState
from exports.upkeep_models import Upkeep
from tests.browser.samples.page import Page
from tests.exports import factories
from tests.exports.factories import a_job, a_query, a_reason, a_request, exporting, keep
from tests.exports.queries import a_draft, target_text


def jobs_of_all_kinds():
    query = a_query()
    exporting(query=query), a_job(query=query, accepted=9, invalid=1), a_job(JobState.RETRY_WAIT), a_job(exports=False)
    a_job(JobState.ERROR, error="LINE refused the access token (401).", not_attempted=3), a_job(JobState.KILLED)
    return reverse("exports:jobs")


def an_exporting_job():
    job = exporting(query=a_query(), query_version=3, authentication=factories.an_authentication(), refused=2)
    a_request(job, 1, "accepted", 503, 202)
    a_request(job, 2, "sending")
    a_reason(job, "phone", "needs the country code", 200, sample="090•••78")
    JobLog.objects.create(job=job, text="Sending.", level="WARN")
    return reverse("exports:job", args=[job.pk])


def a_job_that_waits():
    beats.beat()
    a_job(JobState.QUEUED, next_attempt_at=timezone.now() - timedelta(minutes=3))
    Upkeep.objects.create(finished_at=timezone.now(), freed={"jobs": 12, "results": 31, "bytes": 812_000_000})
    return "/system"


def a_repeated_query():
    values = {"phase": "querying", "priority": 2, "retry_limit": 5, "query_tries": 2, "exports": False}
    return reverse("exports:job", args=[a_job(JobState.RETRY_WAIT, **values).pk])


def a_failed_job():
    job = a_job(JobState.ERROR, error="The query failed.", error_line=2, unknown=3, query=a_query())
    return reverse("exports:job", args=[keep(job, {"email": ["kana@example.jp", None]}).pk])


def rejected(page=""):
    """The rows that a job rejected, one of them refused by the destination, with a query that has changed since."""
    destination = factories.an_authentication()
    target = targets.parse(target_text(destination, email="mail", deduplication_key="order_uid"))
    query = queries.create(a_draft(target=target), user=None)
    job = a_job(query=query, authentication=destination, invalid=2, refused=1, accepted=1)
    bad = [(n, "invalid", (("email", "email", "must be an email address"),)) for n in range(2)]
    refused = (2, "refused", (("", "refused", "refused by LINE; our checks had passed it"),))
    keep(job, {"email": ["kana", "an.address.that.is@", "kana@example.jp", None]}, rejected=[*bad, refused])
    a_reason(job, "email", "must be an email address", 2, code="email")
    a_reason(job, "", "refused by LINE; our checks had passed it", 1, code="refused")
    return reverse("exports:job", args=[job.pk]) + page


def a_validation():
    """A re-check with rows to send, of a job that names it."""
    parent = a_job(invalid=3)
    values = {"mode": "validate", "parent": parent, "rows_from": "rejects", "invalid": 1, "not_attempted": 2}
    job = a_job(**values, authentication=factories.an_authentication())
    return reverse("exports:job", args=[keep(job, {"email": ["kana@example.jp"] * 3}).pk])


def a_job_with_notes():
    hygiene = {"upper": 5, "blank": 2, "most": 4000}
    notes = {
        "rows": 9800,
        "identifiers": {"email": 7840, "phone": 9000, "browser_id": 98},
        "warnings": {"old": 49, "only_weak": 12, "no_value": 4000, "repeated": 3},
        "hashes": {"phone": hygiene, "email": hygiene},
    }
    mapping = {"event_timestamp": {"column": "paid_at"}}
    job = a_job(accepted=9800, invalid=200, notes=notes, mapping=mapping)
    a_reason(job, "event_timestamp", "looks like milliseconds", 200, code="milliseconds")
    return reverse("exports:job", args=[job.pk])


PAGES = [
    Page("system, with a job that waits", a_job_that_waits, Role.ADMIN),
    Page("jobs", jobs_of_all_kinds, Role.EDITOR),
    Page("jobs, nothing found", "/jobs?q=nothing-has-this-name", Role.VIEWER),
    Page("jobs, none yet", "/jobs", Role.VIEWER),
    Page("job while it exports", an_exporting_job, Role.EDITOR),
    Page("job with warnings and readiness", a_job_with_notes, Role.VIEWER),
    Page("job whose query is repeated", a_repeated_query, Role.EDITOR),
    Page("failed job", a_failed_job, Role.VIEWER),
    Page("rejected rows", lambda: rejected("/rejects"), Role.EDITOR),
    Page("refused rows", lambda: rejected("/rejects?field=&code=refused"), Role.VIEWER),
    Page("fix and resend", lambda: rejected("/fix"), Role.EDITOR),
    Page("finished validation", a_validation, Role.EDITOR),
]
