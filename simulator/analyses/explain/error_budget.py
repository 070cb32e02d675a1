"""The error budget of a figure: what is chance in the worlds, what is sampling, what is doubt about parameters.

- Path randomness: the standard deviation of the metric over worlds. More paths do not lessen it; it is the risk itself.
- Sampling: the standard error of the measure on the run's paths, which falls with their square root.
- Parameters: numbers of the config that are judged between a low and a high value. SETS sets of them are drawn (each
  from the triangular law between its ends with its value for the mode, in Latin hypercubes) and the measure simulated
  under each, on the same worlds: an outer and an inner level. Its standard deviation over sets is the uncertainty that
  no number of paths removes; its interval is of a standard deviation of SETS normal values. Sampling noise is common to
  all sets and all but cancels; what is left of it makes the figure slightly large. A set in which two numbers
  contradict each other is left out.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from simulator.analyses.explain.attribution import SampleSize
from simulator.analyses.explain.subject import Subject
from simulator.config import Frozen
from simulator.engine import thread_pool
from simulator.engine.interrupt import Stop
from simulator.engine.progress import meter
from simulator.engine.scenario_samples import figure, only_plan
from simulator.errors import ConfigError
from simulator.risk import intervals
from simulator.risk.estimates import influence_estimate
from simulator.risk.intervals import Figure
from simulator.risk.metric_spec import MeasureSpec

__all__: list[str] = []  # used in this folder only

SETS = 40
_INNER = 4_096  # paths under each
_SEED = 20_263

Floats = NDArray[np.float64]


def budget_errors(frozen: Frozen, subject: Subject, size: SampleSize) -> dict[str, Any]:
    """Return the three parts for the measure of a plan; no part for parameters where none has a low and a high."""
    estimate = influence_estimate(subject.values, subject.spec.metric, subject.measure)
    paths, size = subject.values.size, size._replace(paths=_inner_paths(subject.measure, size.paths))
    values = _measures_by_set(frozen, subject, size)
    return {
        "paths": paths,
        "path_randomness": float(np.std(subject.values, ddof=1)),
        "sampling": float(np.std(estimate.influence, ddof=1)) / math.sqrt(paths),
        "parameters": None if values.size < 2 else _spread(values).to_dict(),
        "range": None if values.size < 2 else [float(v) for v in np.quantile(values, [0.05, 0.5, 0.95])],
        "sets": int(values.size),
        "inner_paths": size.paths,
        "numbers": len(_judged(frozen, subject.plan)),
    }


def _inner_paths(measure: MeasureSpec, paths: int) -> int:
    """Paths under each set: enough for a tail of 200 of them, at most `paths`."""
    tail = 1.0 if measure.kind in ("mean", "probability") else intervals.beyond(measure.level)
    return min(paths, max(_INNER, math.ceil(200.0 / tail)))


def _judged(frozen: Frozen, plan: str) -> list[Any]:
    """The numbers with a low and a high value that the plan reads."""
    return [item for item in frozen.inputs(plan) if item.how == "low-high"]


def _measures_by_set(frozen: Frozen, subject: Subject, size: SampleSize) -> Floats:
    """The measure under each set of parameters that the config allows, (sets,)."""
    judged = _judged(frozen, subject.plan)
    if not judged:
        return np.empty(0)
    ranks = stats.qmc.LatinHypercube(len(judged), rng=np.random.default_rng(_SEED)).random(SETS)
    drawn = np.stack([_draw(item.low, item.base, item.high, ranks[:, k]) for k, item in enumerate(judged)], axis=1)
    with Stop() as stop, meter(SETS, quiet=size.quiet, what="sets of parameters") as shown:

        def measure(row: int) -> tuple[int, float | None]:
            overrides = [f"{item.key}={float(value)!r}" for item, value in zip(judged, drawn[row], strict=True)]
            try:
                changed = frozen.with_overrides(overrides)
            except ConfigError:  # two numbers that contradict each other
                shown.advance(1)
                return row, None
            model = only_plan(changed.model, changed.plans.index(subject.plan))
            values = subject.spec.read(figure(model, subject.spec.row, size.seed, size.paths, stop))
            shown.advance(1)
            return row, influence_estimate(values, subject.spec.metric, subject.measure).value

        measures = dict(thread_pool.map_in_threads(measure, range(SETS), size.threads))
    allowed = [value for row in range(SETS) if (value := measures[row]) is not None and math.isfinite(value)]
    return np.array(allowed)


def _draw(low: float, mode: float, high: float, ranks: Floats) -> Floats:
    """Quantiles of the triangular law at ranks in (0, 1); whole, as months have to be, where its numbers are."""
    law = stats.triang((mode - low) / (high - low), loc=low, scale=high - low)
    values: Floats = law.ppf(ranks)
    return np.round(values) if all(end == round(end) for end in (low, mode, high)) else values


def _spread(values: Floats) -> Figure:
    """The standard deviation of values with its chi-square interval."""
    spread, freedom = float(values.std(ddof=1)), values.size - 1
    low, high = (spread * math.sqrt(freedom / float(stats.chi2.ppf(p, freedom))) for p in (0.975, 0.025))
    return Figure(spread, low, high)
