"""Jobs in any state, with counts that add up, and what lies beside them."""

import uuid
from datetime import timedelta
from itertools import count

import pyarrow as pa
from django.utils import timezone

from exports import rejects, results
from exports.models import Job, JobReason, JobRequest, JobState, Query
from exports.rejects import Reject
from integrations.models import Authentication
from warehouse.models import Database

_number = count(1)
ENDS = ("invalid", "accepted", "refused", "unknown", "not_attempted")
SETTINGS = {"ignore_invalid_records": True, "max_records": 1000}


def an_authentication(name="line_capi_output_test", **values):
    settings = {"line_tag_id": "tag-1", "max_retry": 8}
    defaults = {"connector_key": "line_conversion", "settings": settings, "encrypted": ""}
    return Authentication.objects.create(name=name, **defaults | values)


def a_query(name="", **values):
    database, _ = Database.objects.get_or_create(name="shop_jp")
    defaults = {"sql": "select 1", "time_zone": "Asia/Tokyo", "version": 3}
    return Query.objects.create(name=name or f"query_{next(_number)}", database=database, **defaults | values)


def a_job(state=JobState.SUCCESS, *, exports=True, ago=timedelta(minutes=5), **values):
    """A job that began `ago`. Of an export give some of ENDS; `rows` is their sum, all accepted if none is given."""
    now = timezone.now()
    finished = state in (JobState.SUCCESS, JobState.ERROR, JobState.KILLED)
    job = {
        "name": "daily_purchases",
        "database_name": "shop_jp",
        "sql": "select *\nfrom purchases",
        "time_zone": "Asia/Tokyo",
        "state": state,
        "next_attempt_at": now,
        "started_at": None if state == JobState.QUEUED else now - ago,
        "finished_at": now - ago + timedelta(seconds=38) if finished else None,
    }
    if state == JobState.RUNNING:
        job |= {"lease_token": uuid.uuid4(), "lease_until": now + timedelta(minutes=1), "lease_owner": "here:1:1"}
    if exports:
        job |= _of_export(job["state"], values)
    made = Job.objects.create(**job | values)
    Job.objects.filter(pk=made.pk).update(created_at=now - ago)
    return Job.objects.get(pk=made.pk)


def _of_export(state, values):
    ends = {end: values.get(end, 0) for end in ENDS}
    if state == JobState.SUCCESS and not any(ends.values()) and "rows" not in values:
        ends["accepted"] = 100
    mapping = {"email": {"column": "email"}, "event_type": {"constant": "conversion"}}
    names = {"destination": "line_capi_output_test", "connector_key": "line_conversion"}
    return {**ends, **names, "rows": sum(ends.values()), "settings": SETTINGS, "mapping": mapping}


def exporting(state=JobState.RUNNING, **values):
    """A job that has sent a part: 8,000 accepted, 200 invalid, 1,800 not attempted."""
    counts = {"accepted": 8000, "invalid": 200, "not_attempted": 1800}
    job = a_job(state, phase="exporting", **counts | values)
    return keep(job, {"email": ["kana@example.jp"] * 3})


def keep(job, columns, *, rejected=()):
    """Give the job a kept result of these columns, and rejects: (row, end, reasons) each."""
    table = pa.table(columns)
    path = job.folder / results.NAME
    results.keep_batches(table.schema, table.to_batches(), path)
    job.result_path, job.result_rows = f"{job.pk}/{results.NAME}", len(table)
    job.columns = [[f.name, str(f.type)] for f in table.schema]
    job.rejects_bytes = rejects.RejectFile(job.folder, 0).append(Reject(*r) for r in rejected)
    job.save(update_fields=["result_path", "result_rows", "columns", "rejects_bytes"])
    return job


def a_request(job, number, state="accepted", *codes):
    attempts = [{"at": timezone.now().isoformat(), "code": code, "ms": 120, "error": ""} for code in codes]
    first = (number - 1) * 1000
    return JobRequest.objects.create(
        job=job,
        number=number,
        first_row=first,
        end_row=first + 1000,
        events=990,
        state=state,
        attempts=attempts,
        sent_at=timezone.now(),
    )


def a_reason(job, field, text, rows, **values):
    return JobReason.objects.create(
        job=job, field=field, text=text, rows=rows, **{"code": f"c{next(_number)}"} | values
    )
