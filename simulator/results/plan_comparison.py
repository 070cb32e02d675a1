"""Comparison of the plans over every path: differences to the first plan, and the regret of each plan.

A difference is plan less first plan on the same path. Tallied of each compared metric: sum and sum of squares of the
differences (exact, as all moments), the paths on which the plan is better, and those on which the two tie. The regret
of a plan on a path is the best plan's npv less its own: a histogram and moments, as of any figure. All parts are
exactly mergeable.

Values nearer than 2^-20, in USD bn about USD 1,000, tie, so that no count depends on the last bits.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.finance.metrics import Metric
from simulator.numerics.jit import inner, njit
from simulator.results import exact_sum, histogram, moments
from simulator.results.columns import WORLD, Column
from simulator.results.moments import Moments
from simulator.results.scope_tally import ColumnTally, ScopeTally
from simulator.results.tally_kernel import BLOCK

__all__ = ["TIE", "Difference"]


TIE = 2.0**histogram.LOWEST
_VALUE = "npv"  # the metric of regret
_KINDS = ("amount", "event", "rate", "ratio", "years")  # kinds of metrics that are compared

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Difference(NamedTuple):
    """A plan less the first plan in one metric (a copy)."""

    metric: Metric
    moments: Moments  # of the paths on which both are defined
    better: int  # paths on which the plan is better by more than TIE
    ties: int


class _Pairs(NamedTuple):
    """Rows of the kernel's output that are compared (Q,), for compiled code."""

    row: Ints  # of the plan in the kernel's output
    base: Ints  # of the first plan
    sign: Floats  # 1 where high is good, else -1
    centre: Floats


class _State(NamedTuple):
    """Counts and power sums of the differences (Q,)."""

    n: Ints
    better: Ints
    ties: Ints
    sums: Ints  # (Q, POWERS, LIMBS), canonical


@inner
def _add_block(pairs: _Pairs, state: _State, i: int, d: Floats, weights: Ints, lanes: Floats, sums: Floats) -> None:
    """Record the differences `d` of one tally block in pair i."""
    sign = pairs.sign[i]
    n, better, ties = 0, 0, 0
    for k in range(d.shape[0]):
        n += weights[k] if d[k] == d[k] else 0
        better += weights[k] if sign * d[k] >= TIE else 0
        ties += weights[k] if abs(d[k]) < TIE else 0
    state.n[i] += n
    state.better[i] += better
    state.ties[i] += ties
    sums[0], sums[1] = moments.block_sums(d, weights, pairs.centre[i], lanes)
    for power in range(moments.POWERS):
        exact_sum.add_all(state.sums[i, power], sums[power : power + 1])


@njit
def _add(pairs: _Pairs, state: _State, out: Floats, weights: Ints, d: Floats, lanes: Floats, sums: Floats) -> None:
    """Record paths; `d` (BLOCK,), `lanes` (POWERS, LANES) and `sums` (POWERS,) are scratch."""
    for i in range(pairs.row.shape[0]):
        x, y = out[pairs.row[i]], out[pairs.base[i]]
        for first in range(0, x.shape[0], BLOCK):
            minuend, subtrahend = x[first : first + BLOCK], y[first : first + BLOCK]
            part = d[: minuend.shape[0]]
            for k in range(part.shape[0]):
                part[k] = minuend[k] - subtrahend[k]
            _add_block(pairs, state, i, part, weights[first : first + BLOCK], lanes, sums)
        for power in range(moments.POWERS):
            exact_sum.normalise(state.sums[i, power])


@njit
def _regrets(rows: Ints, sign: float, out: Floats, regret: Floats) -> None:
    """Write the regrets to `regret` (plans, count): the best of the plans' `rows` less each, on the same path."""
    for lane in range(out.shape[1]):
        best = sign * out[rows[0], lane]
        for p in range(1, rows.shape[0]):
            best = max(best, sign * out[rows[p], lane])
        for p in range(rows.shape[0]):
            regret[p, lane] = best - sign * out[rows[p], lane]


@njit
def _merge(state: _State, other: _State) -> None:
    """Add the state of other paths to `state`."""
    for i in range(state.n.shape[0]):
        state.n[i] += other.n[i]
        state.better[i] += other.better[i]
        state.ties[i] += other.ties[i]
        for power in range(moments.POWERS):
            exact_sum.merge(state.sums[i, power], other.sums[i, power])


