"""Personal data in a table's values, cut for display: what looks like it, or stands in a column named for it."""

import re
from collections.abc import Callable

DOTS = "•••"

_MASKS: list[tuple[re.Pattern[str], Callable[[re.Match[str]], str]]] = [
    # "taro@example.com" → "t•••@example.com"
    (
        re.compile(r"([^\s@\"'<>,;:])[^\s@\"'<>,;:]{0,127}@([^\s@\"'<>,;]{1,253}\.[^\s@\"'<>,;.]{1,63})"),
        lambda m: f"{m[1]}{DOTS}@{m[2]}",
    ),
    # SHA-256 in hex → its first four digits
    (re.compile(r"(?<![0-9a-zA-Z])([0-9a-fA-F]{4})[0-9a-fA-F]{60}(?![0-9a-zA-Z])"), lambda m: f"{m[1]}{DOTS}"),
    # LINE's user ID: U and 32 hex digits
    (re.compile(r"(?<![0-9a-zA-Z])(U[0-9a-f]{3})[0-9a-f]{29}(?![0-9a-zA-Z])"), lambda m: f"{m[1]}{DOTS}"),
    # IPv4 → its network's first half
    (re.compile(r"(?<![\d.])(\d{1,3}\.\d{1,3})\.\d{1,3}\.\d{1,3}(?![\d.])"), lambda m: f"{m[1]}.{DOTS}"),
    # IPv6 → its first group; a time such as 09:30:00 has fewer colons
    (
        re.compile(r"(?<![0-9a-fA-F:])(?=[0-9a-fA-F:]*(?:::|(?::[0-9a-fA-F]+){7}))([0-9a-fA-F]{1,4}):[0-9a-fA-F:.]+"),
        lambda m: f"{m[1]}:{DOTS}",
    ),
    # A phone number with its country code, or a national one that begins with 0 → its first and last two digits
    (
        re.compile(r"(?<![\w.+-])(\+\d{2}|0\d)[\d\s().-]{5,14}(\d{2})(?![\w-])"),
        lambda m: f"{m[1]}{DOTS}{m[2]}",
    ),
]
_PERSONAL = re.compile(
    r"(?:^|_)(?:e?mail|phone|tel|mobile|fax|ip|ip_address|address|line_uid|line_user_id"
    r"|(?:first|last|full|family|given|customer|user)_?name|birth\w*)(?:_|$)"
)


def is_personal(column: str) -> bool:
    """Whether a column's name says that it holds personal data, whatever its values look like."""
    return bool(_PERSONAL.search(column.lower()))


def mask(value: str) -> str:
    """`value` with whatever looks like an e-mail or IP address, phone number, SHA-256 or LINE user ID cut short."""
    for pattern, replacement in _MASKS:
        value = pattern.sub(replacement, value)
    return value


def mask_cell(value: str, *, personal: bool) -> str:
    """One value of a table: in a column of personal data at least all but its first two characters are cut."""
    masked = mask(value)
    return f"{value[:2]}{DOTS}" if masked == value and value and personal else masked
