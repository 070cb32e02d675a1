r"""Boxes in the space of drivers in which an event is frequent, by PRIM.

Friedman and Fisher 1999 (doi:10.1023/A:1008894516817; for scenario discovery Bryant and Lempert 2010,
doi:10.1016/j.techfore.2009.08.002): from all paths, cut off again and again the PEEL of a driver's range whose removal
leaves the event most frequent. The box taken is the last that still covers COVER of the event. Cuts are chosen on one
half of the paths; coverage, P(in the box | event), and density, P(event | in the box), are counted on the other half,
on worlds that no cut has seen.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.risk import intervals
from simulator.risk.intervals import Figure

__all__ = ["find_box"]

PEEL = 0.05
COVER = 0.5
_SURE = 3.0  # standard errors by which a cut has to make the event more frequent
_LEAST = 50  # events in the box while it is cut

Floats = NDArray[np.float64]


class Box(NamedTuple):
    """Bounds by driver (None: open), with coverage and density on paths that no cut has seen."""

    bounds: dict[str, tuple[float | None, float | None]]
    coverage: Figure
    density: Figure
    frequency: Figure  # of the event among all of these paths


def find_box(drivers: Mapping[str, Floats], happens: Floats) -> Box | None:
    """The box of an event (n,), 1 or 0, in the space of drivers (n,) each; None if no cut makes it more frequent."""
    names = list(drivers)
    values = np.stack([drivers[name] for name in names])
    train, test = slice(0, None, 2), slice(1, None, 2)
    lows, highs = _peel(values[:, train], happens[train])
    cut = [k for k in range(len(names)) if lows[k] > -np.inf or highs[k] < np.inf]
    if not cut:
        return None
    seen, inside = happens[test] == 1.0, np.ones(happens[test].size, dtype=np.bool_)
    for k in cut:
        inside &= (values[k, test] >= lows[k]) & (values[k, test] <= highs[k])
    return Box(
        {
            names[k]: (
                float(lows[k]) if lows[k] > -np.inf else None, float(highs[k]) if highs[k] < np.inf else None,
            )
            for k in cut
        },
        _share(int((inside & seen).sum()), int(seen.sum())),
        _share(int((inside & seen).sum()), int(inside.sum())),
        _share(int(seen.sum()), seen.size),
    )  # fmt: skip


def _peel(values: Floats, happens: Floats) -> tuple[Floats, Floats]:
    """Lower and upper bounds (drivers,) of the box: cut until it covers less than COVER of the event."""
    lows, highs = np.full(len(values), -np.inf), np.full(len(values), np.inf)
    rows = np.arange(happens.size)
    least = max(COVER * float(happens.sum()), float(_LEAST))
    while True:
        best: tuple[float, int, int, float, NDArray[np.int64]] | None = None
        density = float(happens[rows].mean())
        for k, driver in enumerate(values):
            column = driver[rows]
            for side, edge in ((0, np.quantile(column, PEEL)), (1, np.quantile(column, 1.0 - PEEL))):
                left = rows[column > edge] if side == 0 else rows[column < edge]
                if not 0 < left.size < rows.size or happens[left].sum() < least:
                    continue
                gained = (float(happens[left].mean()) - density) / (rows.size - left.size)
                if gained * rows.size > _SURE * _noise(density, rows.size, left.size) and (
                    best is None or gained > best[0]
                ):
                    kept = driver[left]
                    best = gained, k, side, float(kept.min() if side == 0 else kept.max()), left
        if best is None:
            return lows, highs
        _, k, side, edge, rows = best
        (lows if side == 0 else highs)[k] = edge


def _noise(density: float, paths: int, left: int) -> float:
    """Standard error of the gain of a cut by chance, in density a share of paths cut off."""
    return math.sqrt(max(density * (1.0 - density), 0.0) * paths / (left * (paths - left)))


def _share(count: int, n: int) -> Figure:
    if n == 0:
        return Figure(None, None, None, intervals.NOWHERE)
    return Figure(count / n, *intervals.proportion_interval(count, n))
