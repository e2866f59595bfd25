"""The lines of the System page."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fact:
    """One line: what it is about, a word or number, whether that is good (None: neither), and what it means."""

    label: str
    value: str
    good: bool | None = None
    text: str = ""


@dataclass(frozen=True)
class Section:
    title: str
    facts: tuple[Fact, ...]
    text: str = ""

    @property
    def warnings(self) -> int:
        return sum(fact.good is False for fact in self.facts)
