"""Forecasts when a run ends, and its cost and precision by then, from a pilot; compares a forecast with a run.

The rule of looks (simulator.engine.stopping) is applied to the half-widths that the pilot predicts, once as expected
and once at either end of their range.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from simulator.config.durations import decide_deadline
from simulator.engine.cost_forecast import CostForecast, Pilot, forecast_cost, run_pilot
from simulator.engine.simulation import Job
from simulator.engine.stopping import MOST_ZEROS, UNLIMITED, StoppingCriteria, first_look, next_look
from simulator.results.store import Run
from simulator.risk import precision
from simulator.risk.precision import PrecisionTarget, assess_precision
from simulator.risk.precision_forecast import PrecisionForecast, Range, forecast_precision
from simulator.risk.summary import read_summary

LONGEST = 1 << 20  # paths of a pilot
_PARTS = ("expected", "low", "high")
_UNKNOWN = Range(math.nan, math.nan, math.nan)


class MeasureForecast(NamedTuple):
    """The forecast of one measure."""

    target: PrecisionTarget
    needed: Range | None  # paths at which the run looks and finds it precise enough; infinite: out of reach
    now: float | None  # half-width of the pilot
    half: Range | None  # at the end of the run
    value: float | None


class RunForecast(NamedTuple):
    """The forecast of one run."""

    pilot: Pilot
    rule: str  # that is expected to end it: precision, paths, until
    paths: Range
    cost: CostForecast
    measures: tuple[MeasureForecast, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the forecast as JSON."""
        return {
            "pilot": {"paths": self.pilot.paths, "seconds": self.pilot.seconds},
            "rule": self.rule,
            "paths": _range_dict(self.paths),
            **self.cost._asdict(),
            "measures": [
                {
                    "measure": measure.target.text,
                    "value": measure.value,
                    "half_now": measure.now,
                    "half": _range_dict(measure.half),
                    "paths_needed": _range_dict(measure.needed),
                }
                for measure in self.measures
            ],
        }


def forecast_run(
    job: Job, criteria: StoppingCriteria, levels: Sequence[float], began: float | None = None
) -> RunForecast:
    """Simulate a pilot of a job and forecast its run, which `criteria` end; empty ones stand for `job.paths`.

    `began` is when the run begins, seconds since 1970; default: now.
    """
    began = time.time() if began is None else began  # before the pilot, which must not make a time of day tomorrow's
    targets = _targets(job, criteria) or _headline(job, levels)
    pilot = run_pilot(job, min(first_look(targets), LONGEST, _most_paths(job, criteria)))
    return forecast_from_pilot(job, criteria, levels, pilot, began)


def forecast_from_pilot(
    job: Job, criteria: StoppingCriteria, levels: Sequence[float], pilot: Pilot, began: float | None = None
) -> RunForecast:
    """Forecast a run from a pilot that is there; see `forecast_run`."""
    targets, most = _targets(job, criteria), _most_paths(job, criteria)
    start = time.time() if began is None else began
    until = math.inf if criteria.until is None else decide_deadline(criteria.until, start).moment - start
    precise = _paths_of_targets(job, targets, pilot) if targets else Range(math.inf, math.inf, math.inf)
    given_up = [target for target in targets if assess_precision(pilot.tallies, target, job.model.months).hopeless]
    if given_up and criteria.paths is None and criteria.until is None:
        rest = [target for target in targets if target not in given_up]
        precise = Range(*(max(end, MOST_ZEROS) for end in _paths_of_targets(job, rest, pilot)))
    late = max(until * pilot.paths / pilot.seconds, 1.0) if math.isfinite(until) else math.inf
    paths = Range(*(float(min(end, most, late)) for end in precise))
    rule = "precision" if precise.expected <= min(most, late) else "paths" if most <= late else "until"
    end = int(paths.expected)
    measures = tuple(
        _forecast_measure(pilot, target, job.model.months, end) for target in targets or _headline(job, levels)
    )
    return RunForecast(pilot, rule, paths, forecast_cost(job._replace(paths=end), pilot), measures)


