"""http>: one request to a host that the server's setting allows."""

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from exports.exporter.masking import mask_any
from integrations.secrets import SecretUnreadable
from workflows import secrets
from workflows.masking import Mask
from workflows.operators import exchange, values
from workflows.operators.base import Done, Later, Outcome, Step, TaskFailed, operator
from workflows.operators.exchange import Answer, Request, Unanswered

METHODS = ("GET", "HEAD", "OPTIONS", "TRACE", "POST", "PUT", "PATCH", "DELETE")
SAFE = METHODS[:4]  # repeated unless `retry` says otherwise, as in digdag
SECONDS, MOST_SECONDS = 30, 600
WAITS = [timedelta(seconds=s) for s in (5, 10, 20, 40, 80, 160, 300, 300)]  # after each try but the last
LONGEST_WAIT = timedelta(hours=1)  # that an answer may ask for
MAY_PASS = (408, 425, 429)  # and all from 500 on
LONGEST_CONTENT = 64 * 1024  # bytes that are stored, as in digdag
LONGEST_READ = 4 * 1024  # of other answers
EXCERPT = 200  # characters of an answer that an error tells
SHORTEST_MASKED = 8  # characters of a secret
TYPES = {"text": "text/plain; charset=utf-8", "json": "application/json", "form": "application/x-www-form-urlencoded"}
HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
OURS = ("host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "expect")


@operator("http")
def http(step: Step) -> Outcome:
    """Ask, and keep the answer's status and, if asked to, its text. What may pass by itself is tried again after a
    wait, if `retry` allows it. A worker that dies before the answer is written down leaves the request to the next
    one: then it is sent twice, whatever its method."""
    method = values.text(step.params.get("method") or "GET", "method").strip().upper()
    if method not in METHODS:
        raise TaskFailed(f"“method” must be {', '.join(METHODS[:-1])} or {METHODS[-1]}, not {values.shown(method)}.")
    seconds = values.number(_param(step, "timeout", SECONDS), "timeout", 1, MOST_SECONDS)
    follow = values.boolean(_param(step, "follow_redirects", True), "follow_redirects")
    stores = values.boolean(_param(step, "store_content", False), "store_content")
    again = values.boolean(_param(step, "retry", method in SAFE), "retry")
    request = _request(step, method)
    step.lease.check()
    step.log(f"{method} {_shown(request.url)}")
    longest = LONGEST_CONTENT if stores else LONGEST_READ
    try:
        answer = exchange.send(request, seconds=seconds, follow=follow, longest=longest)
    except Unanswered as error:
        return _later(step, str(error), again)
    step.log(f"The answer is {answer.status}.")
    if answer.status in MAY_PASS or answer.status >= 500:
        return _later(step, _refusal(step, answer), again, answer.retry_after, status=answer.status)
    if answer.status >= 400:
        raise TaskFailed(_refusal(step, answer), status=answer.status)
    reset = [("http", "last_status"), ("http", "last_content")]
    return Done(_stored(step, answer, stores), reset=reset if stores else reset[:1])


def _param(step: Step, name: str, absent: Any) -> Any:
    value = step.params.get(name)
    return absent if value is None else value


def _request(step: Step, method: str) -> Request:
    """The request with its secrets. Raises TaskFailed."""
    written = {name: step.params.get(name) for name in ("content", "query", "headers", "content_type")}
    try:
        filled = secrets.fill({**written, "url": step.command}, step.attempt.session.workflow.project_id)
    except (secrets.SecretMissing, SecretUnreadable) as error:
        raise TaskFailed(str(error), "Write it on the project's page of secrets.") from None
    body, content_type = _body(filled["content"], step.params.get("content_format"))
    headers = {"User-Agent": "linecapi-console", "Accept": "*/*"}
    if content_type:
        headers["Content-Type"] = values.words(filled["content_type"], "content_type") or content_type
    url = _with_query(values.text(filled["url"], "http>").strip(), filled["query"])
    return Request(method, url, _merged(headers, _headers(filled["headers"])), body)


def _with_query(url: str, query: Any) -> str:
    if isinstance(query, str) and not query.lstrip().startswith("{"):
        pairs = parse_qsl(query.lstrip("?"), keep_blank_values=True)
    else:
        pairs = [(name, values.words(one, name)) for name, one in values.mapping(query or {}, "query").items()]
    exchange.where(url := url.replace(" ", "%20"))
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, urlencode(pairs)))), fragment=""))


