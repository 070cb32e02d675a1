"""When a run will end, and what it will have taken and reached by then: foretold from a pilot, compared with a run.

The rule of looks (simulator.engine.stopping) is played through with the half-widths that the pilot foretells, once as
expected and once at either end of their range.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from simulator.config.durations import deadline
from simulator.engine.cost_forecast import Forecast, Trial, forecast, trial
from simulator.engine.simulation import Job
from simulator.engine.stopping import UNLIMITED, Asked, first_look, next_look
from simulator.results.columns import tally_columns
from simulator.results.store import Run
from simulator.risk import precision
from simulator.risk.precision import Target
from simulator.risk.precision_forecast import Outlook, Range, outlook

LONGEST = 1 << 20  # paths of a pilot
_PARTS = ("expected", "low", "high")


class Foretold(NamedTuple):
    """What is foretold of a measure."""

    target: Target
    needed: Range | None  # paths at which the run looks and finds it precise enough; infinite: out of reach
    now: float | None  # half-width of the pilot
    half: Range | None  # at the end of the run
    value: float | None


class Prediction(NamedTuple):
    """Of one run."""

    pilot: Trial
    rule: str  # that is expected to end it: precision, paths, until
    paths: Range
    cost: Forecast
    measures: tuple[Foretold, ...]

    def told(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "pilot": {"paths": self.pilot.paths, "seconds": self.pilot.seconds},
            "rule": self.rule,
            "paths": _dict(self.paths),
            **self.cost._asdict(),
            "measures": [
                {
                    "measure": one.target.text,
                    "value": one.value,
                    "half_now": one.now,
                    "half": _dict(one.half),
                    "paths_needed": _dict(one.needed),
                }
                for one in self.measures
            ],
        }


def predict(job: Job, asked: Asked, levels: Sequence[float], began: float | None = None) -> Prediction:
    """Simulate a pilot of a job and foretell its run; `asked` ends it, with nothing asked for `job.paths` do.

    `began` is when the run begins, seconds since 1970: now, unless it has been.
    """
    shown = _targets(job, asked) or _headline(job, levels)
    return foretell(job, asked, levels, trial(job, min(first_look(shown), LONGEST, _most(job, asked))), began)


def foretell(job: Job, asked: Asked, levels: Sequence[float], pilot: Trial, began: float | None = None) -> Prediction:
    """The same from a pilot that has been."""
    wanted, most = _targets(job, asked), _most(job, asked)
    start = time.time() if began is None else began
    until = math.inf if asked.until is None else deadline(asked.until, start) - start
    known = [outlook(pilot.tallies, one, job.model.months) for one in wanted]
    ends = reach(known, first_look(wanted)) if wanted else Range(math.inf, math.inf, math.inf)
    late = max(until * pilot.paths / pilot.seconds, 1.0) if math.isfinite(until) else math.inf
    paths = Range(*(float(min(end, most, late)) for end in ends))
    rule = "precision" if ends.expected <= min(most, late) else "paths" if most <= late else "until"
    end = int(paths.expected)
    shown = wanted or _headline(job, levels)
    cost = forecast(job._replace(paths=end), pilot)
    return Prediction(pilot, rule, paths, cost, tuple(_foretold(pilot, one, job.model.months, end) for one in shown))


def _targets(job: Job, asked: Asked) -> list[Target]:
    counted = tally_columns(job.columns, job.tally, job.events)
    return [precision.target(text, counted, job.events) for text in asked.precision]


def _headline(job: Job, levels: Sequence[float]) -> list[Target]:
    return precision.headline(tally_columns(job.columns, job.tally, job.events), levels)


def _most(job: Job, asked: Asked) -> int:
    """Paths that the run has at most."""
    return job.paths if asked.nothing else UNLIMITED if asked.paths is None else asked.paths


def _foretold(pilot: Trial, target: Target, months: int, end: int) -> Foretold:
    one = outlook(pilot.tallies, target, months)
    if one is None:
        return Foretold(target, None, None, None, None)
    needed = None if target.half == math.inf else reach([one], first_look([target]))
    return Foretold(target, needed, one.now.half, one.half(end), one.now.figure.value)


def reach(known: Sequence[Outlook | None], first: int) -> Range:
    """Paths at which a run with these targets finds all of them precise enough: as expected, at best, at worst."""
    ends = []
    for part in _PARTS:
        paths = first
        while paths <= UNLIMITED:
            excess = max(math.inf if one is None else getattr(one.excess(paths), part) for one in known)
            if excess <= 1.0:
                break
            paths = next_look(paths, excess)
        ends.append(float(paths) if paths <= UNLIMITED else math.inf)
    return Range(*ends)


def against(foretold: Prediction, run: Run, months: int) -> list[dict[str, Any]]:
    """What was foretold and what became of it: {what, unit, expected, low, high, actual, ratio: actual / expected}.

    Half-widths are those foretold for the paths that the run had.
    """
    summary = run.summary
    disk = sum(entry["bytes"] for entry in run.manifest["files"].values())
    disk += sum(path.stat().st_size for name in ("report.html", "figures/*") for path in run.path.glob(name))
    timing = summary["timing"]
    cost = foretold.cost
    found = [
        _line("paths", "", foretold.paths, summary["paths"]),
        _line("time", "s", Range(cost.seconds, math.nan, math.nan), timing["simulate_s"]),
        _line("memory", "bytes", Range(cost.memory, math.nan, math.nan), timing.get("peak_memory")),
        _line("disk", "bytes", Range(cost.disk, math.nan, math.nan), disk),
    ]
    for one in foretold.measures:
        figure, known = precision.stored(summary, one.target), outlook(foretold.pilot.tallies, one.target, months)
        expected = Range(math.nan, math.nan, math.nan) if known is None else known.half(summary["paths"])
        half = None if figure is None or None in (figure.low, figure.high) else (figure.high - figure.low) / 2.0  # type: ignore[operator]
        found.append(_line(one.target.text, "half", expected, half))
    return found


def _line(what: str, unit: str, foretold: Range, actual: float | None) -> dict[str, Any]:
    ratio = actual / foretold.expected if actual is not None and foretold.expected > 0.0 else None
    return {"what": what, "unit": unit, **_known(foretold), "actual": actual, "ratio": ratio}


def _known(one: Range) -> dict[str, float | None]:
    return {part: end if math.isfinite(end) else None for part, end in zip(_PARTS, one, strict=True)}


def _dict(one: Range | None) -> Mapping[str, float | None] | None:
    """A range as JSON; infinite is null."""
    return None if one is None else _known(one)
