"""Drivers held, one or two at a time, at quantiles of their own law: tornado, spider and interactions of drivers.

A systematic factor is held at a score (its p10 is -1.28), an uncertain number at the quantile of its law; everything
else varies as ever, on the same random numbers, and is not conditioned on what is held. Changes are against the figure
with nothing held, paired.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import combinations, product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.analyses.explain.attribution import SampleSize
from simulator.analyses.explain.inputs import InputColumn, factor_column, uncertain_numbers
from simulator.drivers.dependence import FACTORS
from simulator.drivers.marginals import quantile
from simulator.engine import thread_pool
from simulator.engine.coalitions import fix_factor, fix_number
from simulator.engine.interrupt import Stop
from simulator.engine.progress import meter
from simulator.engine.scenario_samples import figure
from simulator.model import Model
from simulator.risk.estimates import InfluenceEstimate, influence_estimate, paired_difference
from simulator.risk.metric_spec import MeasureSpec, MetricSpec

__all__: list[str] = []  # used among analyses only

SCORES = {"p05": -1.6449, "p10": -1.2816, "p25": -0.6745, "p50": 0.0, "p75": 0.6745, "p90": 1.2816, "p95": 1.6449}
_TORNADO = ("p10", "p50", "p90")
_ENDS = ("p10", "p90")
_SPIDER = 5  # drivers, the widest, that are held at every score
_PAIRS = 4  # drivers, the widest, whose interactions are told

Floats = NDArray[np.float64]
Held = tuple[tuple[int, str], ...]  # drivers by number, each with the name of its score


class HeldDriver(NamedTuple):
    """A driver that can be held: the model with it at a score, and what it then is."""

    column: InputColumn
    hold: Callable[[Model, float], Model]
    value_at: Callable[[float], float]


def hold_drivers(
    model: Model,
    streams: Mapping[str, int],
    spec: MetricSpec,
    measure: MeasureSpec,
    size: SampleSize,
) -> dict[str, Any]:
    """Return bars, curves and interactions of a measure of the only plan of a model; widest bars first."""
    drivers = list_drivers(model, streams)
    with Stop() as stop, meter(_count(len(drivers)), quiet=size.quiet, what="held drivers") as shown:

        def estimate(held: Held) -> InfluenceEstimate:
            changed = model
            for number, name in held:
                changed = drivers[number].hold(changed, SCORES[name])
            values = spec.read(figure(changed, spec.row, size.seed, size.paths, stop))
            shown.advance(1)
            return influence_estimate(values, spec.metric, measure)

        known: dict[Held, InfluenceEstimate] = {}

        def estimate_all(wanted: Sequence[Held]) -> None:
            missing = [held for held in dict.fromkeys(wanted) if held not in known]
            known.update(thread_pool.map_in_threads(lambda held: (held, estimate(held)), missing, size.threads))

        estimate_all([(), *(((number, name),) for number in range(len(drivers)) for name in _TORNADO)])
        order = sorted(range(len(drivers)), key=lambda number: (-_width(known, number), number))
        moving = [number for number in order if _width(known, number) > 0.0]
        spider, paired = moving[:_SPIDER], sorted(moving[:_PAIRS])
        corners = [
            ((first, a), (second, b)) for first, second in combinations(paired, 2) for a, b in product(_ENDS, _ENDS)
        ]
        estimate_all([*(((number, name),) for number in spider for name in SCORES), *corners])
    return {
        "paths": size.paths,
        "bars": [_bar(known, drivers[number], number) for number in order],
        "curves": [
            {
                "name": drivers[number].column.name,
                "title": drivers[number].column.title,
                "points": [_point(known, drivers[number], number, name) for name in SCORES],
            }
            for number in spider
        ],
        "interactions": [_interaction(known, drivers, pair) for pair in combinations(paired, 2)],
    }


def _count(drivers: int) -> int:
    """Figures that are simulated at most."""
    return 1 + len(_TORNADO) * drivers + _SPIDER * (len(SCORES) - len(_TORNADO)) + 2 * _PAIRS * (_PAIRS - 1)


def list_drivers(model: Model, streams: Mapping[str, int]) -> list[HeldDriver]:
    """The factors, and the numbers that are random in the model."""
    factors = [HeldDriver(factor_column(name), partial(_hold_factor, name), float) for name in FACTORS]
    numbers = [
        HeldDriver(
            number.column, partial(_hold_number, number.marginal), partial(quantile, model.marginals, number.marginal)
        )
        for number in uncertain_numbers(model)
        if number.stream in streams
    ]
    return factors + numbers


def _hold_factor(name: str, model: Model, score: float) -> Model:
    return fix_factor(model, name, score)


def _hold_number(marginal: int, model: Model, score: float) -> Model:
    return fix_number(model, marginal, score)


def _change(known: Mapping[Held, InfluenceEstimate], held: Held) -> Any:
    return paired_difference(known[held], known[()])


def _width(known: Mapping[Held, InfluenceEstimate], number: int) -> float:
    """The distance of the ends of a bar; nothing where either has no value."""
    low, high = (_change(known, ((number, name),)).value for name in _ENDS)
    return 0.0 if low is None or high is None else abs(high - low)


def _point(known: Mapping[Held, InfluenceEstimate], driver: HeldDriver, number: int, name: str) -> dict[str, Any]:
    change = _change(known, ((number, name),)).to_dict()
    return {"score": name, "value": driver.value_at(SCORES[name]), "change": change}


def _bar(known: Mapping[Held, InfluenceEstimate], driver: HeldDriver, number: int) -> dict[str, Any]:
    return {
        "name": driver.column.name,
        "title": driver.column.title,
        "unit": driver.column.unit,
        **{name: _point(known, driver, number, name) for name in _TORNADO},
    }


def _interaction(
    known: Mapping[Held, InfluenceEstimate], drivers: Sequence[HeldDriver], pair: tuple[int, int]
) -> dict[str, Any]:
    """The effect of two drivers together beyond the sum of both: Y(90, 90) - Y(90, 10) - Y(10, 90) + Y(10, 10)."""
    first, second = pair
    corner = {(a, b): known[((first, a), (second, b))] for a, b in product(_ENDS, _ENDS)}
    together = _combine(corner["p90", "p90"], corner["p10", "p10"])
    apart = _combine(corner["p90", "p10"], corner["p10", "p90"])
    return {
        "first": drivers[first].column.title,
        "second": drivers[second].column.title,
        "corners": {f"{a} {b}": paired_difference(corner[a, b], known[()]).to_dict() for a, b in corner},
        "interaction": paired_difference(together, apart).to_dict(),
    }


def _combine(a: InfluenceEstimate, b: InfluenceEstimate) -> InfluenceEstimate:
    """The sum of two estimates on the same paths."""
    return InfluenceEstimate(a.value + b.value, a.influence + b.influence)
