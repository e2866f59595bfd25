"""Where the result of td> goes: to LINE by a saved authentication or a result_url, with secrets of the project."""

import json

import pytest

from exports.models import Job
from exports.run import run_job
from integrations.connectors.line_conversion.sandbox import Sandbox
from integrations.models import Authentication
from integrations.secrets import decrypt
from tests.workflows.factories import step, taken
from tests.workflows.shop import a_table, again, an_authentication, through, waiting
from workflows import secrets
from workflows.models import Project, TaskJob
from workflows.operators.base import TaskFailed

pytestmark = pytest.mark.django_db(transaction=True)
SQL = "select * from events"


@pytest.fixture
def line(settings):
    with Sandbox({"tag": "token", "other": "hidden-token"}) as sandbox:
        settings.LINE_CONVERSION_API_URL = sandbox.url
        yield sandbox


@pytest.fixture(autouse=True)
def shop(editor):
    project = Project.objects.create(name="steps")
    secrets.keep(project, "line.token", "hidden-token", user=editor)
    secrets.keep(project, "quoted", 'a"b\\', user=editor)
    return a_table("events")


def failure(editor, op="td", **values):
    with pytest.raises(TaskFailed) as raised:
        taken(step(editor, op, params={"database": "shop", "query": SQL, **values}))
    assert not Job.objects.exists()
    return raised.value.message


def test_a_saved_authentication_sends_the_rows(editor, line):
    saved = an_authentication()
    first, done, job = through(editor, "td", query=SQL, result_connection="line_test")
    assert (job.state, job.authentication, job.accepted) == ("success", saved, 3)
    assert sorted(event["event"]["deduplication_key"] for event in line.events) == ["k0", "k1", "k2"]
    assert done.stored["td"]["last_job"]["num_records"] == 3
    assert "the result is sent to line_test" in first.log.text


def test_settings_complete_it_and_their_secrets_are_kept_encrypted(editor, line):
    saved = an_authentication()
    settings = {"line_tag_id": "other", "access_token": "${secret:line.token}", "ignore_invalid_records": "false"}
    _, _, job = through(editor, "td", query=SQL, result_connection="line_test", result_settings=settings)
    used = job.authentication
    assert (job.accepted, job.settings["ignore_invalid_records"]) == (3, False)
    assert (used.inline, used.base, used.settings["line_tag_id"]) == (True, saved, "other")
    assert decrypt(used.encrypted) == {"access_token": "hidden-token"}
    assert "hidden-token" not in str([Job.objects.values().get(), Authentication.objects.values("name", "settings")])


def test_settings_may_be_the_json_of_an_expression(editor):
    an_authentication()
    text = '{"line_tag_id": "other", "max_records": "2000"}'
    _, job = waiting(editor, "td", query=SQL, result_connection="line_test", result_settings=text)
    assert (job.authentication.settings["line_tag_id"], job.settings["max_records"]) == ("other", 2000)


def test_a_result_url_is_json_or_a_table(editor, line):
    url = {"type": "line_conversion", "line_tag_id": "other", "access_token": "${secret:line.token}"}
    _, _, job = through(editor, "td", query=SQL, result_url=json.dumps(url))
    assert (job.state, job.accepted, job.authentication.inline) == ("success", 3, True)
    _, job = waiting(editor, "td", query=SQL, result_url="td://@/shop/copies?mode=replace")
    assert job.into == {"database": "shop", "table": "copies", "mode": "replace"}
    secrets.keep(Project.objects.get(), "whole", json.dumps({**url, "access_token": "x"}), user=editor)
    _, job = waiting(editor, "td", query=SQL, result_url="${secret:whole}")
    assert job.authentication.own_secrets() == {"access_token": "x"}


def test_a_secret_is_a_value_whatever_characters_it_has(editor):
    url = '{"type": "line_conversion", "line_tag_id": "t", "access_token": "${secret:quoted}"}'
    _, job = waiting(editor, "td", query=SQL, result_url=url)
    assert job.authentication.own_secrets() == {"access_token": 'a"b\\'}


