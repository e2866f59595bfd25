"""Results by the API: each format, parts of it, who may have it, and what goes with it."""

import gzip
import json
import math
import shutil
from datetime import date, timedelta

import msgpack
import pyarrow as pa
import pytest
from django.utils import timezone

from accounts.models import AuditEntry
from api.views import job_results
from exports import packed
from exports.models import JobState
from tests.exports.factories import a_job, keep

pytestmark = pytest.mark.django_db
COLUMNS = {
    "id": [1, 2],
    "name": ['Kana "K", 花\t', None],
    "score": [0.5, math.nan],
    "day": [date(2026, 11, 30), None],
    "tags": [["a", "b"], []],
    "ok": [True, None],
}
PLAIN = [[1, 'Kana "K", 花\t', 0.5, "2026-11-30", ["a", "b"], True], [2, None, None, None, [], None]]
NAMES = list(COLUMNS)


@pytest.fixture
def job():
    return keep(a_job(exports=False), COLUMNS)


@pytest.fixture
def calls(api, editor):
    return api(editor)


@pytest.fixture
def fetch(calls, job):
    """`fetch(headers={}, **params)` → the answer."""

    def get(headers=None, **params):
        return calls.client.get(f"/v3/job/result/{job.pk}", params, headers={**calls.headers, **(headers or {})})

    return get


def body(answer):
    assert answer.status_code in (200, 206), answer.content
    return b"".join(answer)


def unpacked(data):
    """The rows, with None for NaN."""
    unpacker = msgpack.Unpacker()
    unpacker.feed(data)
    return [[None if each != each else each for each in row] for row in unpacker]


# --- formats ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["True", "False"])
def test_msgpack_has_rows_as_arrays_and_its_exact_length(fetch, header):
    answer = fetch(format="msgpack", header=header)
    data = body(answer)
    assert unpacked(data) == [NAMES] * (header == "True") + PLAIN
    assert (int(answer["Content-Length"]), answer["Content-Type"]) == (len(data), "application/msgpack")


@pytest.mark.parametrize("header", ["true", "false"])
def test_msgpack_gz_is_the_same_compressed(fetch, header):
    answer = fetch(format="msgpack.gz", header=header)
    data = body(answer)
    assert unpacked(gzip.decompress(data)) == [NAMES] * (header == "true") + PLAIN
    assert (int(answer["Content-Length"]), answer["Content-Type"]) == (len(data), "application/gzip")
    assert "Content-Encoding" not in answer


def test_json_is_an_array_a_line(fetch):
    rows = [json.loads(line) for line in body(fetch(format="json", header="True")).splitlines()]
    assert rows == [NAMES, PLAIN[0], [2, None, "NaN", None, [], None]]


def test_json_is_what_comes_unasked(fetch):
    assert body(fetch()) == body(fetch(format="json", header="False"))


def test_jsonl_is_an_object_a_line(fetch):
    first, _ = map(json.loads, body(fetch(format="jsonl")).splitlines())
    assert first == dict(zip(NAMES, PLAIN[0], strict=True))


@pytest.mark.parametrize(("name", "mark"), [("csv", ","), ("tsv", "\t")])
def test_csv_and_tsv_have_null_as_an_empty_cell(fetch, name, mark):
    text = body(fetch(format=name, header="1")).decode()
    first = ["1", '"Kana ""K"", 花\t"', "0.5", "2026-11-30", '"[""a"",""b""]"', "true"]
    assert text.splitlines() == [mark.join(NAMES), mark.join(first), mark.join(["2", "", "NaN", "", "[]", ""])]


def test_a_text_like_a_formula_is_left_as_it_is(calls):
    job = keep(a_job(exports=False), {"t": ["=1+1"]})
    assert body(calls.get(f"/v3/job/result/{job.pk}", format="csv")) == b"=1+1\n"


@pytest.mark.parametrize("name", ["json", "msgpack", "msgpack.gz"])
def test_special_numbers_are_null_if_asked_for(fetch, name):
    data = body(fetch(format=name, nullify_special="true", header="false"))
    data = gzip.decompress(data) if name.endswith("gz") else data
    rows = [json.loads(line) for line in data.splitlines()] if name == "json" else list(_rows(data))
    assert rows == PLAIN


def _rows(data):
    unpacker = msgpack.Unpacker()
    unpacker.feed(data)
    return unpacker


def test_without_special_numbers_nothing_else_is_made(calls):
    job = keep(a_job(exports=False), {"n": [1]})
    answer = calls.get(f"/v3/job/result/{job.pk}", format="msgpack", nullify_special="true")
    assert (body(answer), answer["Accept-Ranges"]) == (b"\x91\x01", "bytes")


def test_a_format_that_is_not_known_is_422(fetch):
    assert fetch(format="xml").status_code == 422


def test_a_result_without_rows_is_empty(calls):
    job = keep(a_job(exports=False), {"n": pa.array([], pa.int64())})
    answers = {name: body(calls.get(f"/v3/job/result/{job.pk}", format=name)) for name in ("msgpack", "json", "csv")}
    assert set(answers.values()) == {b""}
    assert gzip.decompress(body(calls.get(f"/v3/job/result/{job.pk}", format="msgpack.gz"))) == b""
    assert calls.get(f"/v3/job/result/{job.pk}", format="msgpack")["Content-Length"] == "0"


