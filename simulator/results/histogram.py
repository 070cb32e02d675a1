r"""A log-linear histogram: counts and tail means of any number of values in fixed memory.

Each sign has 40 octaves, 2^-20 <= |x| < 2^20, of 2^10 equal bins each: relative width at most 2^-10. In USD bn that
is USD 1,000 to a million bn; shares, rates, months and ratios lie well inside. A bin is two int64: how many values,
and the sum of the 20 mantissa bits that follow the bin's own 10, so that the mean of a bin is known to 2^-30 of the
value (truncated towards zero; whole numbers below 2^20 and other short mantissas are exact).

Bins rise with x, so that a bin number is a rank:
    0                     x <= -2^20 (overflow)
    1 .. 40960            -2^20 < x <= -2^-20
    ZERO = 40961          |x| < 2^-20, taken as 0
    40962 .. 81921        2^-20 <= x < 2^20
    81922                 x >= 2^20 (overflow)
    UNDEFINED = 81923     NaN
Overflowing values are counted; their size is known only through the extremes and the worst paths kept beside. A bin
whose further bits are all 0 has one value: a month, a count, an event.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import njit
from simulator.results import exact_sum

__all__ = ["Bins", "bins_from_sample"]


OCTAVES = 40
LOWEST = -20  # exponent of the lowest octave
_BIN_BITS = 10
_REST_BITS = 20
_SIDE = OCTAVES << _BIN_BITS
ZERO = _SIDE + 1
OVER = 2 * ZERO
UNDEFINED = OVER + 1
BINS = UNDEFINED + 1

_WORD_VALUES = 1 << _REST_BITS  # values that a word can count: the sum of their rests has twice these bits
_COUNT_SHIFT = 2 * _REST_BITS
_UNIT = 1 << _COUNT_SHIFT  # one value in a word
_GROUP_BITS = 6  # a group is 64 words
_BIN_MASK = (1 << 17) - 1  # more than the number of bins

_BIN_SHIFT = 52 - _BIN_BITS
_REST_SHIFT = _BIN_SHIFT - _REST_BITS
_REST_MASK = (1 << _REST_BITS) - 1
_MAGNITUDE = (1 << 63) - 1
_FIRST = (1023 + LOWEST) << _BIN_BITS
_INFINITY = 0x7FF << 52


@dataclass(frozen=True, eq=False)
class Bins:
    """Groups of neighbouring values in rising order, one entry a group; of a sample, groups of equal values."""

    low: NDArray[np.float64]  # lower edge
    high: NDArray[np.float64]  # upper edge
    mean: NDArray[np.float64]  # mean of the values inside
    n: NDArray[np.int64]  # how many

    @cached_property
    def cumulative(self) -> NDArray[np.int64]:
        """Number of values up to and in each group: one pass that all quantiles, VaR and CVaR share."""
        counts: NDArray[np.int64] = np.cumsum(self.n)
        return counts

    @property
    def count(self) -> int:
        """Number of values."""
        return int(self.cumulative[-1]) if self.cumulative.size else 0

    @cached_property
    def average(self) -> float:
        """Mean of all values: the exact sum over the groups, rounded once, over their number."""
        return exact_sum.total(self.n * self.mean) / self.count

    @cached_property
    def negated(self) -> Bins:
        """The groups of -x."""
        return Bins(-self.high[::-1], -self.low[::-1], -self.mean[::-1], self.n[::-1])

    def index_of_rank(self, k: int) -> int:
        """Index of the group of the k-th smallest value."""
        return int(np.searchsorted(self.cumulative, k))

    def joined(self, higher: Bins) -> Bins:
        """These groups, then the groups of `higher`, whose values are no lower."""
        pairs = ((getattr(self, name), getattr(higher, name)) for name in ("low", "high", "mean", "n"))
        return Bins(*(np.concatenate(pair) for pair in pairs))


@njit
def locate(x: NDArray[np.float64], bin_number: NDArray[np.int64], rest: NDArray[np.int64]) -> None:
    """Write the bin of each of `x` (n,), and the 20 mantissa bits below the bin, to `bin_number` and `rest`."""
    bits = x.view(np.int64)
    for i in range(bits.shape[0]):
        size = bits[i] & _MAGNITUDE
        step = (size >> _BIN_SHIFT) - _FIRST
        inside = (step >= 0) & (step < _SIDE)
        rest[i] = (size >> _REST_SHIFT) & _REST_MASK if inside else 0
        step = min(max(step + 1, 0), ZERO)
        signed = ZERO - step if bits[i] < 0 else ZERO + step
        bin_number[i] = UNDEFINED if size > _INFINITY else signed


class CountBuffer(NamedTuple):
    """Counts that are not in a table yet, a word a bin: number of values above bit 40, sum of their rests below.

    A word is half the memory of a bin and takes one addition instead of two (two to one word wait for each other).
    """

    words: NDArray[np.int64]  # (BINS rounded up to whole groups,)
    groups: NDArray[np.int64]  # 1: some word of the group may be above 0
    values: NDArray[np.int64]  # (1,) number of values in the words
    bin_number: NDArray[np.int64]  # scratch, as is the next
    rest: NDArray[np.int64]


def empty_buffer(most: int) -> CountBuffer:
    """Make a buffer for calls with up to `most` values each."""
    groups = (BINS >> _GROUP_BITS) + 1
    words, flags, values = np.zeros(groups << _GROUP_BITS, np.int64), np.zeros(groups, np.int64), np.zeros(1, np.int64)
    return CountBuffer(words, flags, values, np.zeros(most, np.int64), np.zeros(most, np.int64))


@njit
def add(table: NDArray[np.int64], x: NDArray[np.float64], weights: NDArray[np.int64], buffer: CountBuffer) -> None:
    """Count `x` (n,), NaN apart, with integer `weights` (n,) >= 0; `table` (BINS, 2) has them after `flush`.

    Bit arithmetic has a loop of its own because the scattered additions keep a loop from being vectorised.
    """
    locate(x, buffer.bin_number, buffer.rest)
    more = np.int64(0)
    for i in range(x.shape[0]):
        more += min(weights[i], _WORD_VALUES + 1)
    if buffer.values[0] + more > _WORD_VALUES:
        flush(table, buffer)
    if more > _WORD_VALUES:
        for i in range(x.shape[0]):
            table[buffer.bin_number[i], 0] += weights[i]
            table[buffer.bin_number[i], 1] += weights[i] * buffer.rest[i]
        return
    buffer.values[0] += more
    for i in range(x.shape[0]):
        buffer.rest[i] = weights[i] * (_UNIT + buffer.rest[i])
    for i in range(x.shape[0]):
        number = buffer.bin_number[i] & _BIN_MASK  # the mask changes nothing but spares the test for a negative index
        buffer.words[number] += buffer.rest[i]
        buffer.groups[number >> _GROUP_BITS] = 1


@njit
def flush(table: NDArray[np.int64], buffer: CountBuffer) -> None:
    """Add the counts of the buffer to `table` (BINS, 2) and empty the buffer."""
    buffer.values[0] = 0
    for group in range(buffer.groups.shape[0]):
        if buffer.groups[group] == 0:
            continue
        buffer.groups[group] = 0
        first = group << _GROUP_BITS
        bins = table[first : first + (1 << _GROUP_BITS)]
        words = buffer.words[first : first + bins.shape[0]]
        for i in range(bins.shape[0]):
            bins[i, 0] += words[i] >> _COUNT_SHIFT
            bins[i, 1] += words[i] & (_UNIT - 1)
            words[i] = 0


def nonempty_bins(table: NDArray[np.int64]) -> NDArray[np.int64]:
    """Numbers of the bins of `table` (BINS, 2) whose count is not 0, rising."""
    numbers: NDArray[np.int64] = (table[:, 0] != 0).nonzero()[0]
    return numbers


class _BinEdges(NamedTuple):
    """Edges of every bin but UNDEFINED (BINS - 1,); an overflow reaches to infinity."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    inner: NDArray[np.float64]  # the edge nearer to zero; 0 of the bin ZERO
    outer: NDArray[np.float64]


