import pytest

from tests.linecapi.conftest import KEY

UP = {"status": "ok"}


def conf(home, text):
    (home / ".td").mkdir()
    (home / ".td" / "td.conf").write_text(text, encoding="utf-8")


def test_the_key_and_the_server_come_from_the_environment(linecapi, td):
    td.answers("GET /v3/job/status/19", {"status": "success", "job_id": "19"})
    assert linecapi("job:status", "19").out == "success\n"
    assert td.asked[0].headers["authorization"] == f"TD1 {KEY}"


def test_the_toolbelts_file_is_read(call, td, home):
    conf(home, f"# made by td account\n[account]\n  user = me@example.com\n  apikey = {KEY}\n  endpoint = {td.url}\n")
    td.answers("GET /v3/system/server_status", UP)
    assert call("server:status").code == 0
    assert td.asked[0].headers["authorization"] == f"TD1 {KEY}"


@pytest.mark.parametrize("before", [True, False])
def test_options_win_and_may_stand_before_and_after_the_command(linecapi, td, before):
    td.answers("GET /v3/system/server_status", UP)
    given = ["-k", "1/other", "-e", td.url + "/"]
    linecapi(*(given if before else []), "server:status", *([] if before else given))
    assert td.asked[0].headers["authorization"] == "TD1 1/other"


def test_without_a_key_it_says_where_one_goes(call, td, home):
    ended = call("-e", td.url, "job:list")
    assert (ended.code, ended.out) == (2, "")
    assert "TD_API_KEY" in ended.err
    assert f"{home}/.td/td.conf" in ended.err
    assert not td.asked


def test_a_key_goes_to_no_server_that_nobody_named(call, home):
    ended = call("-k", KEY, "job:list")
    assert ended.code == 2
    assert "TD_API_SERVER" in ended.err
    assert KEY not in ended.err


@pytest.mark.parametrize(
    ("endpoint", "says"),
    [
        ("ftp://console.test", "must look like https://console.example.com"),
        ("http://user:secret@console.test", "must look like https://console.example.com"),
        ("http://console.test:port", "must look like https://console.example.com"),
        ("https://console.test/v3", "must end after host and port: https://console.test"),
    ],
)
def test_an_endpoint_that_cannot_be_one_is_told(call, home, endpoint, says):
    ended = call("-k", KEY, "-e", endpoint, "job:list")
    assert ended.code == 2
    assert says in ended.err
    assert "secret" not in ended.err


def test_a_line_of_the_file_that_is_none_is_named(call, home):
    conf(home, "[account]\nwhat is this\n")
    assert "td.conf, line 2: write it as name = value." in call("job:list").err
