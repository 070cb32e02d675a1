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
whose further bits are all 0 holds one value: a month, a count, an event.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import njit

OCTAVES = 40
LOWEST = -20  # exponent of the lowest octave
_BIN_BITS = 10
_REST_BITS = 20
_SIDE = OCTAVES << _BIN_BITS
ZERO = _SIDE + 1
OVER = 2 * ZERO
UNDEFINED = OVER + 1
BINS = UNDEFINED + 1

_HELD = 1 << _REST_BITS  # values that a word holds: the sum of their rests has twice these bits
_COUNT_SHIFT = 2 * _REST_BITS
_ONE = 1 << _COUNT_SHIFT
_GROUP_BITS = 6  # a group is 64 words
_PLACES = (1 << 17) - 1  # more than there are

_BIN_SHIFT = 52 - _BIN_BITS
_REST_SHIFT = _BIN_SHIFT - _REST_BITS
_REST_MASK = (1 << _REST_BITS) - 1
_MAGNITUDE = (1 << 63) - 1
_FIRST = (1023 + LOWEST) << _BIN_BITS
_INFINITY = 0x7FF << 52


class Bins(NamedTuple):
    """Groups of like values in rising order: arrays of one entry per group. A sorted sample is one of single values."""

    low: NDArray[np.float64]  # lower edge
    high: NDArray[np.float64]  # upper edge
    mean: NDArray[np.float64]  # mean of the values inside
    n: NDArray[np.int64]  # how many

    def negated(self) -> Bins:
        """The groups of -x."""
        return Bins(-self.high[::-1], -self.low[::-1], -self.mean[::-1], self.n[::-1])


@njit
def places(x: NDArray[np.float64], place: NDArray[np.int64], rest: NDArray[np.int64]) -> None:
    """Bin numbers of `x` (n,) and the 20 mantissa bits below the bin, into `place` and `rest` (n or longer)."""
    bits = x.view(np.int64)
    for i in range(bits.shape[0]):
        size = bits[i] & _MAGNITUDE
        step = (size >> _BIN_SHIFT) - _FIRST
        inside = (step >= 0) & (step < _SIDE)
        rest[i] = (size >> _REST_SHIFT) & _REST_MASK if inside else 0
        step = min(max(step + 1, 0), ZERO)
        signed = ZERO - step if bits[i] < 0 else ZERO + step
        place[i] = UNDEFINED if size > _INFINITY else signed


class Held(NamedTuple):
    """Counts on their way into a table, a word a bin: the number of values above bit 40, the sum of their rests below.

    A word is half the memory of a bin, and one addition instead of two: additions wait for each other, as two may meet.
    """

    words: NDArray[np.int64]  # (BINS rounded up to whole groups,)
    groups: NDArray[np.int64]  # 1: there may be something in its words
    values: NDArray[np.int64]  # (1,) how many are held
    place: NDArray[np.int64]  # scratch, as is the next
    rest: NDArray[np.int64]


def nothing_held(most: int) -> Held:
    """Room to hold values that come up to `most` at once."""
    groups = (BINS >> _GROUP_BITS) + 1
    words, flags, values = np.zeros(groups << _GROUP_BITS, np.int64), np.zeros(groups, np.int64), np.zeros(1, np.int64)
    return Held(words, flags, values, np.zeros(most, np.int64), np.zeros(most, np.int64))


@njit
def add(table: NDArray[np.int64], x: NDArray[np.float64], weights: NDArray[np.int64], h: Held) -> None:
    """Count the values `x` (n,), NaN apart, with integer `weights` (n,) >= 0: in `table` (BINS, 2) once `h` is poured.

    The bit arithmetic is done ahead because the scattered additions keep a loop from being vectorised.
    """
    places(x, h.place, h.rest)
    more = np.int64(0)
    for i in range(x.shape[0]):
        more += min(weights[i], _HELD + 1)
    if h.values[0] + more > _HELD:
        pour(table, h)
    if more > _HELD:
        for i in range(x.shape[0]):
            table[h.place[i], 0] += weights[i]
            table[h.place[i], 1] += weights[i] * h.rest[i]
        return
    h.values[0] += more
    for i in range(x.shape[0]):
        h.rest[i] = weights[i] * (_ONE + h.rest[i])
    for i in range(x.shape[0]):
        place = h.place[i] & _PLACES  # itself, and seen not to be negative, which spares a test
        h.words[place] += h.rest[i]
        h.groups[place >> _GROUP_BITS] = 1


