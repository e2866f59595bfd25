"""Personal data as pages may show it: which columns hold it, and how a value is made unreadable but recognisable."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from integrations.catalog import CONNECTORS

DOTS = "••••"
# Names of columns with personal data that no destination takes.
_ABOUT_PEOPLE = (
    "first_name last_name full_name family_name given_name middle_name customer_name user_name username nickname "
    "address street street_address zip zip_code postal_code postcode birthday birth_date birthdate date_of_birth "
    "passport my_number card_number credit_card"
)
_EMAIL = re.compile(r"([\w!#$%&'*+/=?^`{|}~.-])[\w!#$%&'*+/=?^`{|}~.-]*@([\w-]+(?:\.[\w-]+)*)")
_PHONE = re.compile(r"(?<![\w.])\+[1-9](?:[ ()-]?[0-9]){6,14}(?![\w.])")
_PHONE_ALONE = re.compile(r"\+?[0-9](?:[ ()-]?[0-9]){6,14}")
_LINE_UID = re.compile(r"(?<!\w)U[0-9a-f]{32}(?!\w)")


def personal_columns(names: Iterable[str], mapping: Mapping[str, Mapping[str, Any]] | None = None) -> set[str]:
    """Those of the column names that stand for personal data, by themselves or through an export's column mapping."""
    known = _personal_names()
    mapped = {str(source.get("column", "")).lower() for field, source in (mapping or {}).items() if field in known}
    return {name for name in names if _plain(name) in known or name.lower() in mapped}


def mask(value: str) -> str:
    """A personal value that can be told from another one, but not read: k•••@example.jp, +81•••• 5678, U4af…9c1e."""
    if found := _EMAIL.fullmatch(value):
        return f"{found[1]}{DOTS}@{found[2]}"
    if _PHONE_ALONE.fullmatch(value):
        return f"{value[:3]} {DOTS} {value[-2:]}"
    if len(value) >= 16:
        return f"{value[:4]}…{value[-4:]}"
    return value[:1] + DOTS if value else value


def mask_inside(text: str) -> str:
    """Free text in which addresses, phone numbers with a country code and LINE user IDs are masked."""
    for pattern in (_EMAIL, _PHONE, _LINE_UID):
        text = pattern.sub(lambda found: mask(found[0]), text)
    return text


def _personal_names() -> set[str]:
    names = set(_ABOUT_PEOPLE.split())
    for connector in CONNECTORS.values():
        for field in connector.fields:
            if field.personal:
                names |= {field.name, *connector.synonyms.get(field.name, ())}
    return names


def _plain(name: str) -> str:
    """customerName, Customer Name and customer-name → customer_name."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")
