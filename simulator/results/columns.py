"""The columns of a run, and the events that are counted on them. This module imports nothing compiled."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.finance.metrics import Metric

__all__ = ["WORLD", "Column", "Event", "EventSign", "all_columns", "pilot_centres", "tally_columns"]


WORLD = "world"
EventSign = Literal["<", ">"]


class Event(NamedTuple):
    """`metric < threshold` or `metric > threshold` (strict), counted for every scope that has the metric.

    A path on which the metric is undefined is no event and is left out of the number of trials as well.
    """

    metric: str
    comparison: EventSign
    threshold: float
    dated: str = ""  # an event by date, as it was written: `breach before 2030-06`

    @property
    def label(self) -> str:
        """Its name in summary.json: `npv < 0`; a threshold in as many digits as it has."""
        short = f"{self.threshold:g}"
        exact = short if float(short) == self.threshold else repr(self.threshold).removesuffix(".0")
        return self.dated or f"{self.metric} {self.comparison} {exact}"


class Column(NamedTuple):
    """One metric of one scope: row `row` of the kernel's output (metrics, paths)."""

    scope: str  # "world" or the id of a plan
    metric: Metric
    row: int

    @property
    def name(self) -> str:
        """Its name in the files: `world.<metric>` or `<plan>.<metric>`."""
        return f"{self.scope}.{self.metric.name}"


def all_columns(world: Sequence[Metric], plan: Sequence[Metric], plans: Sequence[str]) -> tuple[Column, ...]:
    """Every row of the kernel's output: the world's figures, then those of each plan in config order."""
    scopes = [(WORLD, metric) for metric in world] + [(scope, metric) for scope in plans for metric in plan]
    return tuple(Column(scope, metric, row) for row, (scope, metric) in enumerate(scopes))


def tally_columns(columns: Sequence[Column], tally: Sequence[str], events: Sequence[Event] = ()) -> tuple[Column, ...]:
    """The columns with a tally: the world's, those of each plan named in `tally`, and those an event is counted on.

    The delay of a single site lives in the sample: a programme of many sites would tally little else.
    """
    names = {*tally, *(event.metric for event in events)}
    return tuple(column for column in columns if column.metric.name in names or _of_world(column))


def _of_world(column: Column) -> bool:
    """True of a metric of the whole world; false of the delay of one site."""
    name = column.metric.name
    return column.scope == WORLD and (name == "delay_mean" or not name.startswith("delay_"))


def pilot_centres(columns: Sequence[Column], pilot: NDArray[np.float64]) -> NDArray[np.float64]:
    """Centres for the moments of `columns`: means of a pilot (metrics, paths), 0 where nothing is defined.

    The pilot must be the same paths in every run of the config (0-255), or the digest is not.
    """
    centres = np.zeros(len(columns))
    for i, column in enumerate(columns):
        defined = pilot[column.row][np.isfinite(pilot[column.row])]
        centres[i] = math.fsum(defined) / len(defined) if len(defined) else 0.0
    return centres
