"""A batch → requests → what became of each row.

A 400 tells that an event is bad, not which, and drops the whole request: the batch is halved until the bad events stand
alone. The left half goes first, so the rows' ends become known in order. Nothing here waits or repeats: whoever drives
`deliver` does, and commits at each step how far it has come (see `exports.exporter.division`).
"""

from collections.abc import Callable, Generator, Iterator
from collections.abc import Mapping as Map
from dataclasses import dataclass
from enum import Enum
from typing import Any

from exports.exporter.batches import Batch
from exports.exporter.division import Division, Part
from exports.exporter.explain import Event, Reject
from exports.exporter.masking import mask_event
from integrations.spec import Advice, Answer, Connector

FAULT_LEAST = 10  # so many refused events, and more than one in a hundred: not they are at fault, but the mapping


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
    """One request was answered, or was not.

    `division`: how to go on with its rows; None where their end is known: then it comes with `Settled`.
    """

    first_row: int
    end_row: int
    events: int
    reply: Reply
    answer: Answer
    division: Division | None = None


@dataclass(frozen=True)
class Settled:
    """The end of rows [first_row, end_row) is known: `accepted` events, `refused` ones, and our `rejects`.

    `division`: how to go on behind them, while a request is being taken apart.
    """

    first_row: int
    end_row: int
    accepted: int
    refused: tuple[Refusal, ...] = ()
    rejects: tuple[Reject, ...] = ()
    division: Division | None = None


class Cause(Enum):
    """Why a delivery ended before its last row."""

    ANSWER = "answer"  # the destination's answer, or its silence: see `Halted.answer`
    REFUSAL = "refusal"  # an event was refused, and one is too many
    MAPPING_FAULT = "mapping_fault"  # so many events were refused that the mapping must be wrong


@dataclass(frozen=True)
class Halted:
    """The delivery ended here. Rows before `first_row` are settled; go on from there, if at all.

    `unknown_rows`: events that may be in, should there be no further try. `refused`: evidence, all of this delivery.
    """

    cause: Cause
    answer: Answer
    advice: Advice
    reply: Reply
    first_row: int
    end_row: int
    unknown_rows: tuple[int, ...] = ()
    refused: tuple[Refusal, ...] = ()


@dataclass(frozen=True)
class Stale:
    """An event has left the time window since the batch was made: plan anew from the last settled row on."""


Step = Attempt | Settled | Halted | Stale


def deliver(
    batch: Batch,
    post: Post,
    connector: Connector,
    *,
    clock: Callable[[], float],
    division: Division | None = None,
    stop_at_refusal: bool = False,
) -> Iterator[Step]:
    """Send a batch. Yields every attempt, and every settled range, one after the other in the order of rows.

    Ends with the batch's last row settled, or with `Halted` or `Stale`. Each request leaves only when the generator
    goes on. `division`: what an earlier delivery found out about these rows. `clock`: UNIX seconds, for the time
    window. `stop_at_refusal`: the first refused event ends the delivery.
    """
    return _Delivery(batch, post, connector, clock, division, stop_at_refusal).steps()


def answer_to(connector: Connector, reply: Reply) -> tuple[Answer, Advice]:
    """What a reply means. No answer at all is like a server error: some events may be in."""
    if reply.status is None:
        return Answer.RETRY, connector.unreachable
    return connector.answer(reply.status), connector.says(reply.status)


