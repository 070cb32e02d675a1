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
from simulator.risk.estimates import MeasuredValues, change, measure_values
from simulator.risk.intervals import Figure
from simulator.risk.metric_spec import MeasureSpec

__all__ = ["StressComparison"]


Floats = NDArray[np.float64]


class StressComparison:
    """A measure of the base by plan, and its changes under stress; values by plan are (paths,) each.

    `fixed` are figures by plan that no path can change: they stand in place of those that the values give.
    """

    def __init__(
        self,
        base: Mapping[str, Floats],
        metric: Metric,
        measure: MeasureSpec,
        fixed: Mapping[str, Figure] | None = None,
    ) -> None:
        self._metric, self._measure = metric, measure
        self._base = {plan: self._measured(values, (fixed or {}).get(plan)) for plan, values in base.items()}

    def base_figures(self) -> dict[str, Any]:
        """Figures of the base by plan."""
        return {plan: measured.figure.to_dict() for plan, measured in self._base.items()}

    def stressed_figures(
        self, stressed: Mapping[str, Floats], fixed: Mapping[str, Figure] | None = None
    ) -> dict[str, Any]:
        """Figures of a stressed world by plan, with their `change` from the base."""
        by_plan = {}
        for plan, values in stressed.items():
            now, before = self._measured(values, (fixed or {}).get(plan)), self._base[plan]
            by_plan[plan] = {**now.figure.to_dict(), "change": change(now, before).to_dict()}
        return by_plan

    def _measured(self, values: Floats, fixed: Figure | None) -> MeasuredValues:
        measured = measure_values(values, self._metric, self._measure)
        if fixed is None or fixed.value != measured.figure.value:
            return measured
        return measured._replace(figure=fixed)
