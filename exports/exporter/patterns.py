"""The tests of whole values: by shape where a pattern has one, else by a regular expression as RE2 reads it."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from exports.exporter.cells import Mask, bools
from exports.exporter.shapes import Lengths, Test, shape_of, test_of

READY = "[0-9a-f]{64}"
READY_ANY_CASE = "[0-9a-fA-F]{64}"

_OCTET = r"(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"  # no leading zeros
IPV4 = rf"{_OCTET}(\.{_OCTET}){{3}}"
_H = "[0-9a-fA-F]{1,4}"
_IPV6 = [
    rf"({_H}:){{7}}{_H}",
    rf"({_H}:){{1,7}}:",
    *(rf"({_H}:){{1,{7 - tail}}}(:{_H}){{1,{tail}}}" for tail in range(1, 7)),
    rf":(:{_H}){{1,7}}",
    "::",
]
_IPV6_ENDING_IN_IPV4 = [
    rf"({_H}:){{6}}{IPV4}",
    rf"({_H}:){{1,5}}:{IPV4}",
    *(rf"({_H}:){{1,{5 - tail}}}(:{_H}){{1,{tail}}}:{IPV4}" for tail in range(1, 5)),
    rf":(:{_H}){{0,5}}:{IPV4}",
]
IPV6 = "|".join([*_IPV6, *_IPV6_ENDING_IN_IPV4])
"""With `IPV4`: what `ipaddress.ip_address` accepts, without a scope id."""


def matches(pattern: str) -> Callable[[pa.StringArray], Mask]:
    """A test whether the pattern is found; its options are made once. Null is not found."""
    options = pc.MatchSubstringOptions(pattern)
    return lambda array: bools(pc.call_function("match_substring_regex", [array], options))


def whole(pattern: str) -> Test:
    """A test whether the pattern, written without anchors, is the whole cell."""
    shape = shape_of(pattern)
    if shape:
        return test_of(shape)
    return matching(f"^(?:{pattern})$")


def matching(pattern: str) -> Test:
    """The test of RE2."""
    found = matches(pattern)
    return lambda cells, lengths: found(cells)


def ip_address() -> Test:
    """A test of what `ipaddress.ip_address` accepts, without a scope id.

    The pattern of IPv6 takes most of a millisecond to compile, at every call: it is for the cells that are not IPv4.
    """
    ipv4, ipv6 = matches(f"^(?:{IPV4})$"), matches(f"^(?:{IPV6})$")

    def test(cells: pa.StringArray, lengths: Lengths) -> Mask:
        good = ipv4(cells)
        rest = np.flatnonzero((lengths > 0) & ~good)
        if len(rest):
            good[rest] = ipv6(cells.take(pa.array(rest)))
        return good

    return test


def whole_mask(pattern: str) -> Callable[[pa.StringArray, Lengths], Mask]:
    """The same, as a mask in any case."""
    test = whole(pattern)

    def mask(cells: pa.StringArray, lengths: Lengths) -> Mask:
        found = test(cells, lengths)
        return np.ones(len(cells), bool) if found is None else found

    return mask


QUOTED = frozenset(b'"\\') | frozenset(range(0x20))


def plain_ascii(pattern: str) -> bool:
    """Whether what matches is known to be ASCII that JSON writes as it is."""
    shape = shape_of(pattern)
    return shape is not None and not any(allowed & QUOTED for allowed in shape.classes)
