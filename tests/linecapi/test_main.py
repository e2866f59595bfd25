import pytest

from linecapi.declared import COMMANDS
from linecapi.main import main
from tests.linecapi.conftest import KEY

LIST = "GET /v3/database/list"


def refusal(status, message, **more):
    return status, {"error": "x", "message": message, "text": message, "severity": "error", **more}


@pytest.mark.parametrize(
    ("status", "message", "code"),
    [
        (401, "This API key is not valid, has expired, or was revoked.", 6),
        (403, "This needs the role editor.", 6),
        (404, "Database x does not exist.", 5),
        (422, "Validation failed: name: is required", 1),
    ],
)
def test_what_the_server_refuses_is_one_line_and_an_exit_code(linecapi, td, status, message, code):
    td.answers(LIST, refusal(status, message))
    ended = linecapi("db:list")
    assert (ended.code, ended.out) == (code, "")
    assert ended.err.startswith(f"linecapi: {message}")
    assert ended.err.count("\n") == 1


def test_a_question_is_put_again_when_the_server_fails_for_a_moment(linecapi, td):
    td.answers(LIST, (503, b"<html>"), None, {"databases": []})
    ended = linecapi("db:list", "--json")
    assert (ended.code, ended.json, ended.err) == (0, [], "")
    assert ended.slept == [1.0, 2.0]


def test_what_changes_something_is_sent_once(linecapi, td):
    td.answers("POST /v3/database/create/shop", None)
    ended = linecapi("db:create", "shop")
    assert ended.code == 1
    assert "look before you repeat it" in ended.err
    assert len(td.asked) == 1


def test_a_server_that_is_not_there_is_named(call, home):
    ended = call("-k", KEY, "-e", "http://127.0.0.1:9", "db:list")
    assert ended.code == 1
    assert ended.err == (
        "linecapi: http://127.0.0.1:9 cannot be reached. Check the endpoint, and that the server runs.\n"
    )


def test_a_page_that_is_no_api_is_told(linecapi, td):
    td.answers(LIST, b"<html>Welcome</html>")
    assert "not as the API does. Check the endpoint." in linecapi("db:list").err
    td.answers(LIST, (404, b"<html>Not here</html>"))
    assert "not as the API does. Check the endpoint." in linecapi("db:list").err


def test_the_key_follows_no_redirect(linecapi, td):
    td.answers(LIST, (301, "https://console.test/v3/database/list"))
    assert "leads to https://console.test: give that as the endpoint." in linecapi("db:list").err
    assert len(td.asked) == 1


def test_a_name_that_is_nearly_a_commands_is_corrected(call):
    ended = call("job:lst")
    assert (ended.code, "Do you mean job:list?" in ended.err) == (2, True)


@pytest.mark.parametrize("argv", [["query", "-d"], ["job:list", "0"], ["query", "-d", "x", "-P", "urgent", "select 1"]])
def test_wrong_options_are_one_line_and_exit_code_2(call, argv):
    ended = call(*argv)
    assert ended.code == 2
    assert ended.err.startswith("linecapi: ")
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_each_command_has_help_with_examples(command, capsys):
    with pytest.raises(SystemExit) as ended:
        main([command.name, "--help"])
    assert ended.value.code == 0
    assert f"examples:\n  linecapi {command.name}" in capsys.readouterr().out


def test_help_lists_all_commands_and_exit_codes(call):
    out = call().out
    assert all(f"\n  {command.name} " in out for command in COMMANDS)
    assert "130 Ctrl-C" in out


def test_status_tells_whose_key_it_is_but_not_the_key(linecapi, td):
    td.answers("GET /v3/user/show", {"id": 1, "name": "Mori", "email": "mori@example.com"})
    ended = linecapi("status")
    assert ended.out == f"Endpoint : {td.url}\nUser     : Mori\nEmail    : mori@example.com\n"


def test_what_nobody_foresaw_is_one_line_too(linecapi, td):
    td.answers("GET /v3/job/show/19", {"status": "success", "hive_result_schema": "no\nJSON"})
    ended = linecapi("job:show", "19")
    assert (ended.code, ended.err.count("\n")) == (1, 1)
    assert "unforeseen JSONDecodeError" in ended.err


def test_a_proxy_of_the_environment_is_used_but_for_no_proxy(call, td, home, monkeypatch):
    monkeypatch.setenv("http_proxy", td.url)
    td.answers("GET /v3/system/server_status", {"status": "ok"})
    argv = ["-k", KEY, "-e", "http://console.test", "server:status"]
    assert call(*argv).out == "http://console.test: ok\n"
    assert td.asked[0].headers["host"] == "console.test"
    monkeypatch.setenv("no_proxy", "console.test")
    assert "is not known" in call(*argv).err
