"""Break-even: finds the values of an input at which two plans change places."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.config import Config, freeze, load
from simulator.engine.interrupt import Stop
from simulator.engine.scenario_samples import threaded_figures
from simulator.engine.simulation import make_job
from simulator.engine.warmup import warm_up
from simulator.event_log import StageListener, stage_reporter
from simulator.risk import comparison_inputs
from simulator.risk.break_even import break_even as find_break_even
from simulator.risk.metric_spec import parse_measure, parse_metric
from simulator.risk.sensitivity import Swing
from simulator.risk.undefined import blank_untested, untested_plans


def break_even(
    config: str | Path | Config,
    key: str,
    low: float | None = None,
    high: float | None = None,
    *,
    plans: Sequence[str] | None = None,
    metric: str = "npv",
    measure: str = "mean",
    paths: int = 20_000,
    threads: int | None = None,
    seed: int | None = None,
    say: StageListener | None = None,
) -> dict[str, Any]:
    """Return the values of the input `key` at which two plans change places; see simulator.risk.break_even.

    The plans default to the first two, `low` and `high` to the ends between which a tornado swings the input.
    """
    frozen = freeze(config if isinstance(config, Config) else load(config))
    pair = comparison_inputs.choose_two_plans(list(frozen.plans), plans)
    spec = parse_metric(metric, (), frozen.plan, frozen.calendar)
    measure_spec = parse_measure(measure, spec.metric)
    swings = [Swing(swing.key, swing.low, swing.high) for swing in frozen.inputs()]
    low, high = comparison_inputs.search_bounds(key, low, high, swings)
    job = make_job(frozen, paths, threads, seed)
    rows = [len(frozen.world) + frozen.plans.index(plan) * len(frozen.plan) + spec.row for plan in pair]
    with comparison_inputs.errors_of_option("--break-even"):
        ends = [frozen.with_input(key, value) for value in (low, high)]  # refused before anything is compiled
    report_stage = stage_reporter(say)
    warm_up(job, report_stage)
    report_stage(f"trying values of {key}, {job.paths:,} paths each")
    with Stop() as stop:

        def simulate(value: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
            frozen_ends = {low: ends[0], high: ends[1]}
            with comparison_inputs.errors_of_option("--break-even"):
                scenario = frozen_ends[value] if value in frozen_ends else frozen.with_input(key, value)
            figures = threaded_figures(scenario.model, rows, job.seed, job.paths, job.threads, stop)
            why = untested_plans(scenario.model, scenario.plans)
            first, second = (
                spec.read(blank_untested(values, spec.column, why.get(plan)))
                for values, plan in zip(figures, pair, strict=True)
            )
            return first, second

        crossings = find_break_even(simulate, spec.metric, measure_spec, low, high)
    return {
        "input": key,
        "low": low,
        "high": high,
        "plan": pair[0],
        "against": pair[1],
        "metric": spec.metric.name,
        "measure": measure,
        "unit": spec.metric.unit,
        "paths": job.paths,
        "seed": job.seed,
        **crossings,
    }
