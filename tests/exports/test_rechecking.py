"""Rejected rows, checked again by the query as it is now."""

# ruff: noqa: F401, F811 - fixtures

from dataclasses import replace

import pytest

from exports import inheriting, queries, querying, rejects, resending, results, retrieving
from exports.errors import NotPossible
from exports.models import Job
from tests.exports.rechecks import (
    FIXED,
    MENDED,
    SQL,
    dies,
    draft,
    events,
    job,
    kept,
    log,
    mapping,
    query,
    recheck,
    save,
    send,
)
from tests.exports.test_run import authentication, ends, line, run

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_same_query_is_not_run_again(job, save, editor, monkeypatch):
    save(mapping=FIXED)
    monkeypatch.setattr(querying, "query", lambda *given, **more: pytest.fail("it ran"))
    check = recheck(job, editor)
    assert (check.mode, check.rows_from, check.parent, check.query_version) == ("validate", "rejects", job, 2)
    assert (check.outcome, ends(check)) == ("success", (2, 0, 0, 0, 0, 2))


def test_it_takes_the_rejected_rows_with_all_columns(job, save, editor):
    save(mapping=FIXED)
    check = recheck(job, editor)
    assert [row["spare"] for row in kept(check)] == ["s3@example.com", "s7@example.com"]
    assert check.columns == job.columns and "no query ran" in log(check)


def test_a_check_sends_nothing(job, save, editor, line):
    save(mapping=FIXED)
    before = line.stats["requests"]
    assert not recheck(job, editor).requests.exists() and line.stats["requests"] == before


def test_what_is_still_invalid_is_told_with_its_new_reasons(job, save, editor):
    save(mapping=mapping(email="spare"))
    check = recheck(job, editor)
    assert (check.outcome, ends(check)) == ("rejects", (2, 1, 0, 0, 0, 1))
    assert [(r.row, r.reasons[0][0]) for r in rejects.read(check.folder, check.rejects_bytes)] == [
        (1, "deduplication_key")
    ]


def test_refused_rows_are_rejected_rows_too(job, save, editor):
    Job.objects.filter(pk=job.pk).update(invalid=1, refused=1)
    length = rejects.RejectFile(job.folder, 0).append(
        [rejects.Reject(2, "refused", ()), rejects.Reject(5, "invalid", ())]
    )
    Job.objects.filter(pk=job.pk).update(rejects_bytes=length)
    save(mapping=FIXED)
    assert [row["spare"] for row in kept(recheck(job, editor))] == ["s2@example.com", "s5@example.com"]


def test_a_changed_query_runs_and_its_rows_are_found_by_their_keys(job, save, editor):
    save(sql=MENDED)
    check = recheck(job, editor)
    assert [(row["deduplication_key"], row["email"]) for row in kept(check)] == [("k3", "u@example.com")]
    assert (check.outcome, ends(check)) == ("success", (1, 0, 0, 0, 0, 1))
    assert "1 of those rows had no deduplication_key" in log(check)


def test_keys_are_compared_as_they_are_mapped_then_and_now(job, save, editor):
    save(sql=f"SELECT * RENAME (deduplication_key AS k) FROM ({MENDED})", mapping=mapping(deduplication_key="k"))
    assert [row["k"] for row in kept(recheck(job, editor))] == ["k3"]


def test_a_changed_query_that_lost_the_rows_gives_none(job, save, editor):
    save(sql="SELECT * FROM events WHERE deduplication_key = 'k1'")
    assert ends(recheck(job, editor)) == (0, 0, 0, 0, 0, 0)


def test_many_keys_and_many_batches(job, save, editor, monkeypatch):
    monkeypatch.setattr(retrieving, "BATCH_ROWS", 2)
    save(sql=MENDED)
    assert [row["deduplication_key"] for row in kept(recheck(job, editor))] == ["k3"]


