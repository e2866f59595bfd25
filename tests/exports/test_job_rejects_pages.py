"""The pages of rejected rows: groups with shares and changes, masked rows by pages, and the way to send them again."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from accounts.models import AuditEntry
from exports import job_again, reject_pages
from exports.job_pages import Sent
from exports.models import Job, JobState, Mode, RowsFrom
from exports.queries import Draft, create
from exports.targets import Target
from tests.exports.factories import a_job, a_query, a_reason, an_authentication, keep
from tests.exports.queries import a_text
from tests.exports.test_jobs_pages_job import text_of

pytestmark = pytest.mark.django_db
EMAIL = ("email", "email", "must be an email address")
KEY = ("deduplication_key", "required", "is required")
REFUSED = ("", "refused", "refused by LINE; our checks had passed it")
MAPPING = {
    "email": {"column": "email"},
    "deduplication_key": {"column": "key"},
    "event_timestamp": {"column": "time"},
    "event_type": {"constant": "conversion"},
    "source_type": {"constant": "web"},
}


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path):
    settings.DATA_DIR = tmp_path


@pytest.fixture
def client(as_user, editor):
    return as_user(editor)


@pytest.fixture
def authentication():
    return an_authentication()


@pytest.fixture
def query(authentication, editor):
    target = Target(authentication, MAPPING, {"ignore_invalid_records": True, "max_records": 1000})
    return create(Draft("daily", a_text(sql="SELECT 1"), target), user=editor)


def rejecting(count=3, *, refused=0, **values):
    """A finished job of 100 rows, the first `count` of which have no proper address, the `refused` after them."""
    now = int(timezone.now().timestamp())
    ends = {"invalid": count, "refused": refused, "accepted": 100 - count - refused}
    job = a_job(**ends | values)
    Job.objects.filter(pk=job.pk).update(mapping=MAPPING)
    job.refresh_from_db()
    emails = [f"nobody-{n}" for n in range(count)] + ["kana@example.jp"] * (100 - count)
    columns = {"email": emails, "key": [f"k-{n}" for n in range(100)], "time": [now - 3600] * 100}
    bad = [(n, "invalid", (EMAIL,)) for n in range(count)]
    bad += [(n, "refused", (REFUSED,)) for n in range(count, count + refused)]
    keep(job, columns, rejected=bad)
    if count:
        a_reason(job, "email", EMAIL[2], count, code="email", sample="no•••")
    if refused:
        a_reason(job, "", REFUSED[2], refused, code="refused")
    return Job.objects.get(pk=job.pk)


def rows_of(client, job, **given):
    return text_of(client.get(f"/jobs/{job.pk}/rejects", given))


# --- groups ------------------------------------------------------------------------------------------------------


def test_a_group_has_its_rows_share_and_masked_samples(client):
    told = rows_of(client, rejecting())
    assert "email Must be an email address 3 3.0% –" in told
    assert "Row 1: no••• Row 2: no••• Row 3: no•••" in told and "nobody" not in told


def test_a_few_of_very_many_rows_are_not_0_percent(client):
    job = rejecting()
    Job.objects.filter(pk=job.pk).update(rows=10_000, not_attempted=9_997 - F("accepted"))
    assert "3 <0.1% –" in rows_of(client, job)
    assert "Invalid stopped by our checks 3 <0.1%" in text_of(client.get(f"/jobs/{job.pk}"))


def test_groups_are_compared_with_the_last_run_to_the_same_destination(query, authentication):
    same = {"query": query, "authentication": authentication}
    first = rejecting(5, **same)
    rejecting(1, query=query, authentication=an_authentication("another"))
    rejecting(1, **same, state=JobState.ERROR, position=50)  # not every row was checked
    (group,) = reject_pages.groups(rejecting(3, **same))
    assert group.change == f"2 fewer than in job {first.pk}"


def test_what_grew_what_is_new_and_what_stayed(query, authentication):
    same = {"query": query, "authentication": authentication}
    before = rejecting(2, **same)
    changes = {g.field: g.change for g in reject_pages.groups(rejecting(4, refused=1, **same))}
    assert changes == {"email": f"2 more than in job {before.pk}", "": f"new since job {before.pk}"}
    (group,) = reject_pages.groups(rejecting(2, query=query, authentication=None))
    assert group.change == ""


def test_what_has_vanished_since_the_last_run_is_shown(client, query, authentication):
    same = {"query": query, "authentication": authentication}
    before = rejecting(2, refused=1, **same)
    told = rows_of(client, rejecting(2, **same))
    assert f"Whole record Refused by LINE; our checks had passed it 0 0% 1 in job {before.pk}" in told
    assert f"email Must be an email address 0 0% 2 in job {before.pk + 1}" in rows_of(client, rejecting(0, **same))


def test_of_a_job_that_ended_early_nothing_is_said_to_have_vanished(query, authentication):
    same = {"query": query, "authentication": authentication}
    rejecting(2, **same)
    assert reject_pages.vanished(rejecting(0, **same, state=JobState.ERROR)) == []


def test_rows_of_another_job_are_compared_with_nothing(query, authentication):
    same = {"query": query, "authentication": authentication}
    parent = rejecting(2, **same)
    child = rejecting(2, **same, parent=parent, rows_from=RowsFrom.REJECTS, mode=Mode.VALIDATE)
    assert reject_pages.last_run(child) is None


def test_samples_are_looked_for_in_the_first_rejects_only(monkeypatch):
    monkeypatch.setattr(reject_pages, "SAMPLED", 2)
    (group,) = reject_pages.groups(rejecting(5))
    assert [number for number, _ in group.samples] == [1, 2]


def test_many_groups_cost_no_more_sql(client, query, authentication, django_assert_max_num_queries):
    job = rejecting(query=query, authentication=authentication)
    for n in range(30):
        a_reason(job, "phone", f"reason {n}", n + 1)
    with django_assert_max_num_queries(9):
        client.get(f"/jobs/{job.pk}/rejects")


# --- rows --------------------------------------------------------------------------------------------------------


def test_the_largest_group_is_shown_first_and_masked(client):
    told = rows_of(client, rejecting())
    assert "email: must be an email address" in told and "k-1" in told
    assert "nobody" not in told and "kana@example.jp" not in told


def test_rows_come_in_pages(client, monkeypatch):
    monkeypatch.setattr(reject_pages, "PAGE", 2)
    job = rejecting(5)
    group = reject_pages.groups(job)[0]
    numbers, start = [], 0
    while start is not None:
        page = reject_pages.page(job, group, start)
        numbers.append([row.number for row in page.rows])
        start = page.onward
    assert numbers == [[1, 2], [3, 4], [5]]
    assert "First rows" in rows_of(client, job, field="email", code="email", **{"from": "40"})


def test_a_page_reads_a_bounded_part_of_the_file(monkeypatch):
    monkeypatch.setattr(reject_pages, "SCANNED", 2)
    job = rejecting(3, refused=1)
    refused = next(g for g in reject_pages.groups(job) if g.code == "refused")
    page = reject_pages.page(job, refused, 0)
    assert page.rows == [] and page.onward
    assert [row.number for row in reject_pages.page(job, refused, page.onward).rows] == [4]


@pytest.mark.parametrize("start", ["9" * 30, "-1", "x", "7", "999999"])
def test_any_place_to_go_on_from_is_harmless(client, start):
    assert client.get(f"/jobs/{rejecting().pk}/rejects", {"from": start}).status_code == 200


def test_an_unknown_group_shows_the_largest(client):
    assert "email: must be an email address" in rows_of(client, rejecting(), field="nope", code="<b>")


def test_a_refused_event_is_shown_as_it_was_sent_but_masked(client):
    told = rows_of(client, rejecting(1, refused=1), field="", code="refused")
    assert "LINE refused these events alone" in told
    assert '"deduplication_key": "k-1"' in told and '"event_type": "conversion"' in told
    assert "kana@example.jp" not in told


def test_a_refused_event_of_a_deleted_authentication_is_still_shown(client):
    assert '"email"' in rows_of(client, rejecting(0, refused=1, authentication=None))


def test_a_job_without_rejected_rows_says_so(client):
    assert "No row was rejected" in rows_of(client, a_job(accepted=3))


def test_the_groups_stay_when_the_rows_are_gone(client):
    job = rejecting()
    (job.folder / "result.arrow").unlink()
    told = rows_of(client, job)
    assert "Must be an email address 3 3.0%" in told and "its rows cannot be shown any more" in told


def test_a_query_without_destination_has_no_such_pages(client):
    job = a_job(exports=False)
    assert {client.get(f"/jobs/{job.pk}/{page}").status_code for page in ("rejects", "fix")} == {404}


def test_viewers_look_and_editors_act(as_user, viewer):
    look, job = as_user(viewer), rejecting()
    assert look.get(f"/jobs/{job.pk}/rejects").status_code == 200
    assert look.get(f"/jobs/{job.pk}/fix").status_code == 403
    assert {look.post(f"/jobs/{job.pk}/{deed}").status_code for deed in ("recheck", "send")} == {403}
    assert "Fix and resend" not in text_of(look.get(f"/jobs/{job.pk}"))


# --- fix, re-check, send -----------------------------------------------------------------------------------------


def test_the_way_is_told_before_it_is_gone(client, query, authentication):
    job = rejecting(query=query, authentication=authentication)
    assert "Fix and resend" in text_of(client.get(f"/jobs/{job.pk}"))
    told = text_of(client.get(f"/jobs/{job.pk}/fix"))
    assert "Fix and resend 3 rows" in told and "checked by version 1, as it is saved now. Nothing is sent." in told
    assert "Changed SQL" in told and "found again by deduplication_key" in told


def test_nothing_changed_is_told(client, query, authentication):
    same = {"sql": "SELECT 1", "engine": "duckdb", "database_name": query.database.name}
    job = rejecting(query=query, authentication=authentication, **same)
    told = text_of(client.get(f"/jobs/{job.pk}/fix"))
    assert f"Nothing has changed since job {job.pk}" in told and "it does not run" in told


def test_without_a_query_the_download_is_offered(client):
    told = text_of(client.get(f"/jobs/{rejecting().pk}/fix"))
    assert "This cannot be done here." in told and "Download them, with their reasons, instead." in told


def test_a_re_check_is_made_and_on_record(client, query, authentication):
    job = rejecting(query=query, authentication=authentication)
    response = client.post(f"/jobs/{job.pk}/recheck")
    check = Job.objects.get(parent=job)
    assert response["Location"] == f"/jobs/{check.pk}"
    assert (check.mode, check.rows_from, check.query_version) == (Mode.VALIDATE, RowsFrom.REJECTS, 1)
    assert AuditEntry.objects.get(action="job.recheck").details == {"of": job.pk, "version": 1}


def test_a_re_check_that_cannot_be_made_says_why(client):
    page = client.post(f"/jobs/{rejecting().pk}/recheck", follow=True)
    assert b"deleted, or never saved" in page.content and Job.objects.count() == 1


def checked(parent, **values):
    """The finished re-check of a job's three rows, two of which are valid now."""
    ends = {"invalid": 1, "not_attempted": 2, "mode": Mode.VALIDATE, "parent": parent, "rows_from": RowsFrom.REJECTS}
    return keep(a_job(**ends | values), {"email": ["a@example.com"] * 3})