# --- parts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["false", "true"])
@pytest.mark.parametrize("name", ["msgpack", "msgpack.gz"])
def test_any_part_is_that_part_of_the_whole(fetch, name, header):
    whole = body(fetch(format=name, header=header))
    size = len(whole)
    for start, end in [(0, 0), (0, size - 1), (3, 20), (size - 1, size - 1), (5, size + 99)]:
        answer = fetch({"Range": f"bytes={start}-{end}"}, format=name, header=header)
        assert (answer.status_code, body(answer)) == (206, whole[start : end + 1])
        assert answer["Content-Range"] == f"bytes {start}-{min(end, size - 1)}/{size}"
        assert int(answer["Content-Length"]) == len(whole[start : end + 1])


@pytest.mark.parametrize(("wanted", "part"), [("bytes=4-", slice(4, None)), ("bytes=-7", slice(-7, None))])
def test_a_part_may_be_open(fetch, wanted, part):
    whole = body(fetch(format="msgpack.gz"))
    assert body(fetch({"Range": wanted}, format="msgpack.gz")) == whole[part]


@pytest.mark.parametrize("wanted", ["bytes=9-4", "bytes=-", "lines=1-2", "bytes=0-1,3-4", "bytes=a-b"])
def test_what_is_no_part_is_all(fetch, wanted):
    assert fetch({"Range": wanted}, format="msgpack.gz").status_code == 200


@pytest.mark.parametrize("wanted", ["bytes=100000-", "bytes=-0"])
def test_a_part_beyond_the_end_is_416(fetch, wanted):
    answer = fetch({"Range": wanted}, format="msgpack.gz")
    size = len(body(fetch(format="msgpack.gz")))
    assert (answer.status_code, answer["Content-Range"]) == (416, f"bytes */{size}")


def test_a_broken_download_goes_on_if_nothing_has_changed(fetch):
    whole = fetch(format="msgpack.gz")
    data = body(whole)
    same = fetch({"Range": "bytes=5-", "If-Range": whole["ETag"]}, format="msgpack.gz")
    assert (same.status_code, body(same)) == (206, data[5:])
    other = fetch({"Range": "bytes=5-", "If-Range": '"another"'}, format="msgpack.gz")
    assert (other.status_code, body(other)) == (200, data)


def test_each_form_has_a_tag_of_its_own(fetch):
    forms = [(name, header) for name in ("msgpack", "msgpack.gz") for header in ("true", "false")]
    assert len({fetch(format=name, header=header)["ETag"] for name, header in forms}) == 4


def test_the_size_told_is_the_size_sent(calls, job):
    size = calls.get(f"/v3/job/show/{job.pk}").json()["result_size"]
    answer = calls.get(f"/v3/job/result/{job.pk}", format="msgpack.gz")
    assert size == int(answer["Content-Length"]) == len(body(answer))


# --- who, and when not --------------------------------------------------------------------------------------------


def test_rows_are_for_editors(api, viewer, job):
    assert api(viewer).get(f"/v3/job/result/{job.pk}").status_code == 403


def test_a_download_is_on_record(fetch, editor, job):
    body(fetch(format="csv"))
    entry = AuditEntry.objects.get(action="job.download_result")
    assert (entry.user, entry.target_id) == (editor, str(job.pk))
    assert (entry.details["file"], entry.details["rows"]) == ("result.csv", 2)


def test_a_download_in_parts_is_on_record_once(fetch):
    for wanted in ("bytes=10-19", "bytes=0-9", "bytes=20-"):
        fetch({"Range": wanted}, format="msgpack.gz")
    assert AuditEntry.objects.filter(action="job.download_result").count() == 1


def test_the_next_download_in_parts_is_on_record_again(fetch, monkeypatch):
    monkeypatch.setattr(job_results, "AT_ONCE", timedelta(0))
    for wanted in ("bytes=0-9", "bytes=10-", "bytes=0-9", "bytes=10-"):
        fetch({"Range": wanted}, format="msgpack.gz")
    assert AuditEntry.objects.filter(action="job.download_result").count() == 2


def test_parts_alone_do_not_go_unseen(fetch):
    fetch({"Range": "bytes=1-"}, format="msgpack.gz")
    AuditEntry.objects.update(at=timezone.now() - timedelta(hours=2))
    fetch({"Range": "bytes=1-"}, format="msgpack.gz")
    assert AuditEntry.objects.filter(action="job.download_result").count() == 2


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (JobState.QUEUED, "has not finished: there is no result yet"),
        (JobState.RUNNING, "has not finished: there is no result yet"),
        (JobState.ERROR, "has no result"),
    ],
)
def test_a_job_without_a_result_is_404_in_words(calls, state, says):
    answer = calls.get(f"/v3/job/result/{a_job(state).pk}", format="msgpack")
    assert (answer.status_code, says in answer.json()["message"]) == (404, True)


@pytest.mark.parametrize("name", ["json", "msgpack.gz"])
def test_a_result_that_was_deleted_is_404_in_words(calls, job, fetch, name):
    size = calls.get(f"/v3/job/show/{job.pk}").json()["result_size"]
    shutil.rmtree(job.folder)
    answer = fetch(format=name)
    assert (answer.status_code, "was deleted" in answer.json()["message"]) == (404, True)
    shown = calls.get(f"/v3/job/show/{job.pk}").json()
    assert (shown["result_size"], shown["num_records"]) == (size, 2)


def test_it_may_be_deleted_in_this_very_moment(fetch, job, monkeypatch):
    def gone(kept):
        shutil.rmtree(job.folder)
        raise FileNotFoundError

    monkeypatch.setattr(packed, "_alone", gone)
    assert fetch(format="msgpack").status_code == 404
