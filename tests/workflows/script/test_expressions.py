"""Expressions as real workflows write them. The values of moment are those of digdag's own tests."""

from pathlib import Path

import pytest

from workflows.script.expressions import ScriptError, Scripts, ScriptUnavailable

MOMENT = Path(__file__).parents[3] / "build/workflows/moment.min.js"
scripts = Scripts(MOMENT)
PARAMS = {
    "timezone": "Asia/Tokyo",
    "session_time": "2026-03-01T00:00:00+09:00",
    "session_unixtime": 1772290800,
    "brands": {"shop_jp": {"connector": "line_jp", "columns": ["url", "email"]}, "shop_us": {"connector": "line_us"}},
    "td": {"last_results": {"n": 3, "missing": None}},
    "flag": True,
}


def test_it_evaluates_all_that_workflows_ask_for_and_makes_text_of_everything():
    tree = {
        "day": "${moment(session_time).subtract(1, 'day').format('YYYY-MM-DD')}",
        "again": "${day}T${day}",
        "keys": "${Object.keys(brands)}",
        "indexed": "${brands['shop_jp'].columns[1]}",
        "number": "${td.last_results.n + 1}",
        "null": "[${td.last_results.missing}]",
        "undefined": "[${td.last_results.nothing}]",
        "chosen": "${td.last_results.n > 2 && flag ? 'many' : 'few'}",
        "map": "${brands.shop_us}",
        "json": "${JSON.stringify({at: session_unixtime})}",
        "function": "${brands.shop_jp.columns.map(function (c) { return c + '_x' }).join()}",
        "array": "${Object.prototype.toString.call(brands) === '[object Array]' ? 1 : 0}",
        "token": "${secret:line.token}",
        "list": ["${flag}", 7, {"deep": "$$${flag}"}],
        "_do": {"+later": {"echo>": "${undefined_yet.x}"}},
        "日本": "${'語\\u0000' + '\\n'}",
    }

    assert scripts.evaluate(tree, PARAMS) == tree | {
        "day": "2026-02-28",
        "again": "2026-02-28T2026-02-28",
        "keys": '["shop_jp","shop_us"]',
        "indexed": "email",
        "number": "4",
        "null": "[]",
        "undefined": "[]",
        "chosen": "many",
        "map": '{"connector":"line_us"}',
        "json": '{"at":1772290800}',
        "function": "url_x,email_x",
        "array": "0",
        "list": ["true", 7, {"deep": "$true"}],
        "日本": "語\0\n",
    }


@pytest.mark.parametrize(
    ("zone", "texts"),
    [
        ("UTC", ["2016-03-13T10:00:00+00:00", "2016-03-12T10:00:00+00:00", "2016-03-13 10:00:00 +00:00"]),
        (
            "America/Los_Angeles",
            ["2016-03-13T03:00:00-07:00", "2016-03-12T03:00:00-08:00", "2016-03-13 03:00:00 -07:00"],
        ),
    ],
)
def test_moment_knows_the_time_zone_of_the_workflow_and_its_summer_time(zone, texts):
    params = {"timezone": zone, "session_time": "2016-03-13T10:00:00Z"}
    tree = {
        "now": "${moment(session_time).format()}",
        "before": "${moment(session_time).add(-1, 'days').format()}",
        "sql": '${moment(session_time).format("YYYY-MM-DD HH:mm:ss Z")}',
        "utc": "${moment(session_time).utc().format()}",
    }

    assert list(scripts.evaluate(tree, params).values()) == [*texts, "2016-03-13T10:00:00Z"]


def test_a_template_file_is_rendered_whole_as_the_line_exports_in_the_wild_are_written():
    sql = (
        "SELECT phone, '^a$$'${(Object.prototype.toString.call(result_params) === '[object Array]')"
        "?','+result_params.join():''}\nFROM ${td.table} -- $x"
    )
    params = {"result_params": ["url", "email"], "td": {"table": "events"}}

    rendered = scripts.render(sql, params, name="query/push_line.sql")
    assert rendered == "SELECT phone, '^a$',url,email\nFROM events -- $x"
    with pytest.raises(ScriptError) as caught:
        scripts.render(sql, {"result_params": 1, "td": None}, name="query/push_line.sql")
    assert str(caught.value).startswith("query/push_line.sql, line 2: ${td.table} cannot be evaluated: cannot read")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (
            "sesion_time",
            "cannot be evaluated: sesion_time is not defined. Did you mean session_time or session_unixtime?",
        ),
        ("td.nothing.x", "cannot be evaluated: cannot read property 'x' of undefined."),
        ("1 +", "cannot be evaluated: unexpected token in expression: ')'."),
        ("moment", "is a function, not a value. Call it."),
        ("'\\ud800'", "makes half of a character, which is no text."),
    ],
)
def test_an_error_names_the_expression_and_its_place(code, reason):
    with pytest.raises(ScriptError) as caught:
        scripts.evaluate({"td": {"list": ["x", f"${{{code}}}"]}}, PARAMS)

    assert str(caught.value) == f"td.list[1]: ${{{code}}} {reason}"
    assert (caught.value.where, caught.value.code) == ("td.list[1]", code)


def test_no_operator_is_suggested_for_a_variable():
    with pytest.raises(ScriptError, match=r"td is not defined\.$"):
        scripts.evaluate({"td>": "query.sql", "create_table": "${td.table}"}, {})


def test_what_an_expression_leaves_behind_is_gone_with_its_value():
    spoil = "${Object.prototype.evil = 1, JSON.stringify = Date = moment = null, leaked = flag = 2}"
    tree = {"spoil": spoil, "after": "${typeof leaked}${({}).evil}${flag}${moment(0).utc().year()}${[1]}"}

    assert scripts.evaluate(tree, PARAMS) == {"spoil": "2", "after": "undefinedtrue1970[1]"}


def test_bad_parameters_are_refused_before_anything_runs():
    for params, reason in [
        ({"timezone": "Mars/Base"}, "timezone: Mars/Base is no time zone"),
        ({"timezone": "../../../etc/passwd"}, "is no time zone"),
        ({"a": float("nan")}, "no JSON"),
        ({"a": "x" * 5_000_000}, "hold more than 4,194,304 bytes"),
    ]:
        with pytest.raises(ScriptError, match=reason):
            scripts.evaluate({"key": "${1}"}, params)
    with pytest.raises(ScriptUnavailable, match="make setup"):
        Scripts(MOMENT.parent / "none.js").evaluate({"key": "${1}"}, {})
    assert Scripts(MOMENT.parent / "none.js").evaluate({"key": "$$ ${secret:a}"}, {}) == {"key": "$ ${secret:a}"}
