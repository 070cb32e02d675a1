"""Open a run for replay, select paths of it, and check that program and machine still give its bits."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from simulator import kernel
from simulator.analyses.replay.narrative import ModelNames
from simulator.analyses.replay.percentile_rank import SelectedPaths, select_worst
from simulator.config import Config, Frozen, freeze, load
from simulator.config.calendar import fiscal_years
from simulator.engine import continuity, simulation
from simulator.engine.simulation import Job
from simulator.errors import ConfigError, RunError
from simulator.finance.metrics import plan_metrics, world_metrics
from simulator.model import Model
from simulator.results.columns import WORLD, Column, all_columns
from simulator.results.digest import rows_hash
from simulator.results.store import CONFIG, MODEL, Run, open_any, open_run

__all__: list[str] = []  # used among analyses only

_RISK = (
    "--accept-changes replays nevertheless. The risk: what is shown may not be what happened in the run; figures that "
    "are not those it stored are named."
)


class OpenedRun(NamedTuple):
    """A run whose paths can be simulated again, with the model that it stored."""

    run: Run
    config: Mapping[str, Any]  # as it was written
    names: ModelNames
    job: Job
    frozen: Frozen  # what the config gives now

    @property
    def streams(self) -> dict[str, int]:
        """Numbers of the random streams, by name."""
        return {str(name): int(number) for name, number in self.run.manifest["streams"].items()}


def open_for_replay(folder: str | Path, accept: bool) -> OpenedRun:
    """Open a run, finished or not; refuses one of another program or whose names do not fit its model."""
    run = open_any(folder)
    if not accept:
        continuity.refuse_changes(continuity.find_program_changes(run), str(folder), _RISK)
    config, model = run.config_tree, run.model(Model)
    try:
        frozen = freeze(load(run.path / CONFIG))
    except ConfigError as error:
        raise RunError(f"{run.path / CONFIG}: gives no model to check {MODEL} by ({error.mistakes[0]})") from error
    continuity.refuse_unsafe_model(run, model, frozen.model)
    if not accept:
        continuity.refuse_changes(continuity.find_model_changes(model, frozen.model), str(folder), _RISK)
    start = str(config.get("start", Config.model_fields["start"].default))
    try:
        sites = {site["id"]: site.get("title") or site["id"] for site in config["sites"]}
        plans = {plan: table.get("title") or plan for plan, table in config["plans"].items()}
        metrics = plan_metrics(fiscal_years(start, model.months))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise RunError(f"{run.path / CONFIG}: is no config of a run ({error!r})") from error
    columns = all_columns(world_metrics(tuple(sites)), metrics, tuple(plans))
    if len(columns) != kernel.figure_count(model):
        raise RunError(f"{folder}: given {kernel.figure_count(model)} figures, wanted {len(columns)}: another version")
    job = Job(model, columns, (), (), int(run.manifest["seed"]), int(run.manifest["paths"]), 1)
    return OpenedRun(run, config, ModelNames(columns, plans, tuple(sites.values()), start), job, frozen)


def describe_run(opened: OpenedRun) -> dict[str, Any]:
    """Return what a reader must know of the run; in an unfinished run `paths` is the number requested."""
    return {
        "run": str(opened.run.path),
        "name": opened.run.manifest["name"],
        "title": opened.config.get("title") or opened.run.manifest["name"],
        "seed": opened.job.seed,
        "paths": opened.job.paths,
        "finished": opened.run.finished,
        "stress": list(opened.run.manifest.get("stress", ())),
        "start": opened.names.start,
        "months": opened.job.model.months,
    }


def find_changes(opened: OpenedRun, accept: bool) -> list[str]:
    """List what has changed since the run began, by simulating paths 0-255 again too; refused unless accepted."""
    run, names = opened.run, [column.name for column in opened.job.columns]
    changes = continuity.find_program_changes(run)
    canary = simulation.simulate_canary(opened.job)
    if rows_hash(names, canary) != run.manifest["canary_sha256"]:
        changes += continuity.find_canary_changes(run, names, canary, run.state()["pilot"])
    if not accept:
        continuity.refuse_changes(changes, str(run.path), _RISK)
    accepted = run.manifest.get("accepted", ())
    mixed = [f"since path {entry['at']:,}: {line}" for entry in accepted for line in entry["changes"]]
    return changes + [f"the run went on with accepted changes {line}" for line in mixed]


def _find_column(opened: OpenedRun, metric: str, plan: str) -> Column:
    """Return the column of a metric of the plan or of the world; a mistake names the nearest metric."""
    columns = {column.metric.name: column for column in opened.job.columns if column.scope in (WORLD, plan)}
    if metric not in columns:
        raise ConfigError([f"--metric: given {metric}, {_hint(metric, columns)}"])
    return columns[metric]


def select_plans(opened: OpenedRun, plans: Sequence[str] | None) -> list[str]:
    """Return the plans to show: all of the run if none are named."""
    ids = list(opened.names.plans)
    unknown = [plan for plan in plans or () if plan not in ids]
    if unknown:
        raise ConfigError([f"--plan: given {plan}, {_hint(plan, ids)}" for plan in unknown])
    return list(dict.fromkeys(plans)) if plans else ids


def _hint(word: str, choices: Iterable[str]) -> str:
    """Return `did you mean npv?`, or all choices where none is near."""
    near = difflib.get_close_matches(word, choices, 1)
    return f"did you mean {near[0]}?" if near else f"wanted one of {', '.join(choices)}"


def select_paths(opened: OpenedRun, paths: Sequence[int], worst: int | None, metric: str, plan: str) -> SelectedPaths:
    """Select the paths to replay: those named, or the worst by a metric of a plan or of the world."""
    if worst is None:
        if not paths:
            raise ConfigError(["--path: given none, wanted a path of the run, or --worst K"])
        return SelectedPaths(_refuse_missing(opened, paths), "as asked for", [])
    if paths:
        raise ConfigError(["--worst: given with --path, wanted one of them"])
    if worst < 1:
        raise ConfigError([f"--worst: given {worst}, wanted at least 1"])
    open_run(opened.run.path)
    return select_worst(opened.run, _find_column(opened, metric, plan), worst)


def _refuse_missing(opened: OpenedRun, paths: Sequence[int]) -> list[int]:
    """Return the paths without repetition; paths that the run does not have are refused."""
    last = opened.job.paths - 1
    missing = [path for path in paths if not 0 <= path <= last]
    if missing:
        has = f"the run has {opened.job.paths:,} paths, from 0 on"
        raise ConfigError([f"--path: given {path}, wanted 0 to {last}: {has}" for path in missing])
    return list(dict.fromkeys(paths))
