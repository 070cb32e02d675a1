"""Plans against each other over every path: differences to the first plan, and the regret of each.

Of each compared metric, plan less first plan on the same path: sum and sum of squares (exact, as all moments), on how
many paths the plan is better, and on how many the two tie. The regret of a plan is what the best plan of that path is
worth beyond it (in npv): a histogram and moments like those of any figure. All parts are exactly mergeable.

Values nearer than 2^-20, in USD bn about USD 1,000, tie: nothing hangs on the last bits.
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
from simulator.results.scope_tally import ColumnTally, Owner
from simulator.results.tally_kernel import BLOCK

TIE = 2.0**histogram.LOWEST
VALUE = "npv"  # the metric of regret
_KINDS = ("amount", "event", "rate", "ratio", "years")  # kinds of metrics that are compared

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Difference(NamedTuple):
    """A plan less the first plan in one metric (a copy)."""

    metric: Metric
    moments: Moments  # of the paths on which both are defined
    better: int  # paths on which the plan is better by more than TIE
    ties: int


class Pairs(NamedTuple):
    """What is compared (Q,), for compiled code."""

    row: Ints  # of the plan in the kernel's output
    base: Ints  # of the first plan
    sign: Floats  # 1 where high is good, else -1
    centre: Floats


class State(NamedTuple):
    """What was recorded (Q,)."""

    n: Ints
    better: Ints
    ties: Ints
    sums: Ints  # (Q, POWERS, LIMBS), canonical


@inner
def _add_block(pairs: Pairs, state: State, i: int, d: Floats, weights: Ints, lanes: Floats, sums: Floats) -> None:
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
def _add(pairs: Pairs, state: State, out: Floats, weights: Ints, d: Floats, lanes: Floats, sums: Floats) -> None:
    """Record paths; `d` (BLOCK,), `lanes` (POWERS, LANES) and `sums` (POWERS,) are scratch."""
    for i in range(pairs.row.shape[0]):
        x, y = out[pairs.row[i]], out[pairs.base[i]]
        for first in range(0, x.shape[0], BLOCK):
            one, other = x[first : first + BLOCK], y[first : first + BLOCK]
            part = d[: one.shape[0]]
            for k in range(part.shape[0]):
                part[k] = one[k] - other[k]
            _add_block(pairs, state, i, part, weights[first : first + BLOCK], lanes, sums)
        for power in range(moments.POWERS):
            exact_sum.normalise(state.sums[i, power])


@njit
def _regrets(rows: Ints, sign: float, out: Floats, into: Floats) -> None:
    """What the best of the plans' `rows` has beyond each on the same path, into (plans, count)."""
    for lane in range(out.shape[1]):
        best = sign * out[rows[0], lane]
        for p in range(1, rows.shape[0]):
            best = max(best, sign * out[rows[p], lane])
        for p in range(rows.shape[0]):
            into[p, lane] = best - sign * out[rows[p], lane]


@njit
def _merge(state: State, other: State) -> None:
    """Add what `other` recorded to `state`."""
    for i in range(state.n.shape[0]):
        state.n[i] += other.n[i]
        state.better[i] += other.better[i]
        state.ties[i] += other.ties[i]
        for power in range(moments.POWERS):
            exact_sum.merge(state.sums[i, power], other.sums[i, power])


class Comparison:
    """The comparison of the plans among tallied `columns` with their `centres`; `first` is None with a single plan."""

    def __init__(self, columns: Sequence[Column], centres: Floats) -> None:
        about = {column.name: float(centre) for column, centre in zip(columns, centres, strict=True)}
        known = {column.name: column for column in columns}
        self.plans = tuple(dict.fromkeys(column.owner for column in columns if column.owner != WORLD))
        self.first = self.plans[0] if len(self.plans) > 1 else None
        pairs = [
            (column, known[f"{self.first}.{column.metric.name}"])
            for column in columns
            if column.owner not in (WORLD, self.first)
            and column.metric.kind in _KINDS
            and f"{self.first}.{column.metric.name}" in known
        ]
        self._metrics = {(column.owner, column.metric.name): (i, column.metric) for i, (column, _) in enumerate(pairs)}
        self._pairs = Pairs(
            row=np.array([column.row for column, _ in pairs], dtype=np.int64),
            base=np.array([base.row for _, base in pairs], dtype=np.int64),
            sign=np.array([1.0 if column.metric.bad == "low" else -1.0 for column, _ in pairs]),
            centre=np.array([about[column.name] - about[base.name] for column, base in pairs], dtype=np.float64),
        )
        self._state = self._empty()
        self._scratch = np.zeros(BLOCK), np.zeros((moments.POWERS, moments.LANES)), np.zeros(moments.POWERS)
        self._lock = threading.Lock()
        values = [known.get(f"{plan}.{VALUE}") for plan in self.plans] if self.first else []
        self._values = [column for column in values if column is not None and not column.metric.undefined]
        self._regret = self._regret_owner(about) if self._values and len(self._values) == len(self.plans) else None

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
        state, found = self._state, []
        for (owner, _), (i, metric) in self._metrics.items():
            if owner == plan:
                n = int(state.n[i])
                about = moments.from_sums(n, float(self._pairs.centre[i]), state.sums[i])
                found.append(Difference(metric, about, int(state.better[i]), int(state.ties[i])))
        return found

    def regret(self, plan: str) -> ColumnTally | None:
        """The regret of a plan; None where npv is not tallied for every plan."""
        return None if self._regret is None else self._regret.tally(self.plans.index(plan))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The state in little room and canonical order; empty with a single plan."""
        if self.first is None:
            return {}
        regret = {} if self._regret is None else self._regret.arrays()
        return {**self._state._asdict(), **{f"regret/{name}": array for name, array in regret.items()}}

    def clear(self) -> None:
        """Forget every path."""
        self._state = self._empty()
        if self._regret is not None:
            self._regret.clear()

    def absorb(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Add what `arrays` returned of other paths, under the lock."""
        if self.first is None:
            return
        other = self._empty()
        for name, array in other._asdict().items():
            array[...] = arrays[name]
        with self._lock:
            _merge(self._state, other)
        if self._regret is not None:
            mine = {name.removeprefix("regret/"): array for name, array in arrays.items() if name.startswith("regret/")}
            self._regret.absorb(mine)

    def meaning(self) -> list[str]:
        """What the numbers are of, as text."""
        names = [f"{plan} - {self.first}: {metric}" for plan, metric in self._metrics]
        return [*names, *(self._regret.meaning() if self._regret else [])]

    def _empty(self) -> State:
        size = len(self._pairs.row)
        n, better, ties = np.zeros((3, size), dtype=np.int64)
        return State(n, better, ties, exact_sum.zeros(size, moments.POWERS))

    def _regret_owner(self, about: Mapping[str, float]) -> Owner:
        """A tally of one column a plan; about the regret of the mean path."""
        sign = 1.0 if self._values[0].metric.bad == "low" else -1.0
        means = [sign * about[column.name] for column in self._values]
        unit = self._values[0].metric.unit
        columns = [
            Column("regret", Metric(plan, "amount", unit, "high", False, f"Regret of {plan}"), k)
            for k, plan in enumerate(self.plans)
        ]
        return Owner("regret", columns, max(means) - np.array(means), ())
