"""What the demo sets up in Audience Studio."""

import time

import pytest
from django.core.management import call_command

from audiences import compiled, counting
from audiences.models import ParentSegment, Segment
from exports.models import Job
from exports.run import run_job
from linecapi_site import demo, sample_shop

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_shops_members_are_a_parent_segment_with_a_segment(tmp_path):
    now = int(time.time())  # the engine runs in a process of its own, by the real clock
    events = sample_shop.events(now=now, rows=2_000)
    for name, table in {demo.TABLE: events, demo.MEMBERS: sample_shop.members(events)}.items():
        sample_shop.write(table, tmp_path / f"{name}.parquet")
        call_command("load_table", demo.DATABASE, name, str(tmp_path / f"{name}.parquet"))
    user = demo.user().user
    for _ in range(2):  # the second run finds what the first one made
        demo.audience(user)
    assert run_job(Job.objects.get().pk) == "success"
    parent, segment = ParentSegment.objects.get(), Segment.objects.get()
    rows = events.to_pylist()
    week_ago = now - 7 * 86_400
    bought = {r["external_id"] for r in rows if r["event_name"] == "Purchase" and r["time"] >= week_ago} - {None}
    found = counting.count(parent, compiled.count_sql(parent, segment.rule), user=user)
    assert found.total == len({row["external_id"] for row in rows} - {None})
    assert 0 < len(bought) <= found.count <= len(bought) + 5  # a day before a week ago has begun counts wholly