def test_a_finished_check_offers_to_send_and_is_sent_once(client, authentication):
    check = checked(rejecting(), authentication=authentication)
    assert "Send these 2 rows" in text_of(client.get(f"/jobs/{check.pk}"))
    response = client.post(f"/jobs/{check.pk}/send")
    sending = Job.objects.get(parent=check)
    assert response["Location"] == f"/jobs/{sending.pk}"
    assert (sending.mode, sending.rows_from, sending.mapping) == (Mode.SEND, RowsFrom.RESULT, check.mapping)
    assert AuditEntry.objects.get(action="job.resend").details == {"of": check.pk, "rows": 2}
    assert "Send these" not in text_of(client.get(f"/jobs/{check.pk}"))
    page = client.post(f"/jobs/{check.pk}/send", follow=True)
    assert b"sends these rows already" in page.content and Job.objects.filter(parent=check).count() == 1


def test_rows_of_a_test_are_sent_as_a_test(client, authentication):
    check = checked(checked(rejecting(mode=Mode.TEST)), authentication=authentication)
    client.post(f"/jobs/{check.pk}/send")
    assert Job.objects.get(parent=check).mode == Mode.TEST


def test_jobs_with_the_same_rows_name_each_other(client, authentication):
    job = rejecting()
    check = checked(job, authentication=authentication)
    sending = a_job(accepted=2, invalid=1, parent=check, rows_from=RowsFrom.RESULT, authentication=authentication)
    told = text_of(client.get(f"/jobs/{job.pk}"))
    assert f"Checked again in job {check.pk} : 2 valid, 1 invalid" in told
    assert f"Resent in job {sending.pk} : 2 accepted, 1 invalid" in told
    assert f"did not get through in job {job.pk}" in text_of(client.get(f"/jobs/{check.pk}"))
    told = text_of(client.get(f"/jobs/{sending.pk}"))
    assert f"found valid in job {check.pk} ; it resends rows of job {job.pk}" in told