class _Delivery:
    """One batch on its way. `pending`: its parts that are not settled, in order, with what is known of each."""

    def __init__(
        self,
        batch: Batch,
        post: Post,
        connector: Connector,
        clock: Callable[[], float],
        division: Division | None,
        stop_at_refusal: bool,
    ) -> None:
        self.post, self.connector, self.clock = post, connector, clock
        self.stop_at_refusal = stop_at_refusal
        known = division if division and division.end_row == batch.end_row else Division.whole(batch)
        self.events, self.refused = known.events, known.refused
        self.pending = known.applied_to(batch)
        self.evidence: list[Refusal] = []

    def steps(self) -> Iterator[Step]:
        while self.pending:
            (batch, part), *self.pending = self.pending
            if not batch.events:
                yield self._settled(batch)
            elif batch.events > 1 and part.known_bad(self.refused):
                self._halve(batch)
            elif batch.outside_window(int(self.clock())):
                yield Stale()
                return
            else:
                halted = yield from self._send(batch, part)
                if halted:
                    yield halted
                    return

    def _send(self, batch: Batch, part: Part) -> Generator[Step, None, Halted | None]:
        reply = self.post(batch)
        answer, advice = answer_to(self.connector, reply)
        if answer is Answer.ACCEPTED:
            yield _attempt(batch, reply, answer)
            yield self._settled(batch, accepted=batch.events)
            return None
        if answer is Answer.DIVIDE and batch.events > 1:
            self._halve(batch)
            yield _attempt(batch, reply, answer, self._division())
            return None
        if answer is Answer.DIVIDE:
            yield _attempt(batch, reply, answer)
            return (yield from self._refuse(batch, reply, advice))
        self.pending.insert(0, (batch, part))
        yield _attempt(batch, reply, answer, self._division())
        maybe_in = answer in (Answer.RETRY, Answer.UNDOCUMENTED)
        unknown = tuple(batch.rows.tolist()) if maybe_in else ()
        return self._halted(Cause.ANSWER, answer, advice, reply, batch.first_row, batch.end_row, unknown)

    def _halve(self, batch: Batch) -> None:
        """Two parts for one that has a bad event. The right one is known to be bad if the left one turns out clean:
        sent whole, it would only be dropped."""
        middle = (batch.events + 1) // 2
        left, right = batch.part(0, middle), batch.part(middle, batch.events)
        self.pending[:0] = [
            (left, Part(left.end_row)),
            (right, Part(right.end_row, bad_if_refused=self.refused)),
        ]

    def _refuse(self, batch: Batch, reply: Reply, advice: Advice) -> Generator[Step, None, Halted | None]:
        """The end of a batch whose single event was refused alone."""
        refusal = Refusal(int(batch.rows[0]), mask_event(self.connector, batch.event(0)))
        self.refused += 1
        self.evidence.append(refusal)
        yield self._settled(batch, refused=(refusal,))
        if self.stop_at_refusal:
            return self._halted(Cause.REFUSAL, Answer.STOP, advice, reply, batch.end_row, batch.end_row)
        if self.refused >= max(FAULT_LEAST, self.events // 100 + 1):
            return self._halted(Cause.MAPPING_FAULT, Answer.STOP, self._fault(), reply, batch.end_row, batch.end_row)
        return None

    # --- what is told

    def _division(self) -> Division | None:
        """What is known of the rows that are left; None where that is nothing."""
        return Division.of(self.events, self.refused, [part for _, part in self.pending])

    def _settled(self, batch: Batch, *, accepted: int = 0, refused: tuple[Refusal, ...] = ()) -> Settled:
        return Settled(batch.first_row, batch.end_row, accepted, refused, tuple(batch.rejects), self._division())

    def _fault(self) -> Advice:
        return Advice(
            f"{self.connector.name} refused {self.refused:,} of the {self.events:,} events of one request.",
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
        return Halted(cause, answer, advice, reply, first, end, unknown, tuple(self.evidence))


def _attempt(batch: Batch, reply: Reply, answer: Answer, division: Division | None = None) -> Attempt:
    return Attempt(batch.first_row, batch.end_row, batch.events, reply, answer, division)


# --- waiting -----------------------------------------------------------------------------------------------------


def next_wait(settings: Map[str, Any], tries_used: int, retry_after: float | None) -> float | None:
    """Seconds until the next try, after `tries_used` retries; None when `max_retry` of them are used up."""
    return None if tries_used >= settings["max_retry"] else pause(settings, tries_used, retry_after)


def pause(settings: Map[str, Any], times: int, retry_after: float | None) -> float:
    """Seconds to wait for the (times + 1)th time in a row: doubling up to the longest wait, or longer where asked."""
    first, longest = float(settings["initial_retry_wait"]), float(settings["max_retry_wait"])
    return max(min(first * 2.0 ** min(times, 60), longest), retry_after or 0.0)
