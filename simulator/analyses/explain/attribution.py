"""Attribution of a figure to groups of drivers: every coalition of them simulated, and their Shapley parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.engine import thread_pool
from simulator.engine.coalitions import DriverGroup, active_groups, redraw_others, rest_others
from simulator.engine.interrupt import Stop
from simulator.engine.progress import meter
from simulator.engine.scenario_samples import figure
from simulator.errors import ConfigError
from simulator.model import Model
from simulator.risk.estimates import InfluenceEstimate, influence_estimate, measure_values
from simulator.risk.importance import sobol_indices
from simulator.risk.intervals import Figure
from simulator.risk.metric_spec import MeasureSpec, MetricSpec
from simulator.risk.shapley import shapley_parts, variance_parts

__all__: list[str] = []  # used in this folder only

Floats = NDArray[np.float64]
_PROBE = 512  # paths on which a group of drivers that changes no bit is found to be idle


class SampleSize(NamedTuple):
    """The paths of every figure that is simulated, and on how many threads, with or without a bar of progress."""

    seed: int
    paths: int
    threads: int
    quiet: bool


class GroupPart(NamedTuple):
    """The parts of one group of drivers, each with its 95 % interval."""

    group: DriverGroup
    variance: Figure  # share of the variance
    mean: Figure  # part of the mean less the value with every driver at its median
    measure: Figure | None  # part of the tail's mean (or quantile) less the mean; None where the measure is a mean
    first: Figure  # Sobol indices
    total: Figure


class Attribution(NamedTuple):
    """Parts of all groups, and what they add up to: the median world's value, the mean, the tail."""

    parts: list[GroupPart]
    idle: list[DriverGroup]
    median: float
    mean: Figure
    measure: Figure | None  # in the metric's sign: the mean (or edge) of the tail
    variance: float
    paths: int


class _Simulated(NamedTuple):
    """Values of the metric, (2^groups, paths), by coalition."""

    redrawn: Floats  # the coalition kept, the others drawn again
    rested: Floats  # the coalition varies, the others at their median


def attribute(
    model: Model,
    streams: Mapping[str, int],
    spec: MetricSpec,
    measure: MeasureSpec,
    size: SampleSize,
) -> Attribution:
    """Attribute variance, mean and `measure` of a metric of the only plan of a model to its drivers."""
    with Stop() as stop:

        def values(changed: Model) -> Floats:
            return spec.read(figure(changed, spec.row, size.seed, size.paths, stop))

        def probe(changed: Model) -> Floats:  # not of an event, which few paths may show to move
            return figure(changed, spec.row, size.seed, _PROBE, stop)

        groups, idle = _moving_groups(model, streams, probe)
        simulated = _simulate(model, streams, groups, values, size)
    undefined = int(np.isnan(simulated.redrawn).any(axis=0).sum() + np.isnan(simulated.rested).any(axis=0).sum())
    if undefined:
        raise ConfigError(
            [
                f"--metric: given {spec.metric.name}, which is undefined on {undefined:,} paths of some coalition of "
                "drivers; wanted a metric that is always defined, or an event"
            ]
        )
    variance, shares = variance_parts(simulated.redrawn)
    sobol = sobol_indices(simulated.redrawn)
    means = [influence_estimate(row, spec.metric, _plain(spec)) for row in simulated.rested]
    mean_parts = shapley_parts(means)
    tails = None if measure.kind in ("mean", "probability") else _tails(simulated.rested, spec, measure, means)
    tail_parts = shapley_parts(tails) if tails is not None else [None] * len(groups)
    whole = simulated.rested[-1]
    return Attribution(
        [
            GroupPart(group, share, mean, tail, *indices)
            for group, share, mean, tail, indices in zip(groups, shares, mean_parts, tail_parts, sobol, strict=True)
        ],
        idle,
        float(simulated.rested[0, 0]),
        measure_values(whole, spec.metric, _plain(spec)).figure,
        _signed_figure(whole, spec, measure) if tails is not None else None,
        float(variance.sum()),
        size.paths,
    )