def test_many_relatives_cost_no_more_sql(client, authentication, django_assert_max_num_queries):
    job = rejecting()
    for _ in range(30):
        checked(job, authentication=authentication)
    with django_assert_max_num_queries(16):
        client.get(f"/jobs/{job.pk}")


# --- run again ---------------------------------------------------------------------------------------------------


def sent(ago):
    return Sent(first=timezone.now() - timedelta(days=ago))


def test_run_again_says_what_was_accepted_and_until_when_repeats_are_dropped(client):
    job = a_job(accepted=98, invalid=2)
    told = job_again.text(job, sent(2), timezone.now())
    assert "LINE accepted 98 rows of this job already." in told and "for 30 days only: until " in told
    assert told.endswith("JST.")
    assert "LINE accepted 98 rows" in client.get(f"/jobs/{job.pk}").content.decode()


@pytest.mark.parametrize("exports", [True, False])
def test_a_job_and_its_repeat_name_each_other(client, exports):
    job = a_job(exports=exports)
    Job.objects.filter(pk=job.pk).update(authentication=an_authentication())
    client.post(f"/jobs/{job.pk}/run-again")
    again = Job.objects.get(again_of=job)
    assert again.parent is None
    assert f"Run again as job {again.pk} : queued" in text_of(client.get(f"/jobs/{job.pk}"))
    assert f"Run again of job {job.pk} ." in text_of(client.get(f"/jobs/{again.pk}"))


