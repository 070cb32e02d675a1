"""The text that `simulator check` prints of a forecast, and of its comparison with a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from simulator.config.wording import count_noun

if TYPE_CHECKING:
    from simulator.engine.run_forecast import MeasureForecast, RunForecast
    from simulator.risk.precision_forecast import Range

OUT_OF_REACH = "out of reach"
_UNITS = {"bytes": "MB", "half": "half the interval"}


def forecast_lines(forecast: RunForecast, threads: int) -> Iterator[str]:
    """Yield the lines of a forecast: cost, end and precision of a run."""
    cost, paths, workers = forecast.cost, int(forecast.paths.expected), count_noun(threads, "thread")
    if forecast.rule == "paths":
        yield f"A run of {paths:,} paths, {workers}, will take about"
    else:
        total = f"about {paths:,} paths{_between(forecast.paths)}"
        yield f"A run, {workers}, will end by {forecast.rule} after {total} and take about"
    yield f"  time    {_duration(cost.seconds)} at {cost.paths_per_s:,.0f} paths/s, after start-up"
    yield f"  memory  {cost.memory / 1e9:.2f} GB"
    yield f"  disk    {cost.disk / 1e6:.0f} MB"
    pilot = f"{forecast.pilot.paths:,} paths in {forecast.pilot.seconds:.1f} s"
    yield f"and leave half a 95 % interval of (from a pilot, {pilot})"
    width = max((len(measure.target.text) for measure in forecast.measures), default=0)
    for measure in forecast.measures:
        yield f"  {measure.target.text:<{width}}  {_precision(measure)}"
        if measure.target.half_width < float("inf"):
            yield f"  {'':<{width}}  {_needed(measure)}"
    yield "In brackets: where 95 runs of 100 lie. The pilot is the beginning of the run."


def _precision(measure: MeasureForecast) -> str:
    if measure.half is None or measure.value is None:
        return "unknown: the pilot says too little of it"
    low, high = _short(measure.half.low), _short(measure.half.high)
    between = f" ({low} to {high})" if low != high else ""
    value = measure.value
    share = f", {100 * measure.half.expected / abs(value):.2g} % of {_short(value, 4)}" if value else ""
    return f"{_short(measure.half.expected)}{between}{share}"


def _needed(measure: MeasureForecast) -> str:
    if measure.needed is None:
        return f"{OUT_OF_REACH} of this pilot"
    if measure.needed.expected == float("inf"):
        return f"{OUT_OF_REACH}: not within 1e12 paths"
    return f"reached at {measure.needed.expected:,.0f} paths{_between(measure.needed)}"


def _between(paths: Range) -> str:
    if paths.low == paths.high:
        return ""
    return f" ({paths.low:,.0f} to {f'{paths.high:,.0f}' if paths.high < float('inf') else OUT_OF_REACH})"


def _short(number: float, digits: int = 3) -> str:
    return f"{number:.{digits}g}" if abs(number) < 1e4 else f"{number:,.0f}"


def _duration(seconds: float) -> str:
    """Return `12.3 s`, `5 min`, `2.5 h`."""
    if seconds < 90:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:,.1f} h"


def comparison_lines(rows: Sequence[Mapping[str, Any]], rule: str, ended: str) -> Iterator[str]:
    """Yield the lines of a forecast beside the run: expected and actual figures."""
    width = max(24, *(len(row["what"]) + 21 for row in rows))
    yield f"{'':<{width}}{'predicted':>14}{'range':>30}{'actual':>14}{'ratio':>8}"
    yield f"{'ended by':<{width}}{rule:>14}{'':>30}{ended:>14}"
    for row in rows:
        name = f"{row['what']}, {_UNITS.get(row['unit'], row['unit'])}" if row["unit"] else row["what"]
        between = "" if row["low"] in (None, row["high"]) else f"{_figure(row, 'low')} to {_figure(row, 'high')}"
        ratio = "" if row["ratio"] is None else f"{row['ratio']:.2f}"
        expected, actual = _figure(row, "expected"), _figure(row, "actual")
        yield f"{name:<{width}}{expected:>14}{between:>30}{actual:>14}{ratio:>8}".rstrip()


def _figure(row: Mapping[str, Any], part: str) -> str:
    number = row[part]
    if number is None:
        return "unknown"
    if row["unit"] == "bytes":
        return f"{number / 1e6:,.0f}"
    return f"{number:,.0f}" if row["what"] == "paths" else _short(number)
