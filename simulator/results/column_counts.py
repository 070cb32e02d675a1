"""What was counted of one column over a set of paths, in little room; sets of paths are subtracted exactly.

The tally of paths [0, n) less that of [0, m) is the tally of paths [m, n): bins are whole numbers and power sums exact
fixed-point numbers, so the difference has the very bits of a tally that saw those paths alone.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.results import histogram, moments
from simulator.results.histogram import Bins
from simulator.results.moments import Moments

Ints = NDArray[np.int64]


class Counts(NamedTuple):
    """Bins that hold anything, and power sums about a centre (a copy)."""

    undefined: int
    place: Ints  # (b,) numbers of the bins, rising, UNDEFINED left out
    paths: Ints  # (b,) whose values lie in each
    rest: Ints  # (b,) sums of their further bits
    centre: float
    sums: Ints  # (POWERS, LIMBS)

    @property
    def n(self) -> int:
        """Paths (their weights) on which the column is defined."""
        return int(self.paths.sum())

    def bins(self) -> Bins:
        """All groups of values, rising."""
        return histogram.grouped(self.place, self.paths, self.rest)

    def tail(self, bad: Literal["low", "high"], most: int) -> Bins:
        """The groups of the `most` worst values, at least; all milder ones in a single group beside them."""
        low = bad == "low"
        seen = np.cumsum(self.paths if low else self.paths[::-1])
        kept = int(np.searchsorted(seen, most)) + 1
        if kept >= self.place.size:
            return self.bins()
        part = slice(0, kept) if low else slice(self.place.size - kept, None)
        bins = histogram.grouped(self.place[part], self.paths[part], self.rest[part])
        rest = seen[-1:] - seen[kept - 1]
        edge = bins.high[-1:] if low else bins.low[:1]
        mild = Bins(edge, edge, edge, rest)
        return Bins(*(np.concatenate(pair) for pair in zip(*((bins, mild) if low else (mild, bins)), strict=True)))

    def moments(self) -> Moments:
        """Mean, standard deviation and standard error."""
        return moments.from_sums(self.n, self.centre, self.sums)

    def less(self, earlier: Counts) -> Counts:
        """What was counted since `earlier`, of the paths that this has and `earlier` has not."""
        at = np.searchsorted(self.place, earlier.place)
        paths, rest = self.paths.copy(), self.rest.copy()
        paths[at] -= earlier.paths
        rest[at] -= earlier.rest
        left = paths.nonzero()[0]
        undefined = self.undefined - earlier.undefined
        sums = self.sums - earlier.sums
        return Counts(undefined, self.place[left], paths[left], rest[left], self.centre, sums)


def of(table: Ints, centre: float, sums: Ints) -> Counts:
    """The counts in the `table` (BINS, 2) and the `sums` (POWERS, LIMBS) of a column."""
    place = histogram.filled(table)
    place = place[place != histogram.UNDEFINED]
    undefined = int(table[histogram.UNDEFINED, 0])
    return Counts(undefined, place, table[:, 0][place], table[:, 1][place], centre, sums.copy())
