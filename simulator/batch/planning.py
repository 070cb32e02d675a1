"""Plans a batch: reads and freezes every config before the first run, so that all mistakes are known at once."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from simulator.config import Config, freeze
from simulator.config.durations import Deadline, decide_deadline, is_duration
from simulator.config.run_list import ListEntry, load_changed, read_list
from simulator.engine.run_request import RunRequest
from simulator.engine.simulation import make_job
from simulator.errors import ConfigError, describe_error, is_expected

_RESERVED = ("index.html", "night.json", "figures")


@dataclass(frozen=True)
class PlannedRun:
    """One run of a batch; without a request it cannot be run, and `mistakes` say why."""

    folder: str  # its name in the folder of the batch
    source: str  # the config as it was named
    request: RunRequest | None = None
    mistakes: tuple[str, ...] = ()
    named: bool = False  # a list gave its folder's name
    until: Deadline | str | None = None  # of this run alone: a time of day, or a duration from when it begins

    @property
    def config(self) -> Config | None:
        """The checked config."""
        config = None if self.request is None else self.request.config
        return config if isinstance(config, Config) else None


@dataclass(frozen=True)
class BatchPlan:
    """The runs of a batch, in order."""

    runs: tuple[PlannedRun, ...]
    title: str = ""
    until: Deadline | None = None  # as a list says it

    @property
    def mistakes(self) -> list[str]:
        """Those of all runs, each once."""
        return list(dict.fromkeys(text for run in self.runs for text in run.mistakes))


def plan_batch(files: Sequence[Path], lists: Sequence[Path], request: RunRequest) -> BatchPlan:
    """Return the checked batch of configs and lists of runs (`lists` are those of `files` that are lists).

    What `request` says goes before what a list says of one run. ConfigError carries every mistake of the lists
    themselves; a config with mistakes is a run that cannot be run.
    """
    runs: list[PlannedRun] = []
    mistakes: list[str] = []
    titles: list[str] = []
    until: Deadline | None = None
    for file in files:
        if file not in lists:
            runs.append(_plan_config(file, request))
            continue
        try:
            run_list, entries = read_list(file)
        except ConfigError as error:
            mistakes += error.mistakes
            continue
        titles += [run_list.title] if run_list.title else []
        until = decide_deadline(run_list.until) if run_list.until else until
        runs += [_plan_entry(entry, request) for entry in entries]
    if mistakes:
        raise ConfigError([*mistakes, *(text for run in runs for text in run.mistakes)])
    return BatchPlan(tuple(_name_folders(runs)), ", ".join(titles), until)


def _plan_config(path: Path, request: RunRequest) -> PlannedRun:
    try:
        config = load_changed(path, request.overrides, request.stress)
        _check(config, request.precision)
    except Exception as error:
        return PlannedRun(path.stem, str(path), mistakes=_mistakes(str(path), error))
    return PlannedRun(_name(config), str(path), replace(request, config=config, until=None))


def _plan_entry(listed: ListEntry, request: RunRequest) -> PlannedRun:
    entry = listed.entry
    run = PlannedRun(entry.out or listed.path.stem, os.path.normpath(listed.path), named=entry.out is not None)
    precision = request.precision or entry.precision
    try:
        config = listed.load(request.overrides, request.stress)
        with listed.relocate_mistakes():
            _check(config, precision)
    except Exception as error:
        return replace(run, mistakes=_mistakes(str(listed.path), error))
    merged = replace(
        request,
        config=config,
        paths=entry.paths if request.paths is None else request.paths,
        seed=entry.seed if request.seed is None else request.seed,
        precision=precision,
        until=None,
    )
    until = entry.until if entry.until is None or is_duration(entry.until) else decide_deadline(entry.until)
    return replace(run, request=merged, folder=entry.out or _name(config), until=until)


def _check(config: Config, precision: Sequence[str]) -> None:
    """Freeze a config and parse its precision targets, so that their mistakes are known before anything is run."""
    make_job(freeze(config)).targets(precision)


def _mistakes(name: str, error: Exception) -> tuple[str, ...]:
    if isinstance(error, ConfigError):
        return tuple(error.mistakes)
    reason = describe_error(error) if is_expected(error) else f"{type(error).__name__}: {error}"
    return (f"{name}: given a config that cannot be frozen ({reason}), wanted one that can",)


def _name(config: Config) -> str:
    return "-".join((config.name, *config.stress))


def _name_folders(runs: Sequence[PlannedRun]) -> list[PlannedRun]:
    """Return the runs, each with a folder of its own: a name that is taken, by a list's `out` first, gets a number."""
    renamed = list(runs)
    taken: set[str] = {*_RESERVED}
    for i in sorted(range(len(runs)), key=lambda i: not runs[i].named):
        name, n = runs[i].folder, 1
        while name.lower() in taken:
            n += 1
            name = f"{runs[i].folder}-{n}"
        taken.add(name.lower())
        renamed[i] = replace(runs[i], folder=name)
    return renamed
