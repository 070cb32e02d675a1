"""Compiled recording of paths: from the kernel's output into the state of one scope's tally.

A tally block is 1,024 consecutive paths. Each column goes through a block three times, in loops that can be vectorised
but for the scattered additions to the histogram: about 4 to 6 ns a value in all.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import inner, njit
from simulator.results import exact_sum, histogram, moments, worst
from simulator.results.histogram import CountBuffer

__all__ = ["BLOCK"]


BLOCK = 1024  # paths of a tally block
LANES = moments.LANES
LARGEST = 1e75  # beyond this squares lose their meaning; no figure in USD bn, months or shares comes near

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Layout(NamedTuple):
    """Columns (M,) and events (E,) of one scope, for compiled code."""

    row: Ints  # row of the kernel's output
    sign: Floats  # loss = sign x: -1 where low is bad
    undefined: Ints  # 1: may be undefined
    centre: Floats
    event_column: Ints  # index into the columns
    event_sign: Floats  # an event where sign x > sign threshold
    event_threshold: Floats


class State(NamedTuple):
    """The counts and sums recorded of one scope."""

    table: Ints  # (M, BINS, 2)
    sums: Ints  # (M, POWERS, LIMBS), canonical
    extreme: Floats  # (M, 2) lowest, highest value
    extreme_path: Ints  # (M, 2) the first path that had it, -1 if none
    losses: Floats  # (M, K) heap
    paths: Ints  # (M, K)
    kept: Ints  # (M,) paths in the heap
    events: Ints  # (E,)


class _Scratch(NamedTuple):
    """Scratch arrays of one tally block, and the counts of one column that are not in its table yet."""

    buffer: CountBuffer
    lanes: Floats  # (2, LANES)
    sums: Floats  # (POWERS,)


@njit
def first_bad(layout: Layout, out: Floats) -> tuple[int, int]:
    """The first (column, lane) whose value is infinite, absurdly large or undefined where it may not be; else -1."""
    for i in range(layout.row.shape[0]):
        x = out[layout.row[i]]
        bad = 0
        for lane in range(x.shape[0]):
            bad += 0 if abs(x[lane]) <= LARGEST else 1
        if bad == 0:
            continue
        for lane in range(x.shape[0]):
            if abs(x[lane]) > LARGEST or (x[lane] != x[lane] and layout.undefined[i] == 0):
                return i, lane
    return -1, -1


@inner
def _range(x: Floats, low: Floats, high: Floats) -> tuple[float, float]:
    """Lowest and highest of `x`, NaN left out; `low`, `high` (LANES,) are scratch."""
    low[:] = np.inf
    high[:] = -np.inf
    for start in range(0, x.shape[0], LANES):
        part = x[start:]
        for lane in range(min(LANES, part.shape[0])):
            low[lane] = part[lane] if part[lane] < low[lane] else low[lane]
            high[lane] = part[lane] if part[lane] > high[lane] else high[lane]
    for lane in range(1, LANES):
        low[0] = min(low[0], low[lane])
        high[0] = max(high[0], high[lane])
    return low[0], high[0]


@inner
def _worst(state: State, i: int, sign: float, x: Floats, path: int, lanes: Floats) -> None:
    """Offer the block `x` of column i, whose first path id is `path`, to the heap of worst paths.

    `lanes` (LANES,) are the worst values of x[lane::LANES]: a lane whose worst value is too mild is skipped.
    """
    losses, paths, kept = state.losses[i], state.paths[i], state.kept[i]
    for lane in range(LANES):
        if kept == losses.shape[0] and sign * lanes[lane] < losses[0]:
            continue
        for k in range(lane, x.shape[0], LANES):
            loss = sign * x[k]
            if loss == loss:
                kept = worst.push(losses, paths, kept, loss, path + k)
    state.kept[i] = kept


@inner
def _extreme(state: State, i: int, side: int, value: float, x: Floats, path: int) -> None:
    """Keep `value`, one of the block `x`, as an extreme of column i if it is one, with the first path that has it."""
    flip = 1.0 if side else -1.0
    if worst.is_worse(flip * value, path, flip * state.extreme[i, side], state.extreme_path[i, side]):
        lane = 0
        while x[lane] != value:
            lane += 1
        if value != state.extreme[i, side] or path + lane < state.extreme_path[i, side]:
            state.extreme[i, side], state.extreme_path[i, side] = value, path + lane


@inner
def _add_block(layout: Layout, state: State, i: int, path: int, x: Floats, weights: Ints, scratch: _Scratch) -> None:
    """Record the block `x`, whose first path id is `path`, in column i."""
    histogram.add(state.table[i], x, weights, scratch.buffer)
    scratch.sums[0], scratch.sums[1] = moments.block_sums(x, weights, layout.centre[i], scratch.lanes)
    for power in range(moments.POWERS):
        exact_sum.add_all(state.sums[i, power], scratch.sums[power : power + 1])
    low, high = _range(x, scratch.lanes[0], scratch.lanes[1])
    if low <= high:
        _extreme(state, i, 0, low, x, path)
        _extreme(state, i, 1, high, x, path)
        loss = high if layout.sign[i] > 0.0 else -low
        full = state.kept[i] == state.losses.shape[1]
        if not full or worst.is_worse(loss, path, state.losses[i, 0], state.paths[i, 0]):
            _worst(state, i, layout.sign[i], x, path, scratch.lanes[1] if layout.sign[i] > 0.0 else scratch.lanes[0])


@njit
def add(layout: Layout, state: State, first_path: int, out: Floats, weights: Ints, scratch: _Scratch) -> None:
    """Record the paths first_path .. first_path + out.shape[1] - 1 of one scope."""
    for i in range(layout.row.shape[0]):
        x = out[layout.row[i]]
        for first in range(0, x.shape[0], BLOCK):
            block = slice(first, first + BLOCK)
            _add_block(layout, state, i, first_path + first, x[block], weights[block], scratch)
        histogram.flush(state.table[i], scratch.buffer)
        for power in range(moments.POWERS):
            exact_sum.normalise(state.sums[i, power])
    for e in range(layout.event_column.shape[0]):
        x = out[layout.row[layout.event_column[e]]]
        sign = layout.event_sign[e]
        threshold = sign * layout.event_threshold[e]
        events = 0
        for lane in range(x.shape[0]):
            events += weights[lane] if sign * x[lane] > threshold else 0
        state.events[e] += events


def empty_state(layout: Layout, bins: int = histogram.BINS) -> State:
    """The state before any path; `merge` needs no bins in the second of its states."""
    columns = len(layout.row)
    return State(
        table=np.zeros((columns, bins, 2), dtype=np.int64),
        sums=exact_sum.zeros(columns, moments.POWERS),
        extreme=np.tile([np.inf, -np.inf], (columns, 1)),
        extreme_path=np.full((columns, 2), -1, dtype=np.int64),
        losses=np.zeros((columns, worst.WORST_PATHS)),
        paths=np.zeros((columns, worst.WORST_PATHS), dtype=np.int64),
        kept=np.zeros(columns, dtype=np.int64),
        events=np.zeros(len(layout.event_column), dtype=np.int64),
    )


def new_scratch() -> _Scratch:
    """Make scratch arrays; two calls of `add` at the same time must not share them."""
    return _Scratch(histogram.empty_buffer(BLOCK), np.zeros((2, LANES)), np.zeros(moments.POWERS))


@njit
def merge(state: State, other: State) -> None:
    """Add what `other` recorded (of other paths), all but its table, to `state`."""
    for i in range(state.kept.shape[0]):
        for power in range(moments.POWERS):
            exact_sum.merge(state.sums[i, power], other.sums[i, power])
        for side in range(2):
            flip = 1.0 if side else -1.0
            value, path = other.extreme[i, side], other.extreme_path[i, side]
            if worst.is_worse(flip * value, path, flip * state.extreme[i, side], state.extreme_path[i, side]):
                state.extreme[i, side], state.extreme_path[i, side] = value, path
        for k in range(other.kept[i]):
            loss, path = other.losses[i, k], other.paths[i, k]
            state.kept[i] = worst.push(state.losses[i], state.paths[i], state.kept[i], loss, path)
    for e in range(state.events.shape[0]):
        state.events[e] += other.events[e]
