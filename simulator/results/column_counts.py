"""Counts of one column over a set of paths: non-empty bins and power sums, which can be subtracted exactly.

The tally of paths [0, n) less that of [0, m) is the tally of paths [m, n): bins are whole numbers and power sums exact
fixed-point numbers, so the difference has the very bits of a tally of those paths alone.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.results import histogram, moments
from simulator.results.histogram import Bins
from simulator.results.moments import Moments

__all__ = ["ColumnCounts"]


Ints = NDArray[np.int64]


class ColumnCounts(NamedTuple):
    """Non-empty bins of a column, and power sums about a centre (a copy)."""

    undefined: int
    numbers: Ints  # (b,) of the bins, rising, UNDEFINED left out
    counts: Ints  # (b,) paths in each bin
    rests: Ints  # (b,) sums of the mantissa bits below the bin's own
    centre: float
    sums: Ints  # (POWERS, LIMBS)

    @property
    def n(self) -> int:
        """Paths (their weights) on which the column is defined."""
        return int(self.counts.sum())

    def bins(self) -> Bins:
        """All groups of values, rising."""
        return histogram.bins_from_counts(self.numbers, self.counts, self.rests)

    def tail(self, bad: Literal["low", "high"], most: int) -> Bins:
        """The groups of at least the `most` worst values; all milder values are a single group."""
        low = bad == "low"
        total = np.cumsum(self.counts if low else self.counts[::-1])
        kept = int(np.searchsorted(total, most)) + 1
        if kept >= self.numbers.size:
            return self.bins()
        part = slice(0, kept) if low else slice(self.numbers.size - kept, None)
        bins = histogram.bins_from_counts(self.numbers[part], self.counts[part], self.rests[part])
        rest = total[-1:] - total[kept - 1]
        edge = bins.high[-1:] if low else bins.low[:1]
        mild = Bins(edge, edge, edge, rest)
        return bins.joined(mild) if low else mild.joined(bins)

    def moments(self) -> Moments:
        """Mean, standard deviation and standard error."""
        return moments.moments_from_sums(self.n, self.centre, self.sums)

    def minus(self, earlier: ColumnCounts) -> ColumnCounts:
        """Counts of the paths that are not in `earlier`, whose paths are all in this one."""
        index = np.searchsorted(self.numbers, earlier.numbers)
        counts, rests = self.counts.copy(), self.rests.copy()
        counts[index] -= earlier.counts
        rests[index] -= earlier.rests
        left = counts.nonzero()[0]
        undefined = self.undefined - earlier.undefined
        sums = self.sums - earlier.sums
        return ColumnCounts(undefined, self.numbers[left], counts[left], rests[left], self.centre, sums)


def count_column(table: Ints, centre: float, sums: Ints) -> ColumnCounts:
    """The counts in the `table` (BINS, 2) and the `sums` (POWERS, LIMBS) of a column."""
    numbers = histogram.nonempty_bins(table)
    numbers = numbers[numbers != histogram.UNDEFINED]
    undefined = int(table[histogram.UNDEFINED, 0])
    return ColumnCounts(undefined, numbers, table[:, 0][numbers], table[:, 1][numbers], centre, sums.copy())