def test_too_many_rejected_rows_are_not_looked_for(job, save, editor, monkeypatch):
    monkeypatch.setattr(retrieving, "MOST_KEYS", 1)
    save(sql=MENDED)
    with pytest.raises(NotPossible, match="too many to find again one by one"):
        resending.recheck(Job.objects.get(pk=job.pk), user=editor)
    save(mapping=FIXED)  # the same query needs no keys
    assert recheck(job, editor).outcome == "success"


def test_a_constant_key_finds_no_row_again(job, save, editor):
    save(sql=MENDED, mapping=mapping() | {"deduplication_key": {"constant": "k"}})
    with pytest.raises(NotPossible, match="mapped to no column"):
        resending.recheck(Job.objects.get(pk=job.pk), user=editor)


def test_without_its_query_a_check_is_pointless(job, query, editor):
    queries.delete(query)
    with pytest.raises(NotPossible, match="deleted, or never saved"):
        resending.recheck(Job.objects.get(pk=job.pk), user=editor)


def test_a_query_that_exports_nothing_any_more_cannot_check(job, query, draft, editor):
    queries.update(query, replace(draft, target=None), base=1, user=editor)
    with pytest.raises(NotPossible, match="exports nothing any more"):
        resending.recheck(Job.objects.get(pk=job.pk), user=editor)


def test_a_result_that_is_gone_is_told_before_and_by_the_worker(job, save, editor):
    save(mapping=FIXED)
    check = resending.recheck(Job.objects.get(pk=job.pk), user=editor)
    (job.folder / results.NAME).unlink()
    assert f"The kept result of job {job.pk} was deleted." in run(check).error
    with pytest.raises(NotPossible, match="was deleted"):
        resending.recheck(Job.objects.get(pk=job.pk), user=editor)


def test_a_job_without_rejected_rows_has_nothing_to_check(job, editor):
    Job.objects.filter(pk=job.pk).update(invalid=0, rows=8)
    with pytest.raises(NotPossible, match="no rejected rows"):
        resending.recheck(Job.objects.get(pk=job.pk), user=editor)


def test_what_has_changed_is_told(job, save):
    found = resending.look(Job.objects.get(pk=job.pk))
    assert (found.changes, found.sql_changes, found.same_rows, found.rows) == ([], [], True, 2)
    save(sql=MENDED, mapping=FIXED, max_records=5000)
    found = resending.look(Job.objects.get(pk=job.pk))
    assert {change.label for change in found.changes} == {"Field deduplication_key", "Field email", "Batch Size"}
    assert found.sql_changes and not found.same_rows and found.lost == 1


def test_a_key_that_an_accepted_row_has_too_finds_nothing(draft, query, line, editor, save):
    twice = "SELECT * REPLACE ('k3' AS deduplication_key) FROM events WHERE deduplication_key IN ('k3', 'k4')"
    save(sql=twice)
    done = run(queries.run(queries.stored(query), query=query, user=editor))
    assert ends(done) == (2, 1, 1, 0, 0, 0)
    save(sql=f"SELECT *, 1 AS n FROM ({twice})")
    check = recheck(done, editor)
    assert ends(check) == (0, 0, 0, 0, 0, 0)
    assert "1 of those rows are left out: other rows of job" in log(check)


def test_a_setting_that_is_missing_and_its_default_are_the_same(job, query):
    query.export_target.settings = {}
    query.export_target.save()
    assert resending.look(Job.objects.get(pk=job.pk)).changes == []


def test_a_check_goes_on_after_its_worker_died_with_the_rows_kept(job, save, editor, monkeypatch):
    save(mapping=FIXED)
    check = resending.recheck(Job.objects.get(pk=job.pk), user=editor)
    dies(monkeypatch, check, inheriting, "keep_batches")
    assert ends(run(check)) == (2, 0, 0, 0, 0, 2)


def test_a_changed_query_goes_on_after_its_worker_died(job, save, editor, monkeypatch):
    save(sql=MENDED)
    check = resending.recheck(Job.objects.get(pk=job.pk), user=editor)
    dies(monkeypatch, check, querying, "keep_batches")
    assert ends(run(check)) == (1, 0, 0, 0, 0, 1)
