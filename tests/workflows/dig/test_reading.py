"""Workflows and their tasks, and what is told of those that cannot run."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workflows.dig.test_yaml import TEXTS
from workflows.dig.model import Parallel, Retry
from workflows.dig.nodes import plain
from workflows.dig.operators import OPERATORS
from workflows.dig.problems import DigError
from workflows.dig.reading import read

FILES = {"q.sql": "SELECT ${target}", "queries/load.sql": "SELECT 1", "mail.txt": "Hi", "sub/b.dig": "+x: {echo>: 1}\n"}
LINE_EXPORT = """\
_export:
  td:
    database: td.database

+line_messaging_export_task:
  td>: export_line_messaging.sql
  database: ${td.database}
  result_connection: %s
  result_settings:
    line_tag_id: tag_id_1234
    access_token: abc1234
    ignore_invalid_records: true
"""
DAILY = """\
timezone: Asia/Tokyo
schedule:
  daily>: 07:00:00
_export:
  td: {database: shop_jp}
  !include : config/tables.yml
_retry: 2
_error:
  mail>: {data: 'failed: ${error.message}'}
  subject: failed
  to: [ops@example.com]

+prepare:
  _parallel: {limit: 2}
  _retry: {limit: 3, interval: 10, interval_type: exponential}
  +events:
    td_ddl>:
    empty_tables: ["events_${session_date_compact}"]
  +old:
    _disable: true
    py>: tasks.load
+each:
  for_each>:
    country: [jp, th]
  _parallel: ${wide}
  _do:
    +load:
      td>: queries/load.sql
      insert_into: events
    +many:
      if>: ${td.last_job.num_records > 0}
      _do:
        echo>: ${country}
      _else_do:
        +none: {fail>: none}
  _check:
    echo>: done
