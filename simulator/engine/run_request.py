"""The options of a run in one request, built by the command line, by a batch and by `simulator.run`.

Counts are checked here, with the same ranges and messages wherever they come from.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, NamedTuple

from simulator.config.durations import Deadline, decide_deadline
from simulator.config.schema import MOST_PATHS, MOST_SEED, Config
from simulator.engine.stopping import StoppingCriteria
from simulator.errors import ConfigError

CHECKPOINT_SECONDS = 30.0  # between committed states
MOST_THREADS = 4096


class WholeNumber(NamedTuple):
    """The range of an option that is a whole number, and how a message describes it."""

    option: str
    least: int
    most: int
    description: str

    def check(self, value: Any) -> int:
        """Return `value` (a whole number, a NumPy integer, or text such as 1_000_000 or 1e6) as an int in the range."""
        number = _exact(value)
        if number is None or not number.is_finite():
            raise ConfigError([f"{self.option}: given {value}, wanted {self.description}"])
        if number < self.least:
            raise ConfigError([f"{self.option}: given {value}, wanted at least {self.least}"])
        if number > self.most:
            raise ConfigError([f"{self.option}: given {value}, wanted at most {self.most}"])
        if number != int(number):
            raise ConfigError([f"{self.option}: given {value}, wanted {self.description}"])
        return int(number)

    def check_optional(self, value: Any) -> int | None:
        """Return None for None, else `check(value)`."""
        return None if value is None else self.check(value)


def _exact(value: Any) -> Decimal | None:
    """Return a number without rounding; None for what is no number."""
    if isinstance(value, bool):
        return None
    try:
        if isinstance(value, (str, float)):
            return Decimal(value)
        return Decimal(operator.index(value))
    except (InvalidOperation, TypeError):
        return None


PATHS = WholeNumber("--paths", 1, MOST_PATHS, "a whole number of paths such as 50000 or 1e6")
SEED = WholeNumber("--seed", 0, MOST_SEED, "a whole number")
THREADS = WholeNumber("--threads", 1, MOST_THREADS, "a whole number of threads")


@dataclass(frozen=True)
class RunRequest:
    """One run: its config, where it is kept, and when it ends.

    None leaves the choice to the config or to the run in the folder. ConfigError carries every mistake at once.
    """

    config: str | Path | Config  # a file, or a config as `load` returns it
    out: Path | None = None  # run folder; default: runs/<name>-<UTC>-s<seed>
    overrides: tuple[str, ...] = ()  # KEY=VALUE changes of a config that is a file
    stress: tuple[str, ...] = ()  # stress sets applied to it: names that ship, or TOML files
    paths: int | None = None
    precision: tuple[str, ...] = ()  # PLAN.METRIC.MEASURE:HALFWIDTH
    until: Deadline | str | None = None  # a local time such as 06:00, or +5min: decided when the request is made
    threads: int | None = None
    seed: int | None = None
    resume: bool = False
    accept_changes: bool = False
    checkpoint: float = CHECKPOINT_SECONDS
    cluster: str | None = None  # address of a dask scheduler
    report: bool = True

    def __post_init__(self) -> None:
        counts = check_counts(self.paths, self.threads, self.seed)
        for field, count in zip(("paths", "threads", "seed"), counts, strict=True):
            object.__setattr__(self, field, count)
        if self.until is not None:
            object.__setattr__(self, "until", decide_deadline(self.until))

    @property
    def deadline(self) -> Deadline | None:
        """When the run ends at the latest."""
        return None if self.until is None else decide_deadline(self.until)

    @property
    def criteria(self) -> StoppingCriteria:
        """The stop rules of the run."""
        return StoppingCriteria(self.paths, self.precision, self.deadline and self.deadline.text)


def check_counts(paths: object, threads: object, seed: object) -> tuple[int | None, int | None, int | None]:
    """Return three counts as ints, None where none is given; ConfigError carries every mistake at once."""
    counts: list[int | None] = []
    mistakes: list[str] = []
    for limits, value in ((PATHS, paths), (THREADS, threads), (SEED, seed)):
        try:
            counts.append(limits.check_optional(value))
        except ConfigError as error:
            mistakes += error.mistakes
    if mistakes:
        raise ConfigError(mistakes)
    return counts[0], counts[1], counts[2]
