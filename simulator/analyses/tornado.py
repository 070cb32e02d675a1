"""Tornado: simulates a config with one input at a time held at either end of its range."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.config import Config, Frozen, freeze, load
from simulator.engine import thread_pool
from simulator.engine.interrupt import Stop
from simulator.engine.progress import meter
from simulator.engine.scenario_samples import figure, only_plan
from simulator.engine.simulation import make_job
from simulator.engine.warmup import warm_up
from simulator.errors import ConfigError
from simulator.event_log import StageListener, stage_reporter
from simulator.risk import sensitivity
from simulator.risk.metric_spec import MetricSpec, parse_measure, parse_metric
from simulator.risk.sensitivity import Swing
from simulator.risk.structure import describe_structure
from simulator.risk.undefined import blank_untested, untested_plans


def tornado(
    config: str | Path | Config,
    metric: str = "npv",
    measure: str = "cvar95",
    *,
    plan: str | None = None,
    overrides: Sequence[str] = (),
    paths: int = 20_000,
    threads: int | None = None,
    seed: int | None = None,
    say: StageListener | None = None,
) -> dict[str, Any]:
    """Return by how much a measure of a metric moves when one input is held at either end; bars widest first.

    Every scenario runs on the same seed and paths. The plan defaults to the first; a metric of the world needs none.
    """
    frozen = freeze(config if isinstance(config, Config) else load(config, overrides))
    plan = frozen.plans[0] if plan is None else plan
    if plan not in frozen.plans:
        raise ConfigError([f"--plan: given {plan}, wanted one of {', '.join(frozen.plans)}"])
    spec = parse_metric(metric, frozen.world, frozen.plan, frozen.calendar)
    measure_spec = parse_measure(measure, spec.metric)
    job = make_job(frozen, paths, threads, seed)
    inputs = frozen.inputs(plan)
    warm_up(job, stage_reporter(say))
    with Stop() as stop, meter(len(inputs), quiet=say is None, what="inputs") as shown:

        def simulate(scenario: Frozen) -> NDArray[np.float64]:
            model = only_plan(scenario.model, scenario.plans.index(plan))
            why = untested_plans(scenario.model, scenario.plans).get(plan)
            return spec.read(blank_untested(figure(model, spec.row, job.seed, job.paths, stop), spec.column, why))

        def spread(make_bar: Callable[[Swing], dict[str, Any]], swings: Iterable[Swing]) -> Iterator[dict[str, Any]]:
            for bar in thread_pool.map_in_threads(make_bar, swings, job.threads):
                shown.advance(1)
                yield bar

        base, bars = sensitivity.tornado_bars(
            spec.metric,
            measure_spec,
            sensitivity.refuse_undefined(
                simulate(frozen), spec, plan, untested_plans(frozen.model, frozen.plans).get(plan)
            ),
            [Swing(swing.key, swing.low, swing.high) for swing in inputs],
            lambda key, value: simulate(frozen.with_input(key, value)),
            spread,
        )
    return {
        "config": frozen.config.name,
        "stress": list(frozen.config.stress),
        "metric": spec.metric.name,
        "plan": plan,
        "measure": measure,
        "unit": spec.metric.unit,
        "kind": spec.metric.kind,
        "base": _fixed_base(frozen, plan, spec, base),
        "paths": job.paths,
        "seed": job.seed,
        "bars": bars,
    }


def _fixed_base(frozen: Frozen, plan: str, spec: MetricSpec, base: dict[str, Any]) -> dict[str, Any]:
    """The base figure, with the reason in place of an interval where the structure of the programme fixes it."""
    structure = describe_structure(frozen.model, frozen.plans, frozen.calendar)
    source = (*frozen.world, *frozen.plan)[spec.row]  # of an event the metric that it is on
    fixed = structure.event_figure(plan, source, spec.event) if spec.metric.kind == "event" else None
    return fixed.to_dict() if fixed is not None and fixed.value == base["value"] else base