def _headers(given: Any) -> dict[str, str]:
    """Those of the task: one of a name; several of them become one, divided by commas."""
    found: dict[str, str] = {}
    for one in values.array(given, "headers") if given else []:
        pairs = list(values.mapping(one, "headers").items())
        if len(pairs) != 1 or not HEADER.fullmatch(pairs[0][0]) or pairs[0][0].lower() in OURS:
            raise TaskFailed(
                "“headers” must be a list of headers, each as in “- Accept: application/json”. "
                f"Not allowed are {', '.join(OURS)}."
            )
        name, value = pairs[0][0], values.words(pairs[0][1], pairs[0][0]).strip()
        if not value.isprintable():
            raise TaskFailed(f"The header {name} has a line break or another character that no header can have.")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _merged(headers: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """Names of headers are the same in upper and lower case."""
    names = {name.lower() for name in own}
    return {**{name: one for name, one in headers.items() if name.lower() not in names}, **own}


def _body(content: Any, form: Any) -> tuple[bytes | None, str]:
    """What is sent and its type. A map or list is sent as JSON unless `content_format` says otherwise."""
    if content is None:
        return None, ""
    whole = isinstance(content, list | Mapping)
    kind = values.text(form, "content_format").strip().lower() if form else "json" if whole else "text"
    if kind not in TYPES:
        raise TaskFailed(f"“content_format” must be text, json or form, not {values.shown(kind)}.")
    if kind == "json":
        return json.dumps(content, ensure_ascii=False).encode(), TYPES[kind]
    if kind == "form" and isinstance(content, Mapping):
        return urlencode({name: values.words(one, name) for name, one in content.items()}).encode(), TYPES[kind]
    if whole:
        raise TaskFailed(f"“content” must be {'a map' if kind == 'form' else 'text'} with content_format: {kind}.")
    return values.words(content, "content").encode(), TYPES[kind]


def _later(step: Step, problem: str, again: bool, asked: int = 0, **params: Any) -> Outcome:
    """Try once more when it is time. Raises TaskFailed if it is not to be, or was often enough."""
    tries = int(step.memory.get("tries", 0)) + 1
    if not again:
        raise TaskFailed(problem, "Add retry: true if the request may be sent more than once.", **params)
    if tries > len(WAITS):
        raise TaskFailed(problem, f"It was tried {tries} times.", **params)
    wait = max(WAITS[tries - 1], min(timedelta(seconds=asked), LONGEST_WAIT))
    step.log(f"{problem} Try {tries + 1} of {len(WAITS) + 1} follows in {values.spoken(wait)}.", "WARN")
    return Later({"tries": tries}, at=step.now + wait)


def _refusal(step: Step, answer: Answer) -> str:
    told = f"The server answered {answer.status}"
    excerpt = mask_any(" ".join(_masked(step, answer.text).split()))[:EXCERPT]
    return f"{told}: {excerpt}" if excerpt else f"{told}."


def _stored(step: Step, answer: Answer, stores: bool) -> dict[str, Any]:
    if not stores:
        return {"http": {"last_status": answer.status}}
    if answer.cut:
        raise TaskFailed(f"The answer is longer than the {LONGEST_CONTENT:,} bytes that store_content can keep.")
    return {"http": {"last_status": answer.status, "last_content": _masked(step, answer.text)}}


def _masked(step: Step, text: str) -> str:
    """What a server says may repeat a secret that it was sent. Short ones stay: they stand in many a text by chance."""
    for secret in Mask(step.attempt.session.workflow.project_id).secrets:
        if len(secret) >= SHORTEST_MASKED:
            text = text.replace(secret, secrets.MASK)
    return text


def _shown(url: str) -> str:
    """For a log: without a password and what follows the path."""
    found = exchange.where(url)
    return mask_any(f"{found.scheme}://{found.netloc}{found.path or '/'}")
