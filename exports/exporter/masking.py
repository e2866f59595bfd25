"""Personal data as pages and logs may show it: enough to recognise, too little to use."""

import re
from typing import Any

from integrations.spec import Connector, Field, IpAddress

DOTS = "•••"

_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_HEX = re.compile(r"(?<![0-9A-Za-z])(?:[0-9a-fA-F]{64}|U[0-9a-f]{32})(?![0-9A-Za-z])")
_GAP = "[ ()-]{0,2}"
_PHONE = re.compile(
    rf"(?<![\w+-])(?:\+[1-9](?:{_GAP}[0-9]){{6,14}}"  # with country code
    rf"|0[1-9][0-9]{{0,3}}{_GAP}[0-9]{{1,4}}{_GAP}[0-9]{{3,4}}|81[0-9]{{9,10}})(?!\w)"  # as within Japan, or without +
)
_COUNTRY = re.compile(r"[17]|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|[0-9]{3}")


def mask(field: Field, value: object) -> str:
    """A field's value for showing. Personal fields by their kind; of the others, what looks personal in them."""
    text = shown(value)
    if not field.personal:
        return mask_any(text)
    if field.hashing:
        return mask_email(text) if "@" in text else mask_phone(text)
    return mask_ip(text) if IpAddress() in field.rules else mask_id(text)


def shown(value: object) -> str:
    """A plain value as text: bytes that are no UTF-8 as far as they are, true and false in JSON's words, a list by its
    items."""
    if isinstance(value, list):
        return ", ".join(shown(item) for item in value if item is not None)
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return str(value).lower() if isinstance(value, bool) else str(value)


def mask_email(text: str) -> str:
    """kana@example.jp → k•••@example.jp."""
    name, at, domain = text.strip().rpartition("@")
    return f"{name[:1]}{DOTS}@{domain}" if at else mask_id(text)


def mask_phone(text: str) -> str:
    """+819012345678 → +81 90 •••• 5678; a number without country code 090 •••• 5678."""
    digits = re.sub(r"[ ()-]", "", text.strip())
    if not re.fullmatch(r"\+?[0-9]{9,15}", digits):
        return mask_id(text)
    if not digits.startswith("+"):
        return f"{digits[:3]} •••• {digits[-4:]}" if len(digits) > 9 else f"{digits[:2]} ••••"
    country = _COUNTRY.match(digits, 1)
    end = country.end() if country else 1
    long = len(digits) - end > 7
    return f"{digits[:end]} {digits[end : end + 2]} •••• {digits[-4:]}" if long else f"{digits[:end]} ••••"


def mask_ip(text: str) -> str:
    """203.0.113.7 → 203.0.•••, 2001:db8::1 → 2001:db8:•••."""
    sign = ":" if ":" in text else "."
    parts = text.split(sign)
    return sign.join([*parts[:2], DOTS]) if len(parts) > 2 else mask_id(text)


def mask_id(text: str) -> str:
    """The first and the last four characters of a long text; less of a short one."""
    text = text.strip()
    if len(text) >= 16:
        return f"{text[:4]}…{text[-4:]}"
    return f"{text[: min(2, len(text) // 3)]}{DOTS}"


def mask_any(text: str) -> str:
    """Free text with the e-mail addresses, phone numbers, hashes and LINE user IDs in it masked."""
    text = _HEX.sub(lambda found: mask_id(found[0]), text)
    text = _EMAIL.sub(lambda found: mask_email(found[0]), text)
    return _PHONE.sub(lambda found: mask_phone(found[0]), text)


def mask_event(connector: Connector, event: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """An event for showing: texts masked, also in lists; numbers and truth values as they are."""
    return {part: {name: _masked(connector, name, v) for name, v in fields.items()} for part, fields in event.items()}


def _masked(connector: Connector, name: str, value: Any) -> Any:
    if isinstance(value, list):
        return [_masked(connector, name, item) for item in value]
    return mask(connector.field(name), value) if isinstance(value, str) else value