def test_run_again_says_when_the_days_are_over():
    told = job_again.text(a_job(accepted=1), sent(31), timezone.now())
    assert "accepted 1 row of this job" in told and "so what is sent again counts again" in told


def test_run_again_of_other_jobs_says_what_it_does():
    parent = a_job()
    check = a_job(mode=Mode.VALIDATE, parent=parent, rows_from=RowsFrom.REJECTS, not_attempted=1)
    told = job_again.text(check, Sent(), timezone.now())
    assert f"checks the rows that job {parent.pk} did not get through" in told and "nothing is sent" in told
    assert "rows" not in job_again.text(a_job(exports=False), Sent(), timezone.now())


def test_a_job_of_a_saved_query_without_rejects_offers_no_fix(client):
    assert "Fix and resend" not in text_of(client.get(f"/jobs/{a_job(query=a_query()).pk}"))


@pytest.mark.parametrize(("mode", "says"), [(Mode.VALIDATE, "The 1 valid row"), (Mode.SEND, "did not attempt")])
def test_rows_that_are_not_among_the_rejected_are_named(client, query, authentication, mode, says):
    job = rejecting(query=query, authentication=authentication, accepted=0, not_attempted=1, mode=mode)
    assert says in text_of(client.get(f"/jobs/{job.pk}/fix"))
