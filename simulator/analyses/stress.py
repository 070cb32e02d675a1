"""Stress: simulates a config as it is and under each stress set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.config import Config, Frozen, freeze, load
from simulator.config.loader import reload
from simulator.config.stress import StressSet
from simulator.config.stress_files import find_sets, shipped_sets
from simulator.engine import thread_pool
from simulator.engine.interrupt import Stop
from simulator.engine.progress import meter
from simulator.engine.scenario_samples import figures
from simulator.engine.simulation import make_job
from simulator.engine.warmup import warm_up
from simulator.errors import ConfigError
from simulator.event_log import StageListener, stage_reporter
from simulator.risk.metric_spec import parse_measure, parse_metric
from simulator.risk.stress import StressComparison
from simulator.risk.undefined import blank_untested, untested_plans


def stress(
    config: str | Path | Config,
    sets: Sequence[str] | None = None,
    metric: str = "npv",
    measure: str = "cvar95",
    *,
    overrides: Sequence[str] = (),
    paths: int = 20_000,
    threads: int | None = None,
    seed: int | None = None,
    say: StageListener | None = None,
) -> dict[str, Any]:
    """Return a measure of a metric, plan by plan, in the base and under each stress set alone (default: all shipped).

    `sets` are names of shipped sets or paths of TOML files; those that make the config invalid are left out with the
    reason, and if all of them do, ConfigError says why. Every scenario runs on the same seed and paths.
    """
    checked = config if isinstance(config, Config) else load(config, overrides)
    base = freeze(checked)
    chosen = [_apply(checked, stress_set) for stress_set in find_sets(shipped_sets() if sets is None else sets)]
    stressed = [scenario.frozen for scenario in chosen if scenario.frozen is not None]
    if chosen and not stressed:
        raise next(scenario.refusal for scenario in chosen if scenario.refusal is not None)
    spec = parse_metric(metric, base.world, base.plan)
    measure_spec = parse_measure(measure, spec.metric)
    job = make_job(base, paths, threads, seed)
    warm_up(job, stage_reporter(say))
    with Stop() as stop, meter(1 + len(stressed), quiet=say is None, what="scenarios") as shown:

        def simulate(scenario: Frozen) -> dict[str, NDArray[np.float64]]:
            columns = make_job(scenario).columns
            rows = {column.scope: column.row for column in columns if column.metric.name == spec.column}
            values = figures(scenario.model, list(rows.values()), job.seed, job.paths, stop)
            shown.advance(1)
            why = untested_plans(scenario.model, scenario.plans)
            return {
                plan: spec.read(blank_untested(values[k], spec.column, why.get(plan))) for k, plan in enumerate(rows)
            }

        comparison = StressComparison(simulate(base), spec.metric, measure_spec)

        def compare(k: int) -> tuple[int, dict[str, Any]]:
            return k, comparison.stressed_figures(simulate(stressed[k]))

        plans = dict(thread_pool.map_in_threads(compare, range(len(stressed)), job.threads))
    return {
        "config": checked.name,
        "stress": list(checked.stress),
        "metric": spec.metric.name,
        "measure": measure,
        "unit": spec.metric.unit,
        "kind": spec.metric.kind,
        "paths": job.paths,
        "seed": job.seed,
        "base": comparison.base_figures(),
        "sets": _describe_sets(chosen, plans),
    }


class _Scenario(NamedTuple):
    """A stress set on a config: the model under it, or the error with which the config refuses it."""

    stress_set: StressSet
    frozen: Frozen | None
    refusal: ConfigError | None


def _apply(config: Config, stress_set: StressSet) -> _Scenario:
    """Return a config under a stress set, if it is valid then."""
    try:
        return _Scenario(stress_set, freeze(reload(config, (), (stress_set,))), None)
    except ConfigError as error:
        return _Scenario(stress_set, None, error)


def _describe_sets(scenarios: Sequence[_Scenario], plans: Mapping[int, dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the sets in order with their figures by plan (by position among the valid ones), or why they have none."""
    figures = iter(plans[k] for k in sorted(plans))
    return [
        {**scenario.stress_set.to_dict(), "plans": next(figures)}
        if scenario.refusal is None
        else {**scenario.stress_set.to_dict(), "plans": {}, "left_out": scenario.refusal.short_reason}
        for scenario in scenarios
    ]
