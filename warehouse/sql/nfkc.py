"""normalize(x, NFKC), which DuckDB does not have: each character in its plain form, then put together (NFC).

Unicode's list of plain forms is long and DuckDB looks through a map from its beginning, so characters that need it are
found by a pattern first, and the full-width letters and digits of Japanese keyboards by counting.
"""

from __future__ import annotations

import unicodedata

_FULL_WIDTH = range(0xFF01, 0xFF5F)
_DISTANCE = 0xFEE0


def statement() -> str:
    """CREATE TEMP MACRO td__nfkc(value)."""
    plain = _plain_forms()
    letters, forms = (", ".join(map(_quoted, column)) for column in (plain, plain.values()))
    others, full = _pattern([ord(letter) for letter in plain]), _pattern(list(_FULL_WIDTH))
    each = (
        f"CASE WHEN regexp_matches(td__v, '{full}') THEN chr(CAST(unicode(td__v) - {_DISTANCE} AS INTEGER)) "
        f"WHEN regexp_matches(td__v, '{others}') THEN map([{letters}], [{forms}])[td__v] ELSE td__v END"
    )
    return (
        f"CREATE TEMP MACRO td__nfkc(value) AS CASE WHEN regexp_matches(value, '{full}|{others}') "
        f"THEN nfc_normalize(array_to_string(list_transform(string_split(value, ''), lambda td__v: {each}), '')) "
        "ELSE nfc_normalize(value) END"
    )


def _plain_forms() -> dict[str, str]:
    """The plain form of each character that has another than its canonical one, half-width kana first."""
    found = {}
    for code in (*range(0xFF5F, 0xFFF0), *range(0xA0, 0xFF01), *range(0xFFF0, 0x110000)):
        letter = chr(code)
        if unicodedata.decomposition(letter):
            form = unicodedata.normalize("NFKD", letter)
            if form != unicodedata.normalize("NFD", letter):
                found[letter] = form
    return found


def _pattern(codes: list[int]) -> str:
    """A character class of RE2's."""
    ranges: list[list[int]] = []
    for code in sorted(codes):
        if ranges and code == ranges[-1][1] + 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "[" + "".join(rf"\x{{{first:x}}}-\x{{{last:x}}}" for first, last in ranges) + "]"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
