"""A strict local stand-in for LINE's Conversion API, for development and tests. It needs nothing but Python.

It is written from LINE's public reference alone and shares no code with the project's own checks: where the two
readings differ, one of them is wrong, and a test or a trial run shows it.

    with Sandbox(tags={"demo-tag": "demo-token"}) as line:
        ...  # send to f"{line.url}/v1/demo-tag/events"
        assert line.stats["accepted"] == 3
"""

from .server import Sandbox

__all__ = ["Sandbox"]