def _paths_of_targets(job: Job, targets: Sequence[PrecisionTarget], pilot: Pilot) -> Range:
    """Return the paths at which a run finds the targets precise enough."""
    forecasts = [forecast_precision(pilot.tallies, target, job.model.months) for target in targets]
    return paths_until_precise(forecasts, first_look(targets) if targets else 0)


def _targets(job: Job, criteria: StoppingCriteria) -> list[PrecisionTarget]:
    return job.targets(criteria.precision)


def _headline(job: Job, levels: Sequence[float]) -> list[PrecisionTarget]:
    return precision.headline_targets(job.tallied(), levels)


def _most_paths(job: Job, criteria: StoppingCriteria) -> int:
    """Return the most paths that the run may have."""
    return job.paths if criteria.empty else UNLIMITED if criteria.paths is None else criteria.paths


def _forecast_measure(pilot: Pilot, target: PrecisionTarget, months: int, end: int) -> MeasureForecast:
    forecast = forecast_precision(pilot.tallies, target, months)
    if forecast is None:
        return MeasureForecast(target, None, None, None, None)
    needed = None if target.half_width == math.inf else paths_until_precise([forecast], first_look([target]))
    return MeasureForecast(
        target, needed, forecast.pilot.half_width, forecast.half_width(end), forecast.pilot.figure.value
    )


def paths_until_precise(forecasts: Sequence[PrecisionForecast | None], first: int) -> Range:
    """Return the paths at which a run finds all of its targets precise enough: as expected, at best, at worst."""
    totals = []
    for part in _PARTS:
        paths = first
        while paths <= UNLIMITED:
            excess = max(
                (math.inf if forecast is None else getattr(forecast.excess(paths), part) for forecast in forecasts),
                default=0.0,
            )
            if excess <= 1.0:
                break
            paths = next_look(paths, excess)
        totals.append(float(paths) if paths <= UNLIMITED else math.inf)
    return Range(*totals)


def compare_with_run(forecast: RunForecast, run: Run, months: int) -> list[dict[str, Any]]:
    """Return rows {what, unit, expected, low, high, actual, ratio: actual / expected} of a forecast and its run.

    Half-widths are those predicted for the paths that the run had.
    """
    summary, cost = read_summary(run), forecast.cost
    disk = sum(entry["bytes"] for entry in run.manifest["files"].values())
    disk += sum(path.stat().st_size for name in ("report.html", "figures/*") for path in run.path.glob(name))
    rows = [
        _row("paths", "", forecast.paths, summary.paths),
        _row("time", "s", _UNKNOWN._replace(expected=cost.seconds), summary.timing.simulate_s),
        _row("memory", "bytes", _UNKNOWN._replace(expected=cost.memory), summary.timing.peak_memory),
        _row("disk", "bytes", _UNKNOWN._replace(expected=cost.disk), disk),
    ]
    for measure in forecast.measures:
        figure = precision.stored_figure(summary, measure.target)
        precision_forecast = forecast_precision(forecast.pilot.tallies, measure.target, months)
        expected = _UNKNOWN if precision_forecast is None else precision_forecast.half_width(summary.paths)
        half = None if figure is None or None in (figure.low, figure.high) else (figure.high - figure.low) / 2.0  # type: ignore[operator]
        rows.append(_row(measure.target.text, "half", expected, half))
    return rows


def _row(what: str, unit: str, expected: Range, actual: float | None) -> dict[str, Any]:
    ratio = actual / expected.expected if actual is not None and expected.expected > 0.0 else None
    return {"what": what, "unit": unit, **_finite_dict(expected), "actual": actual, "ratio": ratio}


def _finite_dict(interval: Range) -> dict[str, float | None]:
    return {part: end if math.isfinite(end) else None for part, end in zip(_PARTS, interval, strict=True)}


def _range_dict(interval: Range | None) -> Mapping[str, float | None] | None:
    """Return a range as JSON; infinite is null."""
    return None if interval is None else _finite_dict(interval)