@cache
def bin_edges() -> _BinEdges:
    """Edges of all bins; made once, because a run looks them up thousands of times."""
    bins = np.arange(UNDEFINED)
    steps = np.abs(bins - ZERO)
    near, far = _edge(steps - 1), _edge(steps)
    near, far = np.where(steps == 0, -far, near), np.where(steps > _SIDE, np.inf, far)
    negative = bins < ZERO
    low, high = np.where(negative, -far, near), np.where(negative, -near, far)
    inner = np.where(steps == 0, 0.0, np.where(negative, high, low))
    return _BinEdges(low, high, inner, np.where(negative, low, high))


def _edge(steps: NDArray[np.int64]) -> NDArray[np.float64]:
    """The inner edge, a positive number, of the bin `steps` bins above 2^-20."""
    step = (1 << _BIN_BITS) + (steps & ((1 << _BIN_BITS) - 1))
    edge: NDArray[np.float64] = np.ldexp(step.astype(np.float64), (steps >> _BIN_BITS) + LOWEST - _BIN_BITS)
    return edge


def bins_from_counts(numbers: NDArray[np.int64], counts: NDArray[np.int64], rests: NDArray[np.int64]) -> Bins:
    """Groups of the values in the bins `numbers` (rising, not UNDEFINED) from their counts and sums of rests.

    The mean of an overflow bin is unknown: infinite.
    """
    low, high, inner, outer = (edge[numbers] for edge in bin_edges())
    single = (rests == 0) & (numbers > 0) & (numbers < OVER)
    share = rests / (counts * float(1 << _REST_BITS))
    with np.errstate(invalid="ignore"):
        mean = np.where(single, inner, inner + share * (outer - inner))
    mean = np.where(np.isinf(outer), outer, mean)
    return Bins(np.where(single, inner, low), np.where(single, inner, high), mean, counts)


def bins_from_sample(x: NDArray[np.float64]) -> Bins:
    """Groups of equal values of a sample `x` (n,); undefined values (NaN) are left out."""
    value, n = np.unique(x[~np.isnan(x)], return_counts=True)
    return Bins(value, value, value, n.astype(np.int64))
