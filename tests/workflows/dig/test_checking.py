"""A project as a whole."""

from workflows.dig.checking import check, workflow_files

GOOD = {
    "main.dig": "+a:\n  call>: sub/load.dig\n+b:\n  require>: elsewhere\n",
    "sub/load.dig": "+x:\n  td>: own.sql\n",
    "sub/own.sql": "SELECT 1",
    "config/part.dig": "table: events\n",  # included by nobody here, and not a workflow
}


def told(project):
    return [str(problem) for problem in check(project)]


def test_only_files_of_the_root_are_workflows():
    assert workflow_files(GOOD) == ["main.dig"]
    assert check(GOOD) == []


def test_called_files_are_checked_in_their_own_folder():
    project = {**GOOD, "sub/load.dig": "+x:\n  td>: lost.sql\n+y:\n  call>: ../main\n"}
    assert told(project) == ["sub/load.dig, line 2: The project has no file sub/lost.sql. Did you mean sub/own.sql?"]


def test_a_file_that_several_workflows_include_is_told_of_once():
    part = {"config/part.dig": "a: 1\na: 2\n"}
    project = {**part, **{f"{name}.dig": "_export:\n  !include : config/part.dig\n" for name in ("one", "two")}}
    assert told(project) == ["config/part.dig, line 2: “a” stands in this map twice; the first is in line 1."]


def test_a_project_without_workflow_is_told_so():
    assert "has no workflow" in told({"sub/a.dig": "+a: {echo>: x}\n"})[0]


def test_many_large_files_have_a_limit():
    text = "".join(f"+t{n}:\n  echo>: {'x' * 200}\n" for n in range(900))
    assert "together, and no more" in told({f"w{n}.dig": text for n in range(6)})[0]


def test_a_parameter_for_a_file_that_is_missing_is_not_told_as_well():
    project = {"load.dig": "+a:\n  td>: sql/lost.sql\n  source: events\n  create_tabel: x\n"}
    lost, misspelt = told(project)
    assert lost == "load.dig, line 2: The project has no file sql/lost.sql."
    assert misspelt.startswith("load.dig, line 4: td> has no “create_tabel”. Did you mean create_table?")


def test_a_called_file_may_have_what_a_file_that_calls_it_exports():
    alert = "+tell:\n  mail>: {data: It failed}\n  subject: ${title}\n"
    main = "_export:\n  !include : 'team.yml'\n  title: Push\n+a:\n  call>: common/alert.dig\n"
    project = {"main.dig": main, "common/alert.dig": alert, "team.yml": "to: [ops@example.com]\n"}
    assert check(project) == []
    assert ["“to”" in one.text for one in check({**project, "team.yml": "cc: [ops@example.com]\n"})] == [True]