@njit
def pour(table: NDArray[np.int64], h: Held) -> None:
    """Add what is held to `table`, and hold nothing."""
    h.values[0] = 0
    for group in range(h.groups.shape[0]):
        if h.groups[group] == 0:
            continue
        h.groups[group] = 0
        first = group << _GROUP_BITS
        bins = table[first : first + (1 << _GROUP_BITS)]
        words = h.words[first : first + bins.shape[0]]
        for i in range(bins.shape[0]):
            bins[i, 0] += words[i] >> _COUNT_SHIFT
            bins[i, 1] += words[i] & (_ONE - 1)
            words[i] = 0


def filled(table: NDArray[np.int64]) -> NDArray[np.int64]:
    """Numbers of the bins of `table` (BINS, 2) that hold anything."""
    found: NDArray[np.int64] = (table[:, 0] != 0).nonzero()[0]
    return found


class Edges(NamedTuple):
    """Edges of every bin but UNDEFINED (BINS - 1,); an overflow reaches to infinity."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    inner: NDArray[np.float64]  # the edge nearer to zero; 0 of the bin ZERO
    outer: NDArray[np.float64]


@cache
def all_edges() -> Edges:
    """Made once: looked up far more often than there are bins."""
    bins = np.arange(UNDEFINED)
    place = np.abs(bins - ZERO)
    near, far = _edge(place - 1), _edge(place)
    near, far = np.where(place == 0, -far, near), np.where(place > _SIDE, np.inf, far)
    negative = bins < ZERO
    low, high = np.where(negative, -far, near), np.where(negative, -near, far)
    inner = np.where(place == 0, 0.0, np.where(negative, high, low))
    return Edges(low, high, inner, np.where(negative, low, high))


def edges(bins: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lower and upper edge of the bins numbered `bins` (not UNDEFINED); an overflow reaches to infinity."""
    known = all_edges()
    return known.low[bins], known.high[bins]


def _edge(place: NDArray[np.int64]) -> NDArray[np.float64]:
    """The inner edge, a positive number, of the bin `place` bins above 2^-20."""
    step = (1 << _BIN_BITS) + (place & ((1 << _BIN_BITS) - 1))
    edge: NDArray[np.float64] = np.ldexp(step.astype(np.float64), (place >> _BIN_BITS) + LOWEST - _BIN_BITS)
    return edge


def grouped(place: NDArray[np.int64], n: NDArray[np.int64], rest: NDArray[np.int64]) -> Bins:
    """The values in the bins `place` (rising, not UNDEFINED); an overflow's mean is unknown (infinite)."""
    low, high, inner, outer = (edge[place] for edge in all_edges())
    single = (rest == 0) & (place > 0) & (place < OVER)
    share = rest / (n * float(1 << _REST_BITS))
    with np.errstate(invalid="ignore"):
        mean = np.where(single, inner, inner + share * (outer - inner))
    mean = np.where(np.isinf(outer), outer, mean)
    return Bins(np.where(single, inner, low), np.where(single, inner, high), mean, n)


def singles(x: NDArray[np.float64]) -> Bins:
    """The defined values of a sample `x` (n,), each its own group."""
    value, n = np.unique(x[~np.isnan(x)], return_counts=True)
    return Bins(value, value, value, n.astype(np.int64))


def place_of(x: float) -> int:
    """Number of the bin that holds `x`."""
    place, rest = np.zeros((2, 1), dtype=np.int64)
    places(np.array([x]), place, rest)
    return int(place[0])
