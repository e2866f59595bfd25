"""Plain YAML values as SnakeYAML and Jackson make them."""

import math

from workflows.dig.nodes import Atom

LONGEST = 100  # characters of a number
BASES = (("0b", 2), ("0x", 16), ("0", 8))


def atom(tag: str, text: str) -> Atom:
    """tag: YAML's own, such as “int”. Raises ValueError with a sentence."""
    match tag:
        case "str" | "merge":
            return _text(text)
        case "null":
            return None
        case "bool":
            return _boolean(text)
        case "int" | "float" if len(text) > LONGEST:
            raise ValueError(f"A number can have {LONGEST} characters. If text is meant, put it in quotes.")
        case "int":
            return _integer(text)
        case "float":
            return _float(text)
    raise ValueError(f"The YAML tag !!{tag} is not known here; write the value without it.")


def _text(text: str) -> str:
    """Escapes can say what no database keeps. Two of them may be the halves of one character, as in Java."""
    try:
        whole = text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise ValueError("An escape here is half a character. Write the character itself.") from None
    if "\0" in whole:
        raise ValueError("The character U+0000 cannot be in a text.")
    return whole


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(f"“{text}” is neither true nor false.")
    return text.lower() == "true"


def _integer(text: str) -> int:
    digits = text.replace("_", "").lstrip("+-")
    sign = -1 if text.startswith("-") else 1
    try:
        for prefix, base in BASES:
            if digits.startswith(prefix) and digits != "0":
                return sign * int(digits.removeprefix(prefix), base)
        return sign * int(digits)
    except ValueError:
        raise ValueError(f"“{text}” is not a number. If text is meant, put it in quotes.") from None


def _float(text: str) -> float | str:
    """What is not finite becomes text: JSON, which digdag passes it through, has no such number."""
    plain = text.replace("_", "").lower()
    if plain.lstrip("+-") in (".inf", ".nan"):
        return {".nan": "NaN", "-.inf": "-Infinity"}.get(plain, "Infinity")
    try:
        value = 0.0
        for part in plain.lstrip("+-").split(":"):
            value = value * 60 + float(part)
    except ValueError:
        raise ValueError(f"“{text}” is not a number. If text is meant, put it in quotes.") from None
    if math.isinf(value):
        return "-Infinity" if plain.startswith("-") else "Infinity"
    return -value if plain.startswith("-") else value
