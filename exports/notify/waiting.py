"""A hard limit of time for a call that may hang on a network."""

import threading
from collections.abc import Callable
from typing import Any


class TooLong(Exception):
    """The call had not come back in time."""


def in_time(call: Callable[[], Any], seconds: float) -> Any:
    """What `call` returns or raises; TooLong after `seconds`.

    Time-outs of sockets start anew with each byte, so a slow enough server outlasts them. A call that is given up goes
    on in its thread until the other side lets go, and its result is lost. It must not use the database.
    """
    results: list[Any] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(call())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if thread.is_alive():
        raise TooLong
    return results[0]