def test_a_step_that_is_repeated_makes_no_second_authentication(editor):
    an_authentication()
    settings = {"line_tag_id": "other"}
    first, _ = waiting(editor, "td", query=SQL, result_connection="line_test", result_settings=settings)
    again(first, {})
    assert (Authentication.objects.count(), Job.objects.count()) == (2, 1)


def test_what_cannot_be_used_is_told_by_its_setting_and_leaves_nothing(editor):
    an_authentication()
    known = {"result_connection": "line_test"}
    for given, told in (
        ({"result_connection": "nobody"}, "result_connection: there is no authentication “nobody” that results"),
        ({"result_settings": {"max_retry": 1}}, "“result_settings” is used only with “result_connection”."),
        ({**known, "result_url": "x"}, "“result_url” and “result_connection” exclude each other."),
        ({**known, "result_settings": "a, b"}, "“result_settings” must be a map, not “a, b”."),
        ({**known, "result_settings": {"max_retry": "11"}}, "result_settings: max_retry: "),
        ({**known, "result_settings": {"line_tagid": "x"}}, "result_settings: line_tagid: is not known (perhaps line_"),
        ({**known, "result_settings": {"line_tag_id": ["x"]}}, "result_settings: line_tag_id: "),
        ({**known, "result_settings": {"a": "${td:key}"}}, "“result_settings” has “${td:key}”, which means nothing."),
        ({"result_url": "s3://bucket"}, "result_url: s3:// is not supported"),
        ({"result_url": "{"}, "result_url: is no valid JSON"),
        ({"result_url": '{"type": "line_conversion"}'}, "result_url: line_tag_id: "),
        ({"result_url": "td://@/none/events"}, "result_url: there is no database none"),
    ):
        assert told in failure(editor, **given), told
    assert Authentication.objects.count() == 1
    with pytest.raises(secrets.SecretMissing):
        taken(step(editor, "td", params={"database": "shop", "query": SQL, "result_url": "${secret:none}"}))


def test_no_message_quotes_a_secret(editor):
    secrets.keep(Project.objects.get(), "long", "sesame-" * 20, user=editor)
    told = failure(editor, result_url="${secret:long}")
    assert told.startswith("result_url: there is no authentication “••••••")
    assert "sesame" not in told


def test_a_table_takes_the_result_where_an_export_is_given_to_all_tasks(editor):
    an_authentication()
    first, job = waiting(editor, "td", query=SQL, result_connection="line_test", insert_into="copies")
    assert (job.exports, job.into["mode"]) == (False, "insert")
    assert first.log[0] == (
        "WARN",
        "The result goes into table shop.copies; “result_connection” has no effect on this task.",
    )


def test_the_result_of_a_job_is_exported_without_querying_again(editor, line):
    an_authentication()
    first, _, source = through(editor, "td", query=SQL)
    given = {"job_id": str(source.pk), "result_connection": "line_test", "result_settings": {}}
    _, done, job = through(editor, "td_result_export", **given)
    assert (job.parent, job.accepted, job.name, job.query) == (source, 3, "+daily+a", None)
    assert done.stored["td"]["last_job_id"] == str(job.pk)
    assert TaskJob.objects.filter(job=job).exclude(task=first.task).exists()


def test_a_job_without_a_result_is_told(editor):
    an_authentication()
    _, job = waiting(editor, "td", query=SQL)
    given = {"database": "shop", "result_connection": "line_test", "result_settings": {}}
    for said, told in (
        ("x", "“job_id” must be a whole number from 1 on, not “x”."),
        (None, "“job_id” must be a whole number from 1 on, not nothing."),
        (job.pk + 1, f"“job_id”: there is no job {job.pk + 1}."),
        (job.pk, f"“job_id”: job {job.pk} has not finished: there is no result yet."),
    ):
        with pytest.raises(TaskFailed) as raised:
            taken(step(editor, "td_result_export", params={**given, "job_id": said}))
        assert raised.value.message == told
    run_job(job.pk)
    (job.folder / "result.arrow").unlink()
    with pytest.raises(TaskFailed, match=f"The result of job {job.pk} was deleted"):
        taken(step(editor, "td_result_export", params={**given, "job_id": job.pk}))
