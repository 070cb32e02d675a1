"""Stress: a risk figure of every plan in the base and in each stressed world, and by how much it differs.

All scenarios run on the same random numbers, so that changes are paired (`simulator.risk.estimates`); the intervals of
the figures themselves are those of a summary. A figure is {"value", "low", "high"}, 95 %.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.finance.metrics import Metric
from simulator.risk.estimates import Measure, Measured, change, measured
from simulator.risk.summary import figure_dict

Floats = NDArray[np.float64]


class Comparison:
    """The base, against which scenarios are held: values by plan, each (paths,)."""

    def __init__(self, base: Mapping[str, Floats], metric: Metric, wanted: Measure) -> None:
        self._metric, self._wanted = metric, wanted
        self._base = {plan: self._measured(values) for plan, values in base.items()}

    def base(self) -> dict[str, Any]:
        """Figures of the base by plan."""
        return {plan: figure_dict(of.shown) for plan, of in self._base.items()}

    def against(self, stressed: Mapping[str, Floats]) -> dict[str, Any]:
        """Figures of a stressed world by plan, with their `change`."""
        found = {}
        for plan, values in stressed.items():
            now, before = self._measured(values), self._base[plan]
            found[plan] = {**figure_dict(now.shown), "change": figure_dict(change(now, before))}
        return found

    def _measured(self, values: Floats) -> Measured:
        return measured(values, self._metric, self._wanted)
