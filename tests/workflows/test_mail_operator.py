"""mail>, through a mail server on this machine."""

import pytest

from tests.exports.notify.servers import MailServer, running
from tests.workflows.factories import step, taken
from workflows.operators.base import Done, TaskFailed

pytestmark = pytest.mark.django_db
TO = {"subject": "Done", "to": "kana@shop.example"}


@pytest.fixture(autouse=True)
def mail_server(settings):
    settings.EMAIL_MISSING = []
    settings.DEFAULT_FROM_EMAIL = "Console <console@shop.example>"
    with running(MailServer()) as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        yield server


def mail(user, command, params, **more):
    one = step(user, "mail", command, params=params, **more)
    assert taken(one) == Done()
    return one


def test_a_file_is_sent_with_its_expressions_computed(editor, mail_server):
    files = {"jp/done.txt": "${rows} Zeilen für ${brand}\n"}
    one = mail(editor, "done.txt", TO, files=files, folder="jp", variables={"rows": 3, "brand": "明治"})
    (sent,) = mail_server.mails
    assert (sent["To"], sent["From"], sent["Subject"]) == (
        "kana@shop.example",
        "Console <console@shop.example>",
        "Done",
    )
    assert sent.get_content().strip() == "3 Zeilen für 明治"
    assert one.log.text == "Sent to k•••@shop.example."


@pytest.mark.parametrize(("command", "body"), [({"data": "as data"}, {}), (None, {"body": "as body"})])
def test_text_is_sent_as_it_stands(editor, mail_server, command, body):
    mail(editor, command, {**TO, **body, "html": "true"})
    (sent,) = mail_server.mails
    assert sent.get_content_type() == "text/html"
    assert sent.get_content().strip() == (body.get("body") or "as data")


def test_copies_and_files_of_the_project(editor, mail_server):
    attach = [{"path": "a.csv", "content_type": "text/csv"}, {"path": "a.csv", "filename": "b\n.bin"}]
    params = {**TO, "to": '["a@x.example", "Mei <b@x.example>"]', "cc": "c@x.example", "bcc": ["d@x.example"]}
    one = mail(editor, {"data": "x"}, {**params, "attach_files": attach}, files={"a.csv": "id\n1\n"})
    (sent,) = mail_server.mails
    assert (sent["To"], sent["Cc"], sent["Bcc"]) == ("a@x.example, Mei <b@x.example>", "c@x.example", None)
    assert "d•••@x.example" in one.log.text
    _, csv, binary = sent.iter_parts()
    assert (csv.get_filename(), csv.get_content_type(), csv.get_content().split()) == ("a.csv", "text/csv", ["id", "1"])
    assert (binary.get_filename(), binary.get_content()) == ("b .bin", b"id\n1\n")


@pytest.mark.parametrize(
    ("sender", "header", "value"),
    [("Flow <flow@SHOP.example>", "From", "Flow <flow@SHOP.example>"), ("x@td.example", "Reply-To", "x@td.example")],
)
def test_a_sender_of_another_domain_gets_the_answers(editor, mail_server, sender, header, value):
    mail(editor, {"data": "x"}, {**TO, "from": sender})
    assert mail_server.mails[0][header] == value


def test_a_line_break_in_the_subject_makes_no_header(editor, mail_server):
    mail(editor, {"data": "x"}, {**TO, "subject": "failed:\r\nBcc: all@x.example\n\nhi"})
    (sent,) = mail_server.mails
    assert (sent["Subject"], sent["Bcc"]) == ("failed: Bcc: all@x.example hi", None)


def test_each_try_of_a_step_has_the_same_message_id(editor, mail_server):
    one = mail(editor, {"data": "x"}, TO)
    taken(one)
    first, second = (sent["Message-ID"] for sent in mail_server.mails)
    assert first == second
    assert one.key in first


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"to": "kana"}, "“to”: “k•••” is no e-mail address"),
        ({"to": "a@x.example, b@x.example"}, "is no e-mail address"),
        ({"to": "a@x.example\nBcc: b@x.example"}, "is no e-mail address"),
        ({"to": []}, "needs “to”"),
        ({"cc": [f"a{n}@x.example" for n in range(100)]}, "at most 100 addresses, not 101"),
        ({"attach_files": [{"path": "../../etc/passwd"}]}, "leads out of the project"),
        ({"attach_files": [{"path": "daily.dig", "content_type": "x\ny"}]}, "must be a type such as text/csv"),
    ],
)
def test_what_cannot_be_sent_is_told(editor, mail_server, params, told):
    with pytest.raises(TaskFailed, match=told):
        taken(step(editor, "mail", {"data": "x"}, params={**TO, **params}))
    assert mail_server.mails == []


def test_a_server_without_e_mail_says_what_to_set(editor, settings):
    settings.EMAIL_MISSING = ["EMAIL_URL"]
    with pytest.raises(TaskFailed, match="E-mail is not set up: set EMAIL_URL"):
        taken(step(editor, "mail", {"data": "x"}, params=TO))


def test_a_refusal_names_nobody(editor, mail_server):
    mail_server.refuses = {"RCPT": "550 no such user"}
    with pytest.raises(TaskFailed) as error:
        taken(step(editor, "mail", {"data": "x"}, params=TO))
    assert error.value.message == "The mail was not sent. The mail server refused this address (550). Check it."
