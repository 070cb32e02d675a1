"""Triggers of an event among the monthly series of the world, at months before it happens."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator import kernel
from simulator.engine.interrupt import Stop
from simulator.engine.thread_pool import BlockSimulator
from simulator.errors import Interrupted
from simulator.finance.series import WORLD_SERIES
from simulator.model import Model
from simulator.risk.metric_spec import Calendar
from simulator.risk.triggers import find_trigger

__all__: list[str] = []  # used in this folder only

TRACED = 8_192
_LEAD = 12  # months between a trigger and the event
_EVERY = 6  # months between the months that are looked at
_OBSERVABLES = {
    "price": "compute price, USD/W-year",
    "p12": "compute price, mean of twelve months, USD/W-year",
    "ads": "ad revenue without the programme, USD bn a month",
    "funding": "10-year rate plus spread, a year",
    "value": "value index of compute",
}

Floats = NDArray[np.float64]


def find_triggers(
    model: Model, seed: int, happens: Floats, event_month: float, calendar: Calendar, stop: Stop
) -> list[dict[str, Any]]:
    """Return the best trigger at each month looked at, up to twelve months before the median month of the event.

    `happens` (paths,) is the event on the first paths of the sample; `model` has one plan.
    """
    paths = min(TRACED, happens.size)
    last = int(min(event_month, model.months)) - _LEAD
    months = list(range(_EVERY, last + 1, _EVERY))
    if not months:
        return []
    series = _trace_world(model, seed, paths, stop)
    triggers = []
    for month in months:
        observables = {name: series[WORLD_SERIES.index(name), month] for name in _OBSERVABLES}
        trigger = find_trigger(observables, happens[:paths])
        if trigger is None:
            continue
        triggers.append(
            {
                "month": month,
                "date": calendar.date_of(month),
                "name": trigger.name,
                "title": _OBSERVABLES[trigger.name],
                "below": trigger.below,
                "threshold": trigger.threshold,
                "hits": trigger.hits.to_dict(),
                "false_alarms": trigger.false_alarms.to_dict(),
            }
        )
    return triggers


def _trace_world(model: Model, seed: int, paths: int, stop: Stop) -> Floats:
    """Return the world's monthly series (series, months, paths) of the first paths."""
    simulator, out = BlockSimulator(model, kernel.LANES), np.empty((len(WORLD_SERIES), model.months, paths))
    for first in range(0, paths, kernel.LANES):
        if stop:
            raise Interrupted("stopped; nothing is kept.", stop.signum)
        numbers = np.arange(first, min(first + kernel.LANES, paths))
        trace = np.empty((kernel.series_count(model), model.months, numbers.size))
        simulator.simulate_paths(seed, numbers, trace)
        out[:, :, numbers] = trace[: len(WORLD_SERIES)]
    return out
