"""E-mail, through a real mail server on this machine."""

import pytest

from exports.notify import mail
from exports.notify.problems import NotSent
from exports.notify.waiting import TooLong, in_time

TEXT = ("daily: job 7 failed", "Cause: 401 – 認証\n")


def test_a_mail_arrives_as_it_was_written(mail_server):
    mail.send("kana@shop.example", *TEXT, key="notification-1-2")
    (found,) = mail_server.mails
    assert (found["To"], found["From"]) == ("kana@shop.example", "Console <console@shop.example>")
    assert (found["Subject"], found["Auto-Submitted"]) == (TEXT[0], "auto-generated")
    assert found["Message-ID"] == "<notification-1-2@shop.example>"
    assert found.get_content().splitlines() == TEXT[1].splitlines()


@pytest.mark.parametrize(
    ("refusal", "says"),
    [
        ({"RCPT TO": "550 no such user"}, "refused this address (550)"),
        ({"MAIL FROM": "553 not yours"}, "refused the sender of DEFAULT_FROM_EMAIL (553)"),
        ({"DATA": "554 spam"}, "refused the message (554)"),
    ],
)
def test_a_refusal_is_told_in_words_of_ours(mail_server, refusal, says):
    mail_server.refuses = {word.split()[0]: reply for word, reply in refusal.items()}
    with pytest.raises(NotSent) as error:
        mail.send("kana@shop.example", *TEXT)
    assert says in str(error.value)
    assert "kana" not in str(error.value)


def test_signing_in_where_the_server_has_none_is_told(mail_server, settings):
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "console", "a-secret-word"
    with pytest.raises(NotSent, match="does not offer what EMAIL_URL asks for") as error:
        mail.send("kana@shop.example", *TEXT)
    assert "a-secret-word" not in str(error.value)


def test_a_server_that_is_not_there_is_told(mail_server, settings):
    settings.EMAIL_PORT = 1
    with pytest.raises(NotSent, match="cannot be reached"):
        mail.send("kana@shop.example", *TEXT)


def test_a_server_that_hangs_does_not_keep_the_worker(mail_server, monkeypatch):
    mail_server.hangs = True
    monkeypatch.setattr(mail, "SECONDS", 0.2)
    with pytest.raises(NotSent, match="did not answer within"):
        mail.send("kana@shop.example", *TEXT)


def test_a_call_that_takes_too_long_is_left_behind(mail_server):
    mail_server.hangs = True
    with pytest.raises(TooLong):
        in_time(lambda: mail.send("kana@shop.example", *TEXT), 0.2)


def test_without_its_settings_it_says_which_are_missing(settings):
    settings.EMAIL_MISSING = ["EMAIL_URL"]
    with pytest.raises(NotSent, match="E-mail is not set up: set EMAIL_URL in the environment"):
        mail.send("kana@shop.example", *TEXT)
