"""The distribution of one metric over n paths, from its tally or from its values on the sample."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.finance.metrics import Metric
from simulator.results import exact_sum
from simulator.results.histogram import Bins, bins_from_sample
from simulator.results.moments import Moments
from simulator.results.scope_tally import ColumnTally, Extreme

__all__: list[str] = []  # used in this folder only


_NO_MOMENTS = Moments(0, math.nan, math.nan, math.nan)


@dataclass(frozen=True, eq=False)
class Distribution:
    """Groups of like values of a metric, with moments, extremes and the counts of the config's events on it."""

    metric: Metric
    n: int  # paths on which it is defined
    undefined: int
    bins: Bins
    moments: Moments
    events: Mapping[str, int]
    lowest: Extreme | None = None  # None where nothing is defined, or where nobody needs it
    highest: Extreme | None = None

    @property
    def loss(self) -> Bins:
        """The groups of the loss: -x where low is bad, x where high is bad."""
        return self.bins.negated if self.metric.bad == "low" else self.bins

    def count_at_least(self, threshold: float) -> int:
        """Paths at or above a threshold that is a bin edge."""
        return int(self.bins.n[self.bins.mean >= threshold].sum())

    def undefined_everywhere(self) -> Distribution:
        """The same paths with the metric undefined on all of them."""
        events = dict.fromkeys(self.events, 0)
        return Distribution(self.metric, 0, self.n + self.undefined, bins_from_sample(np.empty(0)), _NO_MOMENTS, events)


def distribution_of_tally(tally: ColumnTally) -> Distribution:
    """The distribution of a tallied column."""
    return Distribution(
        tally.column.metric, tally.n, tally.undefined, tally.bins, tally.moments, tally.events,
        tally.lowest, tally.highest,
    )  # fmt: skip


def distribution_of_sample(metric: Metric, x: NDArray[np.float64]) -> Distribution:
    """The distribution of a metric from its values on paths 0, 1, ... (n,), undefined as NaN."""
    bins = bins_from_sample(x)
    n = bins.count
    if not n:
        return Distribution(metric, 0, len(x), bins, _NO_MOMENTS, {})
    lowest, highest = (int(np.argmax(x == value)) for value in (bins.mean[0], bins.mean[-1]))
    mean = bins.average
    sd = math.sqrt(exact_sum.total(bins.n * (bins.mean - mean) ** 2) / (n - 1)) if n > 1 else math.nan
    moments = Moments(n, mean, sd, sd / math.sqrt(n))
    extremes = (Extreme(float(x[path]), path) for path in (lowest, highest))
    return Distribution(metric, n, len(x) - n, bins, moments, {}, *extremes)
