"""Does what `simulator check` predicts come true? Half-widths and the paths at which a run ends by its precision.

Laws: each replicate is a run of one figure under `simulator.engine.stopping`. Its first 65,536 paths are the pilot;
`simulator.risk.precision_forecast` predicts half the interval after EXTENT times as many and the path at which the
run ends for a target that needs about as many, then the run goes on and ends. Config: the same for the headline
measures of every plan of a config, seed by seed, without the stop; these share their worlds, so their errors do too.

A range is claimed to hold 95 of 100 runs; a cell fails if its count is improbable (1e-5) under 92 %, less where the
law has no fourth moment (nothing is claimed: the pilot cannot know its own error) and for a stop, which comes in steps.

    python -m verification.forecast [--replicates 200] [--config configs/smoke.toml] [--seeds 8] [--seed 1]
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

from simulator.config import freeze, load
from simulator.engine import simulation
from simulator.engine.progress import Silent
from simulator.engine.run_forecast import paths_until_precise
from simulator.engine.stopping import FIRST_LOOK, StoppingCriteria, StoppingRule
from simulator.engine.warmup import warm_up
from simulator.finance.metrics import Metric
from simulator.results.columns import Column, Event, tally_columns
from simulator.results.tallies import Tallies
from simulator.risk import precision
from simulator.risk.precision import PrecisionTarget
from simulator.risk.precision_forecast import Range, forecast_precision
from verification.coverage import ALARM, LAWS, Law, draw

CLAIMED = 0.92
EXTENT = 6  # times the pilot's paths
MONTHS = 120
MEASURES = ("mean", "sd", "var95", "cvar95", "q50", "cvar99", "probability")
UNCLAIMED = {("t3", "sd"), ("t3", "cvar95"), ("t3", "cvar99"), ("t3", "mean"), ("lognormal", "sd")}


class Outcome(NamedTuple):
    """One half-width and one stop: actual over predicted, and whether they lay in the range."""

    half: float
    half_held: bool
    stop: float
    stop_held: bool


def held(actual: float, predicted: Range) -> bool:
    """True if a range holds what happened."""
    return predicted.low <= actual <= predicted.high


def half(tallies: Tallies, target: PrecisionTarget) -> float:
    """Half the width of the interval that the tallies give now."""
    return precision.assess_precision(tallies, target, MONTHS).half_width


def simulate_run(law: Law, measure: str, rng: np.random.Generator) -> Outcome:
    """Simulate a pilot, forecast from it, and go on until the run ends."""
    column = Column("own", Metric("x", "amount", "USD bn", law.bad, False, law.name), 0)
    event = Event("x", "<" if law.bad == "low" else ">", law.threshold)
    values = draw(law, FIRST_LOOK, rng)[None]
    tallies = Tallies((column,), (float(values[0, :256].mean()),), (event,))
    tallies.record(0, values)
    name = f"own.{event.label}.probability" if measure == "probability" else f"own.x.{measure}"
    half_width = half(tallies, precision.precision_target(f"{name}:1", (column,), (event,))) / math.sqrt(EXTENT)
    target = precision.precision_target(f"{name}:{half_width:.3g}", (column,), (event,))
    forecast = forecast_precision(tallies, target, MONTHS)
    assert forecast is not None
    stop, whole = paths_until_precise([forecast], FIRST_LOOK), None
    rules = StoppingRule(StoppingCriteria(None, (target.text,)), [target], MONTHS)
    rules.look(tallies)
    while not rules.met or tallies.paths < EXTENT * FIRST_LOOK:
        stops = [end for end in (rules.look_at, EXTENT * FIRST_LOOK) if end > tallies.paths]
        tallies.record(tallies.paths, draw(law, min(stops) - tallies.paths, rng)[None])
        whole = half(tallies, target) if tallies.paths == EXTENT * FIRST_LOOK else whole
        if not rules.met:
            rules.look(tallies)
            ended = tallies.paths
    assert whole is not None
    predicted = forecast.half_width(EXTENT * FIRST_LOOK)
    return Outcome(whole / predicted.expected, held(whole, predicted), ended / stop.expected, held(ended, stop))


def config(path: str, seeds: int, first: int) -> Iterator[tuple[str, float, bool]]:
    """Measure, actual over predicted and whether it lay in the range, for every headline measure and seed."""
    frozen = freeze(load(path))
    for seed in range(first, first + seeds):
        job = simulation.make_job(frozen, FIRST_LOOK, seed=seed)
        warm_up(job, lambda _: None)
        targets = precision.headline_targets(tally_columns(job.columns, job.tally, job.events), frozen.levels)
        tallies = simulation.empty_tallies(job, simulation.simulate_canary(job))
        simulation.simulate(job, tallies, None, Silent())
        forecasts = [forecast_precision(tallies, target, job.model.months) for target in targets]
        more = job._replace(paths=EXTENT * FIRST_LOOK)
        simulation.simulate(more, tallies, None, Silent(), first=FIRST_LOOK)
        for target, predicted in zip(targets, forecasts, strict=True):
            assert predicted is not None
            actual, expected = half(tallies, target), predicted.half_width(more.paths)
            yield target.text, actual / expected.expected, held(actual, expected)


def _coverage_text(ratios: Sequence[float], inside: Sequence[bool]) -> str:
    mean, spread = float(np.mean(ratios)), float(np.std(ratios))
    return f"{mean:>7.3f} +-{spread:>6.3f}{100 * float(np.mean(inside)):>8.1f} %"


def main() -> int:
    """Run both studies; 0 if every range keeps its claim."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replicates", type=int, default=200)
    parser.add_argument("--config", default="configs/smoke.toml")
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    fine = True
    print(f"{'':<22}{'half-width, actual/predicted':>28}{'in range':>10}{'end, actual/predicted':>23}{'in range':>10}")
    for k, law in enumerate(LAWS):
        for j, measure in enumerate(MEASURES):
            rng = np.random.default_rng([options.seed, k, j])
            runs = [simulate_run(law, measure, rng) for _ in range(options.replicates)]
            inside = sum(run.half_held for run in runs)
            passed = (law.name, measure) in UNCLAIMED or inside >= stats.binom.ppf(ALARM, options.replicates, CLAIMED)
            fine &= bool(passed)
            halves = _coverage_text([run.half for run in runs], [run.half_held for run in runs])
            stops = _coverage_text([run.stop for run in runs], [run.stop_held for run in runs])
            name = f"{law.name} {measure}"
            print(f"{name:<22}{halves:>38}{stops:>33}{'' if passed else '  FAILED'}", flush=True)
    by_measure: dict[str, list[tuple[float, bool]]] = {}
    for text, ratio, inside_range in config(options.config, options.seeds, options.seed):
        by_measure.setdefault(text, []).append((ratio, inside_range))
    for text, cells in by_measure.items():
        print(f"{text:<22}{_coverage_text(*zip(*cells, strict=True)):>38}", flush=True)
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
