"""The names that somebody may have meant."""

import difflib
from collections.abc import Iterable


def near(name: str, known: Iterable[str], cutoff: float = 0.6) -> list[str]:
    """At most three of the known names, the nearest first."""
    return difflib.get_close_matches(name, sorted(known), n=3, cutoff=cutoff)


def suggestion(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """ " Did you mean …?" with a space before it; `otherwise` where no name is near."""
    found = near(name, known)
    return f" Did you mean {' or '.join(found)}?" if found else otherwise