"""


def workflow(text, **others):
    return read({**FILES, "a.dig": text, **others}, "a.dig")


def problems(text):
    with pytest.raises(DigError) as caught:
        workflow(text)
    return [f"{one.place.line}: {one.text}" for one in caught.value.problems]


def test_the_documented_export_to_line_is_read():
    found = workflow(LINE_EXPORT % "line_jp", **{"export_line_messaging.sql": "SELECT 1"})
    [task] = found.tasks
    assert (found.name, task.name, task.full_name, task.op, task.line) == (
        "a",
        "+line_messaging_export_task",
        "+a+line_messaging_export_task",
        "td",
        5,
    )
    assert plain(task.command) == "export_line_messaging.sql"
    assert task.plain_params() == {
        "database": "${td.database}",
        "result_connection": "line_jp",
        "result_settings": {"line_tag_id": "tag_id_1234", "access_token": "abc1234", "ignore_invalid_records": True},
    }


def test_a_placeholder_in_braces_is_told_to_be_a_map():
    with pytest.raises(DigError, match=r"line 8: “result_connection” must be text.* write it without them"):
        workflow(LINE_EXPORT % "{your_connection_name}", **{"export_line_messaging.sql": "SELECT 1"})


def test_a_workflow_is_read_in_the_order_of_its_file():
    found = workflow(DAILY, **{"config/tables.yml": "events: events\n"})
    prepare, each = found.tasks
    assert (found.timezone, plain(found.schedule)) == ("Asia/Tokyo", {"daily>": "07:00:00"})
    assert (found.retry, prepare.parallel, each.parallel) == (Retry(2), Parallel(True, 2), Parallel("${wide}"))
    assert prepare.retry == Retry(3, 10, None, exponential=True)
    assert (prepare.op, prepare.subtasks[1].disabled, prepare.subtasks[1].op) == (None, True, None)
    assert [task.full_name for task in found.walk()] == [
        "+a+prepare",
        "+a+prepare+events",
        "+a+prepare+old",
        "+a+each",
        "+a+each^sub",
        "+a+each^sub+load",
        "+a+each^sub+many",
        "+a+each^sub+many^sub",
        "+a+each^sub+many^sub",
        "+a+each^sub+many^sub+none",
        "+a+each^check",
        "+a^error",
    ]
    assert {name: plain(value) for name, value in found.export.items()} == {
        "td": {"database": "shop_jp"},
        "events": "events",
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("foo: 1\n", "1: The workflow includes an unknown key, “foo”."),
        ("_exprt: {a: 1}\n", "1: The workflow includes an unknown key, “_exprt”. Did you mean _export?"),
        ("load:\n  echo>: x\n", "1: The workflow includes an unknown key, “load”. Did you mean +load?"),
        ("echo>: x\n", "1: echo> must stand in a task"),
        ("timezone: JST\n", "1: There is no time zone “JST”."),
        ("schedule: daily\n", "1: “schedule” must be a map"),
        ("sla:\n  time: 02:00\n", "1: “sla” is not supported."),
        ("+a:\n  _background: true\n  echo>: x\n", "2: “_background” is not supported."),
        ("+a:\n  _after: [+b]\n  echo>: x\n", "2: “_after” is not supported."),
        ("+a:\n  echo>: x\n  fail>: y\n", "3: A task has one operator; this one has echo> and fail>."),
        ("+a:\n  echo>: x\n  +b:\n    echo>: y\n", "3: A task has an operator or tasks, not both: echo> and +b."),
        ("+a b:\n  echo>: x\n", "1: The name of a task cannot have “ ”"),
        ("+a:\n  py>: x\n", "2: py> runs Python; it is not supported."),
        ("+a:\n  td_lod>: x\n", "2: There is no operator td_lod>. Did you mean td_load"),
        ("+a:\n  echo: x\n", "2: “echo” is not known here"),
        ("+a: text\n", "1: “+a” must be a map"),
        ("+a:\n  echo>: x\n  colour: red\n", "3: echo> has no “colour”. It has no parameters."),
        ("+a:\n  td>: q.sql\n  databse: x\n", "3: td> has no “databse”. Did you mean database?"),
        ("+a:\n  td>: q.sql\n  unused: x\n", "One of your own must be used, as ${unused}."),
        ("+a:\n  td>: query/load.sql\n", "2: The project has no file query/load.sql. Did you mean queries/load.sql?"),
        ("+a:\n  td>: ../q.sql\n", "2: “../q.sql” leads out of the project."),
        ("+a:\n  td>:\n", "1: td> needs the path of a file, or “query” below it."),
        ("+a:\n  td>: q.sql\n  query: SELECT 1\n", "3: td> has a value, so that “query” would not be used."),
        ("+a:\n  td>: {dta: x}\n", "2: “td>” does not have “dta”. Did you mean data?"),
        ("+a:\n  td>: q.sql\n  create_table: a\n  insert_into: b\n", "4: “create_table” and “insert_into” exclude"),
        (
            "+a:\n  td>: q.sql\n  insert_into: a\n  result_url: b\n",
            "“insert_into” and “result_url” exclude each other.",
        ),
        (
            "+a:\n  td>: q.sql\n  create_table: a\n  download_file: a.csv\n",
            "4: “create_table” and “download_file” exclude each other. What is written into a table is not kept",
        ),
        ("+a:\n  td>: q.sql\n  insert_into: a\n  download_file: a.csv\n", "“insert_into” and “download_file” exclude"),
        ("+a:\n  td_run>: q\n  download_file: ../a.csv\n", "3: “download_file”: “../a.csv” leads out of the project."),
        ("+a:\n  td>: q.sql\n  download_file: /a.csv\n", "3: “download_file”: “/a.csv” leads out of the project."),
        ("+a:\n  td_run>: q\n  download_file: reports/\n", "3: “download_file”: “reports/” names a folder"),
        ("+a:\n  td_run>: q\n  download_file: [a]\n", "3: “download_file” must be text, not a list."),
        (
            "+a:\n  td>: q.sql\n  result_settings: {a: 1}\n",
            "3: “result_settings” is used only with “result_connection”.",
        ),
        ("+a:\n  td>: q.sql\n  engine: spark\n", "3: “engine” must be presto or trino or hive, not “spark”."),
        ("+a:\n  td>: q.sql\n  priority: 3\n", "3: “priority” must be a whole number from -2 to 2, not 3."),
        ("+a:\n  td>: q.sql\n  store_last_results: on\n", "3: “store_last_results” must be true or false, not “on”."),
        ("+a:\n  td>: q.sql\n  _do:\n    echo>: x\n", "3: “_do” goes with an operator with a body"),
        ("+a:\n  td_ddl>:\n    create_tables: [a]\n", "3: “td_ddl>” must be left empty"),
        ("+a:\n  td_ddl>:\n  create_tables: a\n", "3: “create_tables” must be a list"),
        ("+a:\n  td_ddl>:\n  rename_tables: [{from: a}]\n", "3: “rename_tables” needs “to”."),
        ("+a:\n  td_result_export>:\n  job_id: 1\n", "1: td_result_export> needs “result_connection”"),
        ("+a:\n  if>: maybe\n  _do: {}\n", "2: “if>” must be true or false, not “maybe”."),
        ("+a:\n  if>: true\n", "1: if> needs _do or _else_do"),
        ("+a:\n  loop>: 3\n  _else_do: {}\n  _do: {}\n", "3: “_else_do” goes with if>."),
        ("+a:\n  loop>: 3\n  _do:\n", "3: “_do” is empty"),
        ("+a:\n  for_each>: {a: 1}\n  _do: {}\n", "2: “for_each>”: “a” must be a list, not 1."),
        (
            "+a:\n  for_range>: {from: 1, to: 9, step: 1, slices: 2}\n  _do: {}\n",
            "takes either step or slices, not both",
        ),
        ("+a:\n  call>: sub/c\n", "2: The project has no file sub/c.dig. Did you mean sub/b.dig?"),
        ("+a:\n  require>: b\n  project_id: 1\n  project_name: x\n", "4: “project_id” and “project_name” exclude"),
        ("+a:\n  wait>: 10\n", "2: “wait>” must be a duration such as 30s, 10m or 1h 30m, not 10."),
        ("+a:\n  mail>: mail.txt\n  to: a@example.com\n", "1: mail> needs “subject”"),
        ("+a:\n  mail>: mail.txt\n  to: a\n  subject: b\n  host: c\n", "5: “host”: Mail is sent with the server's own"),
        ("+a:\n  http>: https://example.com\n  headers: {a: b}\n", "3: “headers” must be a list of headers"),
        ("+a:\n  _retry: {limt: 1}\n  echo>: x\n", "2: “_retry” does not have “limt”. Did you mean limit?"),
        ("+a:\n  _retry: true\n  echo>: x\n", "2: “_retry” must be a number up to 1,000, or a map"),
        ("+a:\n  _retry: 1000000000\n  echo>: x\n", "2: “_retry” must be a number up to 1,000, or a map"),
        ("+a:\n  _retry: ${n}\n  +b: {echo>: x}\n", "2: “_retry” cannot have ${…} in a group"),
        ("_parallel: 3\n", "1: “_parallel” must be true, false or {limit: 2}, not 3."),
        ("+a:\n  _disable: ${x}\n", "2: “_disable” must be true or false"),
        ("+a:\n  _export: 1\n  echo>: x\n", "2: “_export” must be a map, not 1."),
        ("_error:\n  sh>: x\n", "2: sh> runs a shell command; it is not supported."),
        ("_error: [a]\n", "1: “_error” must be a map"),
    ],
)
def test_what_cannot_run_is_told_with_its_line(text, told):
    assert any(told in one for one in problems(text)), problems(text)


@pytest.mark.parametrize(
    "text",
    [
        "+a:\n  td>: q.sql\n  target: events\n",  # a variable of the query's
        "+a:\n  td>: ${file}.sql\n  target: events\n",
        "+a:\n  td>: q.sql\n  target: x\n  download_file: a/b.csv\n+b:\n  td_run>: q\n  download_file: ../${f}.csv\n",
        "+a:\n  mail>: mail.txt\n  subject: b\n  to: a\n  attach_files: [{path: a/b.csv}, {path: '${f}.csv'}]\n",
        "+a:\n  td_ddl>:\n  suffix: _x\n  create_tables: ['t${suffix}']\n",
        "+a:\n  td>:\n    data: SELECT 1\n  priority: ${p}\n",
        "+a:\n  td_for_each>:\n  query: SELECT 1\n  _do: {echo>: '${td.each.a}'}\n",
        "_export: {td: {result_connection: c}}\n+a:\n  td>: q.sql\n  result_settings: '{\"a\": 1}'\n",
        "_export: {mail: {to: [a], subject: b}}\n+a:\n  mail>: mail.txt\n",
        "+a:\n  _type: echo\n  _command: x\n",
        "+a:\n  for_each>: ${JSON.parse(list)}\n  _do: {}\n",
        "+a:\n  for_each>: {a: '[1, 2]'}\n  _do: {}\n",
        "+a:\n  for_range>: {from: 0, to: '10', slices: 3}\n  _do: {}\n",
        "+a:\n  call>: sub/b\n",
        "+a:\n  td_run>: 12345\n  session_time: 2026-01-01T00:00:00+09:00\n",
        "+a:\n  wait>: 1h 30m\n",
        "+a:\n  http>: https://example.com\n  content: {a: [1]}\n  headers:\n  - Accept: application/json\n",
        "+a:\n+b:\n  _export: {x: 1}\n",
    ],
)
def test_it_is_read(text):
    assert workflow(text).tasks


def test_paths_count_from_the_folder_of_the_workflow():
    files = {"sub/c.dig": "+a:\n  td>: ../q.sql\n+b:\n  td>: own.sql\n", "sub/own.sql": "", "q.sql": ""}
    assert len(read(files, "sub/c.dig").tasks) == 2


def test_a_file_name_that_no_workflow_can_have_is_told():
    with pytest.raises(DigError, match="name of a workflow starts with"):
        read({"2026.dig": "+a: {echo>: x}\n"}, "2026.dig")


def test_all_problems_are_told_at_once():
    text = "foo: 1\n+a:\n  td>: no.sql\n  engine: x\n+b:\n  sh>: x\n  _error:\n    rb>: y\n"
    assert [one.split(":")[0] for one in problems(text)] == ["1", "3", "4", "6", "8"]


@pytest.mark.parametrize("operator", OPERATORS.values(), ids=list(OPERATORS))
def test_every_operator_takes_what_is_computed_later(operator):
    lines = ["+a:", f"  {operator.name}>: {'${x}' if operator.name != 'td_ddl' else ''}"]
    lost = {one.second for one in operator.conflicts} | {one.first for one in operator.conflicts} | {operator.instead}
    lost |= {name for name, needed in operator.needs.items() if needed in lost}
    lines += [f"  {param.name}: ${{x}}" for param in operator.params if param.name not in lost]
    lines += [f"  {body}: {{}}" for body in operator.bodies]
    found = workflow("\n".join(lines)).tasks[0]
    assert set(found.params) == {param.name for param in operator.params} - lost


LINES = st.sampled_from(
    ["+a:", "  td>: q.sql", "  +b:", "    loop>: 2", "    _do:", "      echo>: x", "_retry: 1", "  _parallel: true",
     "    _error:", "  database: x", "  if>: ${a}", "  _do: {}", "_export:", "  x: 1", "  for_range>:", "timezone: {}"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(LINES).map("\n".join) | TEXTS)
def test_any_text_is_a_workflow_or_has_problems_within_the_file(text):
    try:
        found = workflow(text)
    except DigError as error:
        lines = text.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1
        assert error.problems
        assert all(1 <= one.place.line <= lines for one in error.problems if one.place.file == "a.dig")
    else:
        assert all(task.full_name.startswith("+a") for task in found.walk())
