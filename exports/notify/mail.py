"""E-mail, through the server of EMAIL_URL. Errors are told in words of ours: a server's own may name people."""

import smtplib
import ssl

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from exports.notify.problems import NotSent

SECONDS = 10  # for each answer of the mail server


def missing() -> str:
    """What keeps this console from sending e-mail, in words; "" if nothing does."""
    names = " and ".join(settings.EMAIL_MISSING)
    return f"E-mail is not set up: set {names} in the environment of the web server and the workers." if names else ""


def send(address: str, subject: str, body: str, *, key: str = "") -> None:
    """Send one e-mail. `key`: the same for every try, so that a mail server can drop a repeat. Raises NotSent."""
    deliver(EmailMessage(subject, body, to=[address]), key=key)


def deliver(message: EmailMessage, *, key: str = "") -> None:
    """Send what is written. `key` as in `send`. Raises NotSent."""
    if missing():
        raise NotSent(missing())
    message.extra_headers |= {"Auto-Submitted": "auto-generated"}
    if key:
        message.extra_headers["Message-ID"] = f"<{key}@{domain()}>"
    message.connection = get_connection(timeout=SECONDS)
    try:
        message.send()
    except (smtplib.SMTPException, OSError) as error:
        raise NotSent(in_words(error)) from error


def domain() -> str:
    """Of the sender."""
    return str(settings.DEFAULT_FROM_EMAIL).rpartition("@")[2].strip(" >")


def in_words(error: Exception) -> str:
    """What went wrong between this console and its mail server."""
    if isinstance(error.__context__, TimeoutError):  # smtplib has made "the connection is closed" of it
        error = error.__context__
    match error:
        case smtplib.SMTPAuthenticationError():
            return f"The mail server refused the user or the password of EMAIL_URL ({error.smtp_code})."
        case smtplib.SMTPRecipientsRefused():
            codes = ", ".join(sorted({str(code) for code, _ in error.recipients.values()}))
            return f"The mail server refused this address ({codes}). Check it."
        case smtplib.SMTPSenderRefused():
            return f"The mail server refused the sender of DEFAULT_FROM_EMAIL ({error.smtp_code})."
        case smtplib.SMTPNotSupportedError():
            return "The mail server does not offer what EMAIL_URL asks for, such as TLS or signing in."
        case smtplib.SMTPResponseException():
            return f"The mail server refused the message ({error.smtp_code})."
        case smtplib.SMTPException():
            return "The mail server broke off the connection."
        case TimeoutError():
            return f"The mail server did not answer within {SECONDS} s."
        case ssl.SSLError():
            return "The mail server's TLS could not be used: check its certificate and the scheme of EMAIL_URL."
    return "The mail server of EMAIL_URL cannot be reached."
