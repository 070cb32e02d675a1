"""What a night is to do: every config read and frozen before the first run, so that all mistakes are known at once."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from simulator.config import Config, freeze
from simulator.config.run_list import Listed, load_changed, read_list
from simulator.errors import ConfigError, expected, words
from simulator.pipeline import job_of
from simulator.results.columns import tally_columns
from simulator.risk.precision import target

_RESERVED = ("index.html", "night.json", "figures")


@dataclass(frozen=True)
class Given:
    """What the command line says of every run; it goes before what a list says of one."""

    paths: int | None = None
    seed: int | None = None
    precision: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    stress: tuple[str, ...] = ()


@dataclass(frozen=True)
class Planned:
    """One run of a night; without a config it cannot be run, and `mistakes` say why."""

    folder: str  # its name in the night's folder
    source: str  # the config as it was named
    config: Config | None
    mistakes: tuple[str, ...] = ()
    paths: int | None = None
    seed: int | None = None
    precision: tuple[str, ...] = ()
    until: str | None = None
    named: bool = False  # whether a list gave its folder's name


@dataclass(frozen=True)
class Plan:
    """The runs of a night, in order."""

    runs: tuple[Planned, ...]
    title: str = ""
    until: str | None = None  # as a list says it

    @property
    def mistakes(self) -> list[str]:
        """Those of all runs, each once."""
        return list(dict.fromkeys(text for run in self.runs for text in run.mistakes))


def plan(files: Sequence[Path], lists: Sequence[Path], given: Given) -> Plan:
    """The night of configs and lists of runs (`lists` are those of `files` that are lists), checked.

    ConfigError carries every mistake of the lists themselves; a config with mistakes is a run that cannot be run.
    """
    found: list[Planned] = []
    wrong: list[str] = []
    titles: list[str] = []
    until: str | None = None
    for file in files:
        if file not in lists:
            found.append(_of_config(file, given))
            continue
        try:
            night, entries = read_list(file)
        except ConfigError as error:
            wrong += error.mistakes
            continue
        titles += [night.title] if night.title else []
        until = night.until or until
        found += [_of_entry(entry, given) for entry in entries]
    if wrong:
        raise ConfigError([*wrong, *(text for one in found for text in one.mistakes)])
    return Plan(tuple(_distinct(found)), ", ".join(titles), until)


def _of_config(path: Path, given: Given) -> Planned:
    run = Planned(path.stem, str(path), None, (), given.paths, given.seed, given.precision)
    try:
        config = load_changed(path, given.overrides, given.stress)
        _check(config, given.precision)
    except Exception as error:
        return replace(run, mistakes=_mistakes(str(path), error))
    return replace(run, config=config, folder=_name(config))


def _of_entry(listed: Listed, given: Given) -> Planned:
    entry = listed.entry
    run = Planned(
        folder=entry.out or listed.path.stem,
        source=os.path.normpath(listed.path),
        config=None,
        paths=entry.paths if given.paths is None else given.paths,
        seed=entry.seed if given.seed is None else given.seed,
        precision=given.precision or entry.precision,
        until=entry.until,
        named=entry.out is not None,
    )
    try:
        config = listed.load(given.overrides, given.stress)
        with listed.blamed():
            _check(config, run.precision)
    except Exception as error:
        return replace(run, mistakes=_mistakes(str(listed.path), error))
    return replace(run, config=config, folder=entry.out or _name(config))


def _check(config: Config, precision: Sequence[str]) -> None:
    """Freeze a config and read its targets, so that what is wrong with them is known before anything is run."""
    job = job_of(freeze(config))
    counted = tally_columns(job.columns, job.tally, job.events)
    wrong: list[str] = []
    for text in precision:
        try:
            target(text, counted, job.events)
        except ConfigError as error:
            wrong += error.mistakes
    if wrong:
        raise ConfigError(wrong)


def _mistakes(name: str, error: Exception) -> tuple[str, ...]:
    if isinstance(error, ConfigError):
        return tuple(error.mistakes)
    said = words(error) if expected(error) else f"{type(error).__name__}: {error}"
    return (f"{name}: given a config that cannot be frozen ({said}), wanted one that can",)


def _name(config: Config) -> str:
    return "-".join((config.name, *config.stress))


def _distinct(runs: Sequence[Planned]) -> list[Planned]:
    """The same runs, each with a folder of its own: a name that is taken, by a list's `out` first, gets a number."""
    found = list(runs)
    taken: set[str] = {*_RESERVED}
    for i in sorted(range(len(runs)), key=lambda i: not runs[i].named):
        name, n = runs[i].folder, 1
        while name.lower() in taken:
            n += 1
            name = f"{runs[i].folder}-{n}"
        taken.add(name.lower())
        found[i] = replace(runs[i], folder=name)
    return found
