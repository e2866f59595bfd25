"""What of a task's values people see: no secret, and nothing that is endless."""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from integrations.catalog import CONNECTORS, SOURCES
from integrations.secrets import SecretUnreadable, decrypt
from workflows import storing
from workflows.models import Secret
from workflows.secrets import MASK, SHORTEST_MASKED

LONGEST = 2_000  # characters of a value
LONGEST_LINE = 20_000  # of a log
MOST = 200  # values of a list or map
LOOKS_SECRET = re.compile(r"passw|passphrase|token|secret|api_?key|apikey|authorization|credential", re.IGNORECASE)

LIKE_A_KEY = re.compile(r"(?=[^0-9]*[0-9])[!-~]{8,10000}")  # not a word, such as a column's name

SIGNED_IN = re.compile(r"(://[^/@\s:]*:)[^/@\s]+@")
IN_ADDRESS = re.compile(r"([?&](?:[a-z_]*token|[a-z_]*secret|password|api_?key)=)[^&#\s\"']+", re.IGNORECASE)


def declared_secret() -> frozenset[str]:
    """The settings that connectors keep secret."""
    settings = (setting for connector in (*CONNECTORS.values(), *SOURCES.values()) for setting in connector.settings)
    return frozenset(setting.name for setting in settings if setting.kind == "secret")


class Mask:
    """For the texts of one project's tasks; its secrets are read once."""

    def __init__(self, project: int) -> None:
        self.secrets = sorted(_values(project), key=len, reverse=True)  # one may stand within another
        self.keys = declared_secret()

    def learn(self, values: Any, key: str = "") -> None:
        """Mask what stands here under a key that is or looks secret, wherever else it stands, too."""
        if isinstance(values, Mapping):
            for name, value in values.items():
                self.learn(value, key if self._is_secret(key) else str(name))
        elif isinstance(values, list | tuple):
            for value in values[:MOST]:
                self.learn(value, key)
        elif isinstance(values, str) and self._is_secret(key) and LIKE_A_KEY.fullmatch(values):
            self.secrets = sorted({*self.secrets, values}, key=len, reverse=True)

    def _is_secret(self, key: str) -> bool:
        return key in self.keys or LOOKS_SECRET.search(key) is not None

    def text(self, text: str, longest: int = LONGEST_LINE) -> str:
        """Without values of secrets, and without what no database takes."""
        for secret in self.secrets:
            text = text.replace(secret, MASK)
        text = storing.text(text)
        return text if len(text) <= longest else f"{text[:longest]}… ({len(text):,} characters)"

    def values(self, values: Any, key: str = "") -> Any:
        """A copy for people's eyes. What a key that is or looks secret has is not shown, whatever it is."""
        if key and values not in (None, "") and self._is_secret(key):
            return values if _only_named(values) else MASK
        if isinstance(values, Mapping):
            shown = list(values.items())[:MOST]
            return {self.text(str(name), LONGEST): self.values(value, str(name)) for name, value in shown}
        if isinstance(values, list | tuple):
            return [self.values(value, key) for value in values[:MOST]]
        return self._shown(values) if isinstance(values, str) else values

    def _shown(self, text: str) -> str:
        """Settings may be written as JSON, or as an address."""
        if text.lstrip().startswith(("{", "[")):
            try:
                return self.text(json.dumps(self.values(json.loads(text)), ensure_ascii=False), LONGEST)
            except RecursionError:  # nobody can say what is in it
                return MASK
            except ValueError:
                pass
        text = SIGNED_IN.sub(rf"\1{MASK}@", text)
        return self.text(IN_ADDRESS.sub(rf"\1{MASK}", text), LONGEST)


def _only_named(value: Any) -> bool:
    """`${secret:key}` says which secret it is, and is none."""
    return isinstance(value, str) and re.fullmatch(r"\$\{\s*secret:[^}]*\}", value) is not None


def _values(project: int) -> set[str]:
    """As they are written, and as they stand in headers, JSON and addresses."""
    found = set[str]()
    for encrypted in Secret.objects.filter(project=project).values_list("encrypted", flat=True):
        try:
            value = str(decrypt(encrypted)["value"])
            for one in (value, value.strip()):
                found |= {one, json.dumps(one)[1:-1], quote(one), quote(one, safe=""), quote_plus(one)}
        except SecretUnreadable:
            continue  # nobody can read it, so that no text holds it
    return {value for value in found if len(value) >= SHORTEST_MASKED}
