"""Tornado: how far a risk figure moves when one input at a time is held at its low and its high end.

Every scenario runs on the same random numbers as the base, so that changes are paired (simulator.risk.estimates): a
positive one is a larger figure, for VaR and CVaR a worse one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.errors import ConfigError
from simulator.finance.metrics import Metric
from simulator.risk import estimates, figures
from simulator.risk.estimates import MeasuredValues, change, measure_values
from simulator.risk.metric_spec import MeasureSpec, MetricSpec
from simulator.risk.undefined import undefined_reason

__all__ = ["Swing", "refuse_undefined", "tornado_bars"]


Floats = NDArray[np.float64]


class Swing(NamedTuple):
    """An input and the two values it is held at."""

    key: str
    low: float
    high: float


MapSwings = Callable[[Callable[[Swing], dict[str, Any]], Iterable[Swing]], Iterable[dict[str, Any]]]


def refuse_undefined(values: Floats, spec: MetricSpec, plan: str, why: str | None = None) -> Floats:
    """The values (n,) of a metric; ConfigError, with the reason, where none of them is defined."""
    if np.isfinite(values).any():
        return values
    when = why or undefined_reason(spec.column)
    where = f"undefined on all {values.size:,} paths of plan {plan}"
    raise ConfigError([f"--metric: given {spec.metric.name}, which is {where}" + (f" ({when})" if when else "")])


def _bar(base: MeasuredValues, swing: Swing, low: MeasuredValues, high: MeasuredValues) -> dict[str, Any]:
    """One bar: how far the measure moves at either end, with paired standard errors and 95 % intervals.

    Null where there is no figure to be trusted; a `note` says why, or gives the reservation.
    """
    ends = {"low": low, "high": high}
    changes = {end: change(values, base) for end, values in ends.items()}
    errors = {end: estimates.paired_error(values.estimate, base.estimate) for end, values in ends.items()}
    notes = [figure.note for figure in changes.values() if figure.note]
    return {
        "input": swing.key,
        "low": swing.low,
        "high": swing.high,
        **{f"delta_{end}": figure.value for end, figure in changes.items()},
        **{
            f"stderr_{end}": None if changes[end].value is None else figures.finite(error)
            for end, error in errors.items()
        },
        **{
            f"interval_{end}": None if figure.low is None else [figure.low, figure.high]
            for end, figure in changes.items()
        },
        **({"note": notes[0]} if notes else {}),
    }


def _left_out(swing: Swing, end: str, error: ConfigError) -> dict[str, Any]:
    """The bar of an input that the config cannot take at one end: no figures, and the reason in `left_out`."""
    nothing = {f"{field}_{side}": None for field in ("delta", "stderr", "interval") for side in ("low", "high")}
    reason = f"refused at its {end} of {getattr(swing, end):g} ({error.short_reason})"
    return {"input": swing.key, "low": swing.low, "high": swing.high, **nothing, "left_out": reason}


def tornado_bars(
    metric: Metric,
    measure: MeasureSpec,
    base: Floats,
    swings: Iterable[Swing],
    simulate: Callable[[str, float], Floats],
    map_swings: MapSwings = map,
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The base figure and a bar per swing, widest first; `simulate(key, value)` gives the metric on the same paths.

    `map_swings` maps a function over the swings, as `map` does or with threads: each keeps the estimates of one swing
    in memory. An input that does not matter has a bar of zeros; one that `simulate` refuses at an end (ConfigError) has
    nulls and the reason in `left_out`. Without a base figure to be trusted no bar is simulated.
    """
    start = measure_values(base, metric, measure)

    def bar(swing: Swing) -> dict[str, Any]:
        if start.figure.value is None:
            return _bar(start, swing, start, start)
        ends = []
        for end, at in (("low", swing.low), ("high", swing.high)):
            try:
                ends.append(measure_values(simulate(swing.key, at), metric, measure))
            except ConfigError as error:
                return _left_out(swing, end, error)
        return _bar(start, swing, *ends)

    bars = sorted(map_swings(bar, swings), key=lambda bar: (-bar_width(bar), bar["input"]))
    return start.figure.to_dict(), bars


def bar_width(bar: dict[str, Any]) -> float:
    """The distance between the two ends of a bar; 0 if one of them is undefined."""
    low, high = bar["delta_low"], bar["delta_high"]
    return 0.0 if low is None or high is None else abs(high - low)
