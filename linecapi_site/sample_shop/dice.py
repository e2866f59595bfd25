"""Chance that falls the same way each time."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")


class Dice:
    """Draws of plain Python values from one seeded generator."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def below(self, limit: int) -> int:
        """0 ≤ number < limit."""
        return int(self.rng.integers(limit))

    def pick(self, choices: Sequence[T]) -> T:
        return choices[self.below(len(choices))]

    def digits(self, count: int) -> str:
        return f"{self.below(10**count):0{count}d}"

    def hexes(self, count: int) -> str:
        return bytes(self.rng.bytes((count + 1) // 2)).hex()[:count]

    def uuid(self) -> str:
        text = self.hexes(32)
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
