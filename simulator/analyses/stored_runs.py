"""What is asked of runs that are there: their plans compared, paths told again, a forecast held against what happened.

And of a config: where two of its plans change places.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.analyses.replay import selection
from simulator.analyses.replay.narrative import story
from simulator.analyses.replay.percentile_rank import Standing
from simulator.analyses.replay.replayed_path import draw
from simulator.config import Config, freeze, load
from simulator.config.events import parse_event
from simulator.engine import run_forecast, session, warmup
from simulator.engine.interrupt import Stop
from simulator.engine.run_forecast import Prediction
from simulator.engine.scenario_samples import threaded_figures
from simulator.engine.stopping import Asked
from simulator.errors import ConfigError, RunError
from simulator.pipeline import Say, count, job_of, warm
from simulator.results.store import Run, open_run
from simulator.risk import comparison_inputs, sensitivity
from simulator.risk.break_even import break_even as find_break_even
from simulator.risk.sensitivity import Swing
from simulator.risk.undefined import blank, untested


def compare(
    run: str | Path,
    other: str | Path | None = None,
    metric: str = "npv",
    *,
    plans: Sequence[str] | None = None,
    tolerance: float = 0.1,
) -> dict[str, Any]:
    """The plans of a run against each other, or those of two runs on the same seed; see simulator.risk.compare.

    `plans` chooses and orders them; differences are to the first. `tolerance` is that of dominance, in the metric's
    unit. Nothing is simulated: it reads the stored samples and, within one run, what was counted over all paths.
    """
    runs = [open_run(run)] if other is None else [open_run(run), open_run(other)]
    return comparison_inputs.compare(
        runs, comparison_inputs.target(runs, metric, parse_event(metric)), plans, tolerance
    )


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
    say: Say | None = None,
) -> dict[str, Any]:
    """Values of the input `key` at which two plans change places in a measure; see simulator.risk.break_even.

    The plans default to the first two, `low` and `high` to the ends between which a tornado swings the input.
    """
    frozen = freeze(config if isinstance(config, Config) else load(config))
    pair = comparison_inputs.two(list(frozen.plans), plans)
    asked = sensitivity.target(metric, parse_event(metric), (), frozen.plan)
    wanted = sensitivity.measure(measure, asked.metric)
    low, high = comparison_inputs.bounds(key, low, high, [Swing(one.key, one.low, one.high) for one in frozen.inputs()])
    job = job_of(frozen, paths, threads, seed)
    rows = [len(frozen.world) + frozen.plans.index(plan) * len(frozen.plan) + asked.row for plan in pair]
    with comparison_inputs.named("--break-even"):
        ends = [frozen.with_input(key, value) for value in (low, high)]  # refused before anything is compiled
    tell = say or (lambda _: None)
    warm(job, tell)
    tell(f"trying values of {key}, {job.paths:,} paths each")
    with Stop() as stop:

        def values(value: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
            known = {low: ends[0], high: ends[1]}
            with comparison_inputs.named("--break-even"):
                held = known[value] if value in known else frozen.with_input(key, value)
            one, two = threaded_figures(held.model, rows, job.seed, job.paths, job.threads, stop)
            why = untested(held.model, held.plans)
            first, second = (
                asked.read(blank(found, asked.name, why.get(plan)))
                for found, plan in zip((one, two), pair, strict=True)
            )
            return first, second

        found = find_break_even(values, asked.metric, wanted, low, high)
    about = {"input": key, "low": low, "high": high, "plan": pair[0], "against": pair[1], "metric": asked.metric.name}
    return {**about, "measure": measure, "unit": asked.metric.unit, "paths": job.paths, "seed": job.seed, **found}


def predict_again(
    config: str | Path | Config, run: str | Path, *, threads: int | None = None, say: Say | None = None
) -> tuple[Prediction, list[dict[str, Any]], Run]:
    """Foretell a finished run of a config from a pilot on its own seed, and compare with what became of it."""
    held, frozen = open_run(run), freeze(config if isinstance(config, Config) else load(config))
    manifest = held.manifest
    if manifest.get("config_hash") != session.hash_of(frozen):
        raise ConfigError([f"--against: given {run}, a run of another config, wanted one of this config"])
    asked = Asked(manifest["asked"]["paths"], tuple(manifest["asked"]["precision"]), manifest["asked"]["until"])
    job = job_of(frozen, asked.paths, threads or manifest["machine"]["threads"], manifest["seed"])
    warm(job, say or (lambda _: None))
    found = run_forecast.predict(job, asked, frozen.levels, datetime.fromisoformat(manifest["started"]).timestamp())
    return found, run_forecast.against(found, held, job.model.months), held


def replay(
    run: str | Path,
    paths: Sequence[int] = (),
    *,
    worst: int | None = None,
    plans: Sequence[str] | None = None,
    metric: str = "npv",
    accept_changes: bool = False,
    say: Say | None = None,
) -> dict[str, Any]:
    """Draw some paths of a run again, bit for bit, and tell what happened on them (analyses.replay.narrative).

    `paths` are their numbers; or the `worst` ones by `metric`, of the first of `plans` (default: all) or of the world.
    RunError if a figure is not the one that the run stored, unless changes of program or machine are accepted.
    """
    of = selection.opened(run, accept_changes)
    shown = selection.some_plans(of, plans)
    chosen = selection.chosen(of, paths, worst, metric, shown[0])
    if say is not None and warmup.is_cold():
        say("compiling, once")
    changed = selection.changes(of, accept_changes)
    if say is not None:
        say(f"drawing {count(len(chosen.paths), 'path')} again")
    drawn = [draw(of.job.model, list(of.names.plans), of.job.seed, path) for path in chosen.paths]
    standing = Standing(of.run, of.names.columns, {path.path: path.figures for path in drawn})
    told = [story(path, of.names, standing, shown) for path in drawn]
    apart = [f"path {one['path']}: {line}" for one in told for line in one["differs"]]
    if apart and not accept_changes:
        raise RunError(f"{of.run.path}: {apart[0]}; the run is not what it says, run the config again")
    return {**selection.about(of), "chosen": chosen.words, "ranked_by": chosen.by, "changes": changed, "replays": told}
