"""A batch → requests → what became of each row.

A 400 tells that an event is bad, not which, and drops the whole request: the batch is halved until the bad events stand
alone. The left half goes first, so the rows' ends become known in order. Nothing here waits or repeats: whoever drives
`deliver` does, and commits its position at each `Settled`.
"""

import datetime
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from collections.abc import Mapping as Map
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Any, cast

import requests
import urllib3

from exports.exporter.batches import Batch, Body
from exports.exporter.explain import Event, Reject
from exports.exporter.masking import mask_event
from integrations.spec import Advice, Answer, Connector

FAULT_LEAST = 10  # so many refused events, and more than one in a hundred: not they are at fault, but the mapping
READ_AT_MOST = 65_536  # bytes of an answer's body; the documented answers have none
LONGEST_WAIT = 86_400.0  # seconds that Retry-After may ask for


@dataclass(frozen=True)
class Reply:
    """What came back. `status` is None without an answer: a timeout or a broken connection, told by `error`.

    `retry_after`: seconds that the destination asks to wait.
    """

    status: int | None
    retry_after: float | None = None
    milliseconds: int = 0
    error: str = ""


Post = Callable[[Batch], Reply]


@dataclass(frozen=True)
class Refusal:
    """An event that the destination refused when it stood alone. `event` is masked."""

    row: int
    event: Event


@dataclass(frozen=True)
class Attempt:
    """One request was answered, or was not."""

    first_row: int
    end_row: int
    events: int
    reply: Reply
    answer: Answer


@dataclass(frozen=True)
class Settled:
    """The end of rows [first_row, end_row) is known: `accepted` events, `refused` ones, and our `rejects`."""

    first_row: int
    end_row: int
    accepted: int
    refused: tuple[Refusal, ...] = ()
    rejects: tuple[Reject, ...] = ()


class Cause(Enum):
    """Why a delivery ended before its last row."""

    ANSWER = "answer"  # the destination's answer, or its silence: see `Halted.answer`
    REFUSAL = "refusal"  # an event was refused, and one is too many
    MAPPING_FAULT = "mapping_fault"  # so many events were refused that the mapping must be wrong


@dataclass(frozen=True)
class Halted:
    """The delivery ended here. Rows before `first_row` are settled; go on from there, if at all.

    `unknown_rows`: events that may be in, should there be no further try. `refused`: evidence, all of this batch.
    """

    cause: Cause
    answer: Answer
    advice: Advice
    reply: Reply
    first_row: int
    end_row: int
    unknown_rows: tuple[int, ...] = ()
    refused: tuple[Refusal, ...] = ()


Step = Attempt | Settled | Halted


class _Outcome(Enum):
    CLEAN = 1  # every event was accepted
    DIRTY = 2  # some event was refused
    HALTED = 3


_Steps = Generator[Step, None, _Outcome]


def deliver(batch: Batch, post: Post, connector: Connector, *, stop_at_refusal: bool = False) -> Iterator[Step]:
    """Send a batch. Yields every attempt, and every settled range, one after the other in the order of rows.

    Ends with the batch's last row settled, or with `Halted`. Each request leaves only when the generator goes on.
    `stop_at_refusal`: the first refused event ends the delivery.
    """
    if batch.events:
        yield from _Delivery(post, connector, batch.events, stop_at_refusal).send(batch)
    else:
        yield _settled(batch)


def _settled(batch: Batch, *, accepted: int = 0, refused: tuple[Refusal, ...] = ()) -> Settled:
    return Settled(batch.first_row, batch.end_row, accepted, refused, tuple(batch.rejects))


def answer_to(connector: Connector, reply: Reply) -> tuple[Answer, Advice]:
    """What a reply means. No answer at all is like a server error: some events may be in."""
    if reply.status is None:
        return Answer.RETRY, connector.unreachable
    return connector.answer(reply.status), connector.says(reply.status)


