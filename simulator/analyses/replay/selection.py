"""Which paths of a run are drawn again, and whether that gives what the run had: the same model, program and bits."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from simulator import kernel
from simulator.analyses.replay import percentile_rank
from simulator.analyses.replay.narrative import Names
from simulator.config import Config
from simulator.config.calendar import fiscal_years
from simulator.engine import continuity, simulation
from simulator.engine.simulation import Job
from simulator.errors import ConfigError, RunError
from simulator.finance.metrics import plan_metrics, world_metrics
from simulator.model import Model
from simulator.results.columns import WORLD, Column, all_columns
from simulator.results.digest import rows_hash
from simulator.results.store import Run, open_any, open_run

RISK = (
    "--accept-changes replays nevertheless. The risk: what is shown may not be what happened in the run; figures that "
    "are not those it stored are named."
)


class Opened(NamedTuple):
    """A run to draw paths of again, with the model that it kept."""

    run: Run
    config: Mapping[str, Any]  # as it was written
    names: Names
    job: Job


def opened(folder: str | Path, accept: bool) -> Opened:
    """Open a run, finished or not; refuses one of another program or whose names do not fit its model."""
    run = open_any(folder)
    if not accept:
        continuity.refuse_changes(continuity.find_program_changes(run), str(folder), RISK)
    config, model = tomllib.loads(run.config), run.model(Model)
    start = str(config.get("start", Config.model_fields["start"].default))
    sites = {site["id"]: site.get("title") or site["id"] for site in config["sites"]}
    plans = {plan: table.get("title") or plan for plan, table in config["plans"].items()}
    metrics = plan_metrics(fiscal_years(start, model.months))
    columns = all_columns(world_metrics(tuple(sites)), metrics, tuple(plans))
    if len(columns) != kernel.figure_count(model):
        raise RunError(f"{folder}: given {kernel.figure_count(model)} figures, wanted {len(columns)}: another version")
    job = Job(model, columns, (), (), int(run.manifest["seed"]), int(run.manifest["paths"]), 1)
    return Opened(run, config, Names(columns, plans, tuple(sites.values()), start), job)


def about(of: Opened) -> dict[str, Any]:
    """What a reader must know of the run; `paths` is what was asked for where it is not finished."""
    return {
        "run": str(of.run.path),
        "name": of.run.manifest["name"],
        "title": of.config.get("title") or of.run.manifest["name"],
        "seed": of.job.seed,
        "paths": of.job.paths,
        "finished": of.run.finished,
        "stress": list(of.run.manifest.get("stress", ())),
        "start": of.names.start,
        "months": of.job.model.months,
    }


def changes(of: Opened, accept: bool) -> list[str]:
    """What differs from when the run began, paths 0-255 simulated once more included; refused unless accepted."""
    run, names = of.run, [column.name for column in of.job.columns]
    found = continuity.find_program_changes(run)
    canary = simulation.simulate_canary(of.job)
    if rows_hash(names, canary) != run.manifest["canary_sha256"]:
        found += continuity.find_canary_changes(run, names, canary, run.state()["pilot"])
    if not accept:
        continuity.refuse_changes(found, str(run.path), RISK)
    mixed = [f"since path {one['at']:,}: {line}" for one in run.manifest.get("accepted", ()) for line in one["changes"]]
    return found + [f"the run went on with accepted changes {line}" for line in mixed]


def column(of: Opened, metric: str, plan: str) -> Column:
    """The column of a metric: of the plan, or of the world; a mistake names the nearest metric."""
    known = {one.metric.name: one for one in of.job.columns if one.scope in (WORLD, plan)}
    if metric not in known:
        near = difflib.get_close_matches(metric, known, 1)
        hint = f"did you mean {near[0]}?" if near else f"wanted one of {', '.join(known)}"
        raise ConfigError([f"--metric: given {metric}, {hint}"])
    return known[metric]


def some_plans(of: Opened, plans: Sequence[str] | None) -> list[str]:
    """The plans to show: all of the run, or those asked for."""
    known = list(of.names.plans)
    wrong = [plan for plan in plans or () if plan not in known]
    if wrong:
        near = [difflib.get_close_matches(plan, known, 1) for plan in wrong]
        hints = [f"did you mean {one[0]}?" if one else f"wanted one of {', '.join(known)}" for one in near]
        raise ConfigError([f"--plan: given {plan}, {hint}" for plan, hint in zip(wrong, hints, strict=True)])
    return list(dict.fromkeys(plans)) if plans else known


def chosen(of: Opened, paths: Sequence[int], worst: int | None, metric: str, plan: str) -> percentile_rank.Chosen:
    """The paths to replay, and in words why these: as given, or the worst by a metric of a plan or of the world."""
    if worst is None:
        if not paths:
            raise ConfigError(["--path: given none, wanted a path of the run, or --worst K"])
        return percentile_rank.Chosen(_in_run(of, paths), "as asked for", [])
    if paths:
        raise ConfigError(["--worst: given with --path, wanted one of them"])
    if worst < 1:
        raise ConfigError([f"--worst: given {worst}, wanted at least 1"])
    open_run(of.run.path)
    return percentile_rank.worst(of.run, column(of, metric, plan), worst)


def _in_run(of: Opened, paths: Sequence[int]) -> list[int]:
    """Paths without repetition; those that the run does not have are refused."""
    last = of.job.paths - 1
    wrong = [path for path in paths if not 0 <= path <= last]
    if wrong:
        has = f"the run has {of.job.paths:,} paths, from 0 on"
        raise ConfigError([f"--path: given {path}, wanted 0 to {last}: {has}" for path in wrong])
    return list(dict.fromkeys(paths))