class PlanComparison:
    """The comparison of the plans among tallied `columns` with their `centres`; `first` is None with a single plan."""

    def __init__(self, columns: Sequence[Column], centres: Floats) -> None:
        centre_of = {column.name: float(centre) for column, centre in zip(columns, centres, strict=True)}
        by_name = {column.name: column for column in columns}
        self.plans = tuple(dict.fromkeys(column.scope for column in columns if column.scope != WORLD))
        self.first = self.plans[0] if len(self.plans) > 1 else None
        pairs = [
            (column, by_name[f"{self.first}.{column.metric.name}"])
            for column in columns
            if column.scope not in (WORLD, self.first)
            and column.metric.kind in _KINDS
            and f"{self.first}.{column.metric.name}" in by_name
        ]
        self._metrics = {(column.scope, column.metric.name): (i, column.metric) for i, (column, _) in enumerate(pairs)}
        self._pairs = _Pairs(
            row=np.array([column.row for column, _ in pairs], dtype=np.int64),
            base=np.array([base.row for _, base in pairs], dtype=np.int64),
            sign=np.array([1.0 if column.metric.bad == "low" else -1.0 for column, _ in pairs]),
            centre=np.array(
                [centre_of[column.name] - centre_of[base.name] for column, base in pairs], dtype=np.float64
            ),
        )
        self._state = self._empty()
        self._scratch = np.zeros(BLOCK), np.zeros((moments.POWERS, moments.LANES)), np.zeros(moments.POWERS)
        self._lock = threading.Lock()
        values = [by_name.get(f"{plan}.{_VALUE}") for plan in self.plans] if self.first else []
        self._values = [column for column in values if column is not None and not column.metric.undefined]
        self._regret = self._regret_tally(centre_of) if self._values and len(self._values) == len(self.plans) else None

    def add(self, first_path: int, out: Floats, weights: Ints) -> None:
        """Record paths under the lock; the figures have been checked."""
        if self.first is None:
            return
        with self._lock:
            _add(self._pairs, self._state, out, weights, *self._scratch)
        if self._regret is not None:
            regrets = np.empty((len(self.plans), out.shape[1]))
            rows = np.array([column.row for column in self._values], dtype=np.int64)
            _regrets(rows, 1.0 if self._values[0].metric.bad == "low" else -1.0, out, regrets)
            self._regret.add(first_path, regrets, weights)

    def differences(self, plan: str) -> list[Difference]:
        """`plan` less the first plan, in every compared metric."""
        state, differences = self._state, []
        for (scope, _), (i, metric) in self._metrics.items():
            if scope == plan:
                n = int(state.n[i])
                about_centre = moments.moments_from_sums(n, float(self._pairs.centre[i]), state.sums[i])
                differences.append(Difference(metric, about_centre, int(state.better[i]), int(state.ties[i])))
        return differences

    def regret(self, plan: str) -> ColumnTally | None:
        """The regret of a plan; None where npv is not tallied for every plan."""
        return None if self._regret is None else self._regret.tally(self.plans.index(plan))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The state, compact and in canonical order; empty with a single plan."""
        if self.first is None:
            return {}
        regret = {} if self._regret is None else self._regret.arrays()
        return {**self._state._asdict(), **{f"regret/{name}": array for name, array in regret.items()}}

    def clear(self) -> None:
        """Drop all recorded paths."""
        self._state = self._empty()
        if self._regret is not None:
            self._regret.clear()

    def absorb(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Add the state of other paths, as `arrays` returned it, under the lock."""
        if self.first is None:
            return
        other = self._empty()
        for name, array in other._asdict().items():
            array[...] = arrays[name]
        with self._lock:
            _merge(self._state, other)
        if self._regret is not None:
            regret = {
                name.removeprefix("regret/"): array for name, array in arrays.items() if name.startswith("regret/")
            }
            self._regret.absorb(regret)

    def layout_text(self) -> list[str]:
        """Names of the compared pairs, as text: part of what the numbers mean."""
        names = [f"{plan} - {self.first}: {metric}" for plan, metric in self._metrics]
        return [*names, *(self._regret.layout_text() if self._regret else [])]

    def _empty(self) -> _State:
        size = len(self._pairs.row)
        n, better, ties = np.zeros((3, size), dtype=np.int64)
        return _State(n, better, ties, exact_sum.zeros(size, moments.POWERS))

    def _regret_tally(self, centre_of: Mapping[str, float]) -> ScopeTally:
        """A tally of one column a plan; about the regret of the mean path."""
        sign = 1.0 if self._values[0].metric.bad == "low" else -1.0
        means = [sign * centre_of[column.name] for column in self._values]
        unit = self._values[0].metric.unit
        columns = [
            Column("regret", Metric(plan, "amount", unit, "high", False, f"Regret of {plan}"), k)
            for k, plan in enumerate(self.plans)
        ]
        return ScopeTally("regret", columns, max(means) - np.array(means), ())
