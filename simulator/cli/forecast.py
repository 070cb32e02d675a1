"""What `simulator check` prints of the run to come, and of one that was foretold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator.engine.run_forecast import Foretold, Prediction
    from simulator.risk.precision_forecast import Range

OUT_OF_REACH = "out of reach"
_UNITS = {"bytes": "MB", "half": "half the interval"}


def lines(foretold: Prediction, threads: int) -> Iterator[str]:
    """What a run will take, when it ends and how precise it becomes."""
    cost, paths, workers = foretold.cost, int(foretold.paths.expected), f"{threads} thread{'' if threads == 1 else 's'}"
    if foretold.rule == "paths":
        yield f"A run of {paths:,} paths, {workers}, will take about"
    else:
        ends = f"about {paths:,} paths{_between(foretold.paths)}"
        yield f"A run, {workers}, will end by {foretold.rule} after {ends} and take about"
    yield f"  time    {duration(cost.seconds)} at {cost.paths_per_s:,.0f} paths/s, after start-up"
    yield f"  memory  {cost.memory / 1e9:.2f} GB"
    yield f"  disk    {cost.disk / 1e6:.0f} MB"
    pilot = f"{foretold.pilot.paths:,} paths in {foretold.pilot.seconds:.1f} s"
    yield f"and leave half a 95 % interval of (from a pilot, {pilot})"
    wide = max((len(one.target.text) for one in foretold.measures), default=0)
    for one in foretold.measures:
        yield f"  {one.target.text:<{wide}}  {_measure(one)}"
        if one.target.half < float("inf"):
            yield f"  {'':<{wide}}  {_needed(one)}"
    yield "In brackets: where 95 runs of 100 lie. The pilot is the beginning of the run."


def _measure(one: Foretold) -> str:
    if one.half is None or one.value is None:
        return "unknown: the pilot says too little of it"
    low, high = _short(one.half.low), _short(one.half.high)
    between = f" ({low} to {high})" if low != high else ""
    share = f", {100 * one.half.expected / abs(one.value):.2g} % of {_short(one.value, 4)}" if one.value else ""
    return f"{_short(one.half.expected)}{between}{share}"


def _needed(one: Foretold) -> str:
    if one.needed is None:
        return f"{OUT_OF_REACH} of this pilot"
    if one.needed.expected == float("inf"):
        return f"{OUT_OF_REACH}: not within 1e12 paths"
    return f"reached at {one.needed.expected:,.0f} paths{_between(one.needed)}"


def _between(paths: Range) -> str:
    if paths.low == paths.high:
        return ""
    return f" ({paths.low:,.0f} to {f'{paths.high:,.0f}' if paths.high < float('inf') else OUT_OF_REACH})"


def _short(number: float, digits: int = 3) -> str:
    return f"{number:.{digits}g}" if abs(number) < 1e4 else f"{number:,.0f}"


def duration(seconds: float) -> str:
    """`12.3 s`, `5 min`, `2.5 h`."""
    if seconds < 90:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:,.1f} h"


def compared(found: Sequence[Mapping[str, Any]], rule: str, ended: str) -> Iterator[str]:
    """Foretold against actual, a line each."""
    wide = max(24, *(len(one["what"]) + 21 for one in found))
    yield f"{'':<{wide}}{'foretold':>14}{'range':>30}{'actual':>14}{'ratio':>8}"
    yield f"{'ended by':<{wide}}{rule:>14}{'':>30}{ended:>14}"
    for one in found:
        name = f"{one['what']}, {_UNITS.get(one['unit'], one['unit'])}" if one["unit"] else one["what"]
        between = "" if one["low"] in (None, one["high"]) else f"{_figure(one, 'low')} to {_figure(one, 'high')}"
        ratio = "" if one["ratio"] is None else f"{one['ratio']:.2f}"
        expected, actual = _figure(one, "expected"), _figure(one, "actual")
        yield f"{name:<{wide}}{expected:>14}{between:>30}{actual:>14}{ratio:>8}".rstrip()


def _figure(one: Mapping[str, Any], part: str) -> str:
    number = one[part]
    if number is None:
        return "unknown"
    if one["unit"] == "bytes":
        return f"{number / 1e6:,.0f}"
    return f"{number:,.0f}" if one["what"] == "paths" else _short(number)
