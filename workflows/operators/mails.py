"""mail>: through the server's own mail server (EMAIL_URL)."""

import re
from collections.abc import Mapping
from email.utils import formataddr, getaddresses
from typing import Any

from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.core.validators import validate_email

from exports.exporter.masking import mask_email
from exports.notify import mail as server
from exports.notify.problems import NotSent
from exports.notify.waiting import TooLong, in_time
from workflows.operators import attachments, files, values
from workflows.operators.base import Done, Outcome, Step, TaskFailed, operator

SECONDS = 60  # of sending
MOST_ADDRESSES = 100
LONGEST_SUBJECT = 400
CONTENT_TYPE = re.compile(r"(?!message/|multipart/)[a-z]{1,40}/[a-z0-9.+-]{1,100}", re.IGNORECASE)


@operator("mail")
def mail(step: Step) -> Outcome:
    """Sent once, but for a worker that dies after sending and before that is written down: then the next one sends it
    again, with the same Message-ID, by which many mail servers drop the repeat."""
    if problem := server.missing():
        raise TaskFailed(problem)
    message = _message(step)
    step.lease.check()
    try:
        in_time(lambda: server.deliver(message, key=_key(step)), SECONDS)
    except NotSent as error:
        raise TaskFailed(f"The mail was not sent. {error}") from error
    except TooLong:
        raise TaskFailed(f"The mail was not sent: its server took more than {SECONDS} s.") from None
    step.log(f"Sent to {', '.join(mask_email(address) for _, address in getaddresses(message.recipients()))}.")
    return Done()


def _key(step: Step) -> str:
    return f"workflow-{step.key}-{int(step.attempt.created_at.timestamp())}"


def _message(step: Step) -> EmailMessage:
    """What is sent. Raises TaskFailed."""
    message = EmailMessage(
        _one_line(values.words(step.params.get("subject"), "subject"))[:LONGEST_SUBJECT],
        _body(step),
        to=_addresses(step, "to"),
        cc=_addresses(step, "cc"),
        bcc=_addresses(step, "bcc"),
    )
    if not message.to:
        raise TaskFailed("mail> needs “to”: an address, or a list of addresses.")
    if len(message.recipients()) > MOST_ADDRESSES:
        raise TaskFailed(f"A mail goes to at most {MOST_ADDRESSES} addresses, not {len(message.recipients())}.")
    if values.boolean(step.params.get("html") or False, "html"):
        message.content_subtype = "html"
    _write_sender(step, message)
    room = attachments.MOST_BYTES
    for one in values.array(step.params.get("attach_files") or [], "attach_files"):
        room = _attach(step, message, values.mapping(one, "attach_files"), room)
    return message


def _body(step: Step) -> str:
    """The file with its ${…} computed, `data` or `body`."""
    if isinstance(step.command, Mapping):
        return values.words(step.command.get("data"), "data")
    if step.command is None:
        return values.words(step.params.get("body"), "body")
    return files.rendered(step, values.text(step.command, "mail>"))


def _addresses(step: Step, name: str) -> list[str]:
    given = step.params.get(name) or []
    if isinstance(given, str) and not given.lstrip().startswith("["):
        given = [given]
    return [_address(one, name) for one in values.texts(given, name)]


def _address(written: str, name: str) -> str:
    """One address, perhaps with the name of its owner, in the form that headers have."""
    found = getaddresses([written]) if written.isprintable() else []
    try:
        (owner, address), *more = found
        validate_email(address)
        if not more:
            return formataddr((owner, address))
    except (ValueError, ValidationError):
        pass
    raise TaskFailed(f"“{name}”: “{mask_email(written)}” is no e-mail address.")


def _write_sender(step: Step, message: EmailMessage) -> None:
    """`from` is the sender if its domain is that of the server's sender: mail servers refuse others. Else answers go
    there."""
    if not step.params.get("from"):
        return
    sender = _address(values.text(step.params["from"], "from"), "from")
    if sender.rpartition("@")[2].strip(" >").lower() == server.domain().lower():
        message.from_email = sender
    else:
        message.reply_to = [sender]
        step.log("“from” is not of the domain of DEFAULT_FROM_EMAIL, the server's sender: answers go there.", "WARN")


def _attach(step: Step, message: EmailMessage, given: Mapping[str, Any], room: int) -> int:
    """room: bytes that are left for attachments. → those that are left after it"""
    path = files.place(step, values.text(given.get("path"), "path"))
    kind = values.text(given.get("content_type") or "application/octet-stream", "content_type").strip()
    if not CONTENT_TYPE.fullmatch(kind):
        raise TaskFailed(f"“content_type” must be a type such as text/csv, not {values.shown(kind)}.")
    name = _one_line(values.text(given.get("filename") or path.rpartition("/")[2], "filename"))
    content = attachments.read(step, path, room)
    message.attach(name, content, kind)
    return room - len(content)


def _one_line(text: str) -> str:
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())