@dataclass
class _Delivery:
    """One batch of `events` events on its way."""

    post: Post
    connector: Connector
    events: int
    stop_at_refusal: bool
    refused: list[Refusal] = field(default_factory=list)

    def send(self, batch: Batch) -> _Steps:
        reply = self.post(batch)
        answer, advice = answer_to(self.connector, reply)
        yield Attempt(batch.first_row, batch.end_row, batch.events, reply, answer)
        if answer is Answer.ACCEPTED:
            yield _settled(batch, accepted=batch.events)
            return _Outcome.CLEAN
        if answer is Answer.DIVIDE:
            return (yield from self._halve(batch) if batch.events > 1 else self._refuse(batch, reply, advice))
        maybe_in = answer in (Answer.RETRY, Answer.UNDOCUMENTED)
        unknown = tuple(batch.rows.tolist()) if maybe_in else ()
        yield self._halted(Cause.ANSWER, answer, advice, reply, batch.first_row, batch.end_row, unknown)
        return _Outcome.HALTED

    def _halve(self, batch: Batch) -> _Steps:
        """Find the bad events of a batch that has at least one."""
        middle = (batch.events + 1) // 2
        left = yield from self.send(batch.part(0, middle))
        if left is _Outcome.HALTED:
            return left
        rest = batch.part(middle, batch.events)
        # A clean left half means that the bad event is in the right one: sent whole, it would only be dropped.
        known_bad = left is _Outcome.CLEAN and rest.events > 1
        right = yield from self._halve(rest) if known_bad else self.send(rest)
        return right if right is _Outcome.HALTED else _Outcome.DIRTY

    def _refuse(self, batch: Batch, reply: Reply, advice: Advice) -> _Steps:
        """The end of a batch whose single event was refused alone."""
        refusal = Refusal(int(batch.rows[0]), mask_event(self.connector, batch.event(0)))
        self.refused.append(refusal)
        yield _settled(batch, refused=(refusal,))
        if self.stop_at_refusal:
            yield self._halted(Cause.REFUSAL, Answer.STOP, advice, reply, batch.end_row, batch.end_row)
            return _Outcome.HALTED
        if len(self.refused) >= max(FAULT_LEAST, self.events // 100 + 1):
            yield self._halted(Cause.MAPPING_FAULT, Answer.STOP, self._fault(), reply, batch.end_row, batch.end_row)
            return _Outcome.HALTED
        return _Outcome.DIRTY

    def _fault(self) -> Advice:
        return Advice(
            f"{self.connector.name} refused {len(self.refused):,} of the {self.events:,} events of one request.",
            "So many refusals point to the mapping, not to single rows. Compare the refused events with the columns "
            "they come from.",
        )

    def _halted(
        self,
        cause: Cause,
        answer: Answer,
        advice: Advice,
        reply: Reply,
        first: int,
        end: int,
        unknown: tuple[int, ...] = (),
    ) -> Halted:
        return Halted(cause, answer, advice, reply, first, end, unknown, tuple(self.refused))


# --- waiting -----------------------------------------------------------------------------------------------------


def next_wait(settings: Map[str, Any], tries_used: int, retry_after: float | None) -> float | None:
    """Seconds until the next try, after `tries_used` retries; None when `max_retry` of them are used up."""
    return None if tries_used >= settings["max_retry"] else pause(settings, tries_used, retry_after)


def pause(settings: Map[str, Any], times: int, retry_after: float | None) -> float:
    """Seconds to wait for the (times + 1)th time in a row: doubling up to the longest wait, or longer where asked."""
    first, longest = float(settings["initial_retry_wait"]), float(settings["max_retry_wait"])
    return max(min(first * 2.0 ** min(times, 60), longest), retry_after or 0.0)


# --- HTTP --------------------------------------------------------------------------------------------------------

ReadSettings = Callable[[], Map[str, Any]]


def http_post(
    session: requests.Session,
    connector: Connector,
    base_url: str,
    settings: Map[str, Any] | ReadSettings,
    timeout: float,
    *,
    clock: Callable[[], float] = time.time,
) -> Post:
    """A `Post` over HTTP. `settings` with secrets, or a function that reads them anew for each request.

    `timeout`: seconds, to connect and for each silence. The body goes out whole, with its length. Errors of the
    network become a `Reply` without status; a URL that is none raises.
    """
    session.trust_env = False  # no proxy and no .netrc but those of the session

    def post(batch: Batch) -> Reply:
        now = settings() if callable(settings) else settings
        started = time.monotonic()
        status, asked, error = _exchange(
            session, connector.url(base_url, now), connector.request_headers(now, batch.fields), batch.body, timeout
        )
        return Reply(status, retry_after(asked, clock()), round((time.monotonic() - started) * 1000), error)

    return post


def _exchange(
    session: requests.Session, url: str, headers: dict[str, str], body: Body, timeout: float
) -> tuple[int | None, str, str]:
    """-> (status, Retry-After, error)."""
    data = cast(Iterable[bytes], body)  # its pieces go to the socket as they are
    try:
        with session.post(url, data=data, headers=headers, timeout=timeout, allow_redirects=False, stream=True) as got:
            with suppress(urllib3.exceptions.HTTPError, OSError):  # the status is what counts
                got.raw.read(READ_AT_MOST)  # read to its end, the connection can be used again
            return got.status_code, got.headers.get("Retry-After", ""), ""
    except requests.Timeout:
        return None, "", f"no answer within {timeout:g} seconds"
    except requests.ConnectionError as error:
        return None, "", f"the connection failed: {_root(error)}"


def _root(error: BaseException) -> str:
    """The kind of the first error in a chain; its text may name hosts and paths."""
    while error.__context__ is not None:
        error = error.__context__
    return type(error).__name__


def retry_after(value: str, now: float) -> float | None:
    """A Retry-After header, seconds or an HTTP date → seconds from `now`, at most a day; None where it says nothing."""
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    return min(max(moment.timestamp() - now, 0.0), LONGEST_WAIT)
