"""The layout of Z: the streams of standard scores of a block and their rows.

A quantity of the model owns a stream of scores, named after its config path. Its scores do not depend on what
else the model holds: another site, plan, driver or year moves no other draw, so any two configs share randomness.
"""

from __future__ import annotations

import zlib
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.errors import ConfigError

WORDS = 4  # scores made by one Philox counter


class Draws(NamedTuple):
    """Streams of a block, in row order. Z has `rows` rows; stream i fills rows row[i] .. row[i] + 4 groups[i] - 1."""

    stream: NDArray[np.int64]  # CRC-32 of the quantity's name
    row: NDArray[np.int64]  # first row in Z
    groups: NDArray[np.int64]  # Philox counters per path: ceil(scores / 4)
    rows: int  # rows of Z


class Layout:
    """Collects the streams of a model: `row = layout.add("drivers.silicon.gap", 12)`."""

    def __init__(self) -> None:
        self._names: dict[int, str] = {}
        self._counts: list[int] = []
        self._rows = 0

    def add(self, name: str, count: int) -> int:
        """Reserve `count` scores for the quantity `name`; returns its first row in Z."""
        key = zlib.crc32(name.encode())
        if key in self._names:
            raise ConfigError([f"{name}: shares its random stream with {self._names[key]}, rename one of them"])
        row = self._rows
        self._names[key] = name
        self._counts.append(count)
        self._rows += WORDS * -(-count // WORDS)
        return row

    def names(self) -> dict[str, int]:
        """Stream number by quantity name, for the manifest."""
        return {name: key for key, name in self._names.items()}

    def freeze(self) -> Draws:
        """The arrays the sampler reads."""
        groups = np.array([-(-count // WORDS) for count in self._counts], dtype=np.int64)
        row = WORDS * (np.cumsum(groups) - groups)
        return Draws(np.array(list(self._names), dtype=np.int64), row, groups, self._rows)
