"""Stress: simulates a config as it is and under each stress set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.config import Config, Frozen, freeze, load
from simulator.config.loader import reload
from simulator.config.stress_files import find_sets, shipped_sets
from simulator.engine import thread_pool
from simulator.engine.interrupt import Stop
from simulator.engine.progress import meter
from simulator.engine.scenario_samples import figures
from simulator.engine.simulation import make_job
from simulator.engine.warmup import warm_up
from simulator.errors import ConfigError
from simulator.event_log import StageListener, stage_reporter
from simulator.risk.intervals import Figure
from simulator.risk.metric_spec import MetricSpec, parse_measure, parse_metric
from simulator.risk.stress import StressComparison
from simulator.risk.structure import describe_structure
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
    chosen = find_sets(shipped_sets() if sets is None else sets)
    stressed, refusals = _freeze_valid([partial(reload, checked, (), (stress_set,)) for stress_set in chosen])
    spec = parse_metric(metric, base.world, base.plan, base.calendar)
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

        comparison = StressComparison(simulate(base), spec.metric, measure_spec, _fixed_figures(base, spec))

        def compare(k: int) -> tuple[int, dict[str, Any]]:
            return k, comparison.stressed_figures(simulate(stressed[k]), _fixed_figures(stressed[k], spec))

        plans = dict(thread_pool.map_in_threads(compare, stressed, job.threads))
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
        "sets": [
            {**stress_set.to_dict(), **({"plans": plans[k]} if k in plans else {"plans": {}, "left_out": refusals[k]})}
            for k, stress_set in enumerate(chosen)
        ],
    }


def _fixed_figures(scenario: Frozen, spec: MetricSpec) -> dict[str, Figure]:
    """Return, by plan, the probabilities of an event that no path of a scenario can change."""
    structure = describe_structure(scenario.model, scenario.plans, scenario.calendar)
    columns = [column for column in make_job(scenario).columns if column.metric.name == spec.column]
    figures_by_plan = {
        column.scope: structure.event_figure(column.scope, column.metric, spec.event) for column in columns
    }
    return {plan: figure for plan, figure in figures_by_plan.items() if figure is not None}


def _freeze_valid(configs: Sequence[Callable[[], Config]]) -> tuple[dict[int, Frozen], dict[int, str]]:
    """Return, by position, the models of configs that are valid and the reasons why others are not.

    ConfigError if there are configs and none is valid.
    """
    frozen, refusals, errors = {}, {}, []
    for k, make_config in enumerate(configs):
        try:
            frozen[k] = freeze(make_config())
        except ConfigError as error:
            errors.append(error)
            refusals[k] = error.short_reason
    if errors and not frozen:
        raise errors[0]
    return frozen, refusals