def _moving_groups(
    model: Model, streams: Mapping[str, int], probe: Callable[[Model], Floats]
) -> tuple[list[DriverGroup], list[DriverGroup]]:
    """The groups that change the metric on some path when drawn again, or when they rest, and those that do not."""
    every = active_groups(model, streams)
    base = probe(redraw_others(model, streams, every))
    moving: list[DriverGroup] = []
    idle: list[DriverGroup] = []
    for group in every:
        others = [other for other in every if other is not group]
        changed = [change(model, streams, others) for change in (redraw_others, rest_others)]
        same = all(np.array_equal(probe(version), base, equal_nan=True) for version in changed)
        (idle if same else moving).append(group)
    if not moving:
        raise ConfigError(["--metric: no driver changes it on any path, so there is nothing to explain"])
    return moving, idle


def _simulate(
    model: Model,
    streams: Mapping[str, int],
    groups: Sequence[DriverGroup],
    values: Callable[[Model], Floats],
    size: SampleSize,
) -> _Simulated:
    """The metric under every coalition, in both ways; idle groups are in all of them."""
    idle = [group for group in active_groups(model, streams) if group not in groups]
    count = 2 ** len(groups)

    def simulate(task: tuple[int, bool]) -> tuple[int, bool, Floats]:
        number, redrawn = task
        members = [group for k, group in enumerate(groups) if number >> k & 1] + idle
        change = redraw_others if redrawn else rest_others
        return number, redrawn, values(change(model, streams, members))

    tasks = [(number, redrawn) for number in range(count) for redrawn in (True, False) if number < count - 1 or redrawn]
    rows: dict[tuple[int, bool], Floats] = {}
    with meter(len(tasks), quiet=size.quiet, what="coalitions") as shown:
        for number, redrawn, row in thread_pool.map_in_threads(simulate, tasks, size.threads):
            rows[number, redrawn] = row
            shown.advance(1)
    redrawn_rows = np.stack([rows[number, True] for number in range(count)])
    rested = np.stack([*(rows[number, False] for number in range(count - 1)), redrawn_rows[-1]])
    return _Simulated(redrawn_rows, rested)


def _plain(spec: MetricSpec) -> MeasureSpec:
    return MeasureSpec("probability" if spec.metric.kind == "event" else "mean")


def _tails(
    rested: Floats, spec: MetricSpec, measure: MeasureSpec, means: Sequence[InfluenceEstimate]
) -> list[InfluenceEstimate]:
    """Estimates of tail less mean in the metric's sign, by coalition."""
    sign = -1.0 if spec.metric.bad == "low" else 1.0
    tails = []
    for row, mean in zip(rested, means, strict=True):
        tail = influence_estimate(row, spec.metric, measure)
        tails.append(InfluenceEstimate(sign * tail.value - mean.value, sign * tail.influence - mean.influence))
    return tails


def _signed_figure(values: Floats, spec: MetricSpec, measure: MeasureSpec) -> Figure:
    """The measure as a value of the metric: the mean of the worst paths, or their edge."""
    shown = measure_values(values, spec.metric, measure).figure
    if spec.metric.bad == "high" or shown.value is None:
        return shown
    low = None if shown.high is None else -shown.high
    high = None if shown.low is None else -shown.low
    return Figure(-shown.value, low, high, shown.note)


def attribution_dict(attribution: Attribution) -> dict[str, Any]:
    """The attribution as in explain.json."""
    return {
        "paths": attribution.paths,
        "median_world": attribution.median,
        "mean": attribution.mean.to_dict(),
        "tail": None if attribution.measure is None else attribution.measure.to_dict(),
        "variance": attribution.variance,
        "groups": [
            {
                "name": part.group.name,
                "title": part.group.title,
                "variance_share": part.variance.to_dict(),
                "mean": part.mean.to_dict(),
                "tail": None if part.measure is None else part.measure.to_dict(),
                "sobol_first": part.first.to_dict(),
                "sobol_total": part.total.to_dict(),
            }
            for part in attribution.parts
        ],
        "idle": [group.title for group in attribution.idle],
        "probed": _PROBE,
    }
