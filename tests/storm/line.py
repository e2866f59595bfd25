"""What arrived at the receiving end: its own record of each request, against what the jobs say."""

import json
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Received:
    """Keys by job; of requests whose keys had come before: how many by job, and which did not repeat one as it was."""

    keys: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    repeats: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    ragged: list[int] = field(default_factory=list)


def received(kept: Path) -> Received:
    """Read the sandbox's file: a line an event. A key is `JOB-ROW`."""
    requests = defaultdict(list)
    with kept.open() as lines:
        for line in lines:
            event = json.loads(line)
            requests[event["request"]].append(event["body"]["event"]["deduplication_key"])
    found, seen = Received(), set()
    for number, keys in sorted(requests.items()):
        job = keys[0].partition("-")[0]
        if found.keys[job].intersection(keys):
            found.repeats[job] += 1
            if tuple(keys) not in seen:
                found.ragged.append(number)
        found.keys[job].update(keys)
        seen.add(tuple(keys))
    return found
