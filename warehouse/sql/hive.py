from __future__ import annotations

HIVE_FUNCTIONS = {}
HIVE_REWRITES = {}


def prepared(q):
    return q
