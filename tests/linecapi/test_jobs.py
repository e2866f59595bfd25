import gzip

import msgpack
import pytest

from tests.linecapi.conftest import job

LIST, SHOW, RESULT = "GET /v3/job/list", "GET /v3/job/show/19", "GET /v3/job/result/19"
TARGET = '{"type": "line_conversion", "access_token": "hidden"}'


def test_jobs_are_listed_in_columns(linecapi, td):
    td.answers(LIST, {"jobs": [job(20, "running"), job(result=TARGET)], "count": 2, "from": 0, "to": 19})
    lines = linecapi("job:list").out.splitlines()
    heads = ["JobID", "Status", "Start", "Elapsed", "Rows", "Priority", "Type", "Database", "Result", "Query"]
    assert lines[0].split() == heads
    assert lines[3].startswith("19     success  2026-11-30 14:00:00 UTC")
    assert "1m 03s" in lines[3]
    assert "line_conversion" in lines[3]
    assert "hidden" not in lines[3]


@pytest.mark.parametrize(
    ("options", "params"),
    [
        ([], {"from": "0", "to": "19"}),
        (["5", "-p", "3", "-E"], {"from": "10", "to": "14", "status": "error"}),
        (["-s", "4", "-R"], {"from": "4", "to": "23", "status": "running"}),
    ],
)
def test_which_jobs_are_listed(linecapi, td, options, params):
    td.answers(LIST, {"jobs": []})
    linecapi("job:list", *options)
    assert td.asked[0].params == params


def test_programs_get_jobs_with_times_and_without_secrets(linecapi, td):
    td.answers(LIST, {"jobs": [job(result=TARGET)]})
    told = linecapi("job:list", "--json").json[0]
    assert (told["job_id"], told["start_at"], told["num_records"]) == ("19", "2026-11-30T14:00:00Z", 2)
    assert told["result"] == '{"type": "line_conversion", "access_token": "********"}'


def test_a_job_is_shown_with_its_log(linecapi, td):
    td.answers(SHOW, job(query="select 1\nfrom t", debug={"cmdout": "Querying", "stderr": "nothing"}))
    out = linecapi("job:show", "-v", "19").out
    assert "Query       : select 1\n              from t\n" in out
    assert "Log         : Querying\nDetails     : nothing\n" in out


def test_a_job_is_waited_for_and_its_end_is_the_exit_code(linecapi, td):
    td.answers(SHOW, job(status="running"), job(status="killed"))
    ended = linecapi("job:show", "-w", "19")
    assert (ended.code, ended.slept) == (4, [0.5])
    assert "Status      : killed" in ended.out


def test_a_job_that_is_missing_is_exit_code_5(linecapi, td):
    td.answers(SHOW, (404, {"message": "Couldn't find Job with account_id = 1, id = 19"}))
    assert linecapi("job:show", "19").code == 5


@pytest.mark.parametrize(
    ("former", "says"),
    [
        ("running", "Job 19 is killed."),
        ("queued", "Job 19 is canceled."),
        ("success", "Job 19 has already finished (success)."),
    ],
)
def test_killing_tells_what_was(linecapi, td, former, says):
    td.answers("POST /v3/job/kill/19", {"job_id": "19", "former_status": former})
    ended = linecapi("job:kill", "19")
    assert (ended.code, ended.out) == (0, f"{says}\n")


def test_packed_rows_are_written_as_they_are(linecapi, td, tmp_path):
    packed = gzip.compress(msgpack.packb([1, "a"]))
    td.answers(SHOW, job())
    td.answers(RESULT, packed)
    linecapi("job:result", "19", "-o", str(tmp_path / "rows.msgpack.gz"))
    assert (tmp_path / "rows.msgpack.gz").read_bytes() == packed
    assert td.asked[-1].params == {"format": "msgpack.gz"}


def test_rows_of_a_failed_job_are_not_asked_for(linecapi, td):
    td.answers(SHOW, job(status="error"))
    ended = linecapi("job:result", "19")
    assert (ended.code, len(td.asked)) == (3, 1)


def test_a_result_that_is_refused_leaves_no_file(linecapi, td, tmp_path):
    td.answers(SHOW, job())
    td.answers(RESULT, (403, {"message": "This needs the role editor."}))
    ended = linecapi("job:result", "19", "-o", str(tmp_path / "rows.csv"))
    assert (ended.code, list(tmp_path.iterdir())) == (6, [])
    assert "This needs the role editor." in ended.err


def test_a_cell_cannot_steer_a_terminal(linecapi, td):
    td.answers(SHOW, job())
    td.answers(RESULT, msgpack.packb([1, "\x1b[2J\nrm"]))
    assert linecapi("job:result", "19").out.splitlines()[2] == "1   �[2J rm"
