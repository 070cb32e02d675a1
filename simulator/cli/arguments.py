"""Checks the arguments that several verbs share: counts such as 1e6, new folders; reports every mistake at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from simulator.errors import ConfigError

if TYPE_CHECKING:
    from simulator.config import Config
    from simulator.config.durations import Deadline
    from simulator.event_log import JsonLines

T = TypeVar("T")


def whole_number(option: str, text: str, least: int, most: int, description: str) -> int:
    """Return the whole number in `text`, written 1000000, 1_000_000 or 1e6; refused outside [least, most]."""
    from simulator.engine.run_request import WholeNumber

    return WholeNumber(option, least, most, description).check(text)


def paths(text: str | None) -> int | None:
    """--paths: how many paths."""
    from simulator.engine.run_request import PATHS

    return PATHS.check_optional(text)


def seed(text: str | None) -> int | None:
    """--seed: any whole number from 0 to 2^63 - 1."""
    from simulator.engine.run_request import SEED

    return SEED.check_optional(text)


def threads(text: str | None) -> int | None:
    """--threads: how many paths run at the same time."""
    from simulator.engine.run_request import THREADS

    return THREADS.check_optional(text)


def seconds(option: str, text: str) -> float:
    """Return a duration written 30s, 5min or 1.5h, in seconds."""
    from simulator.config.durations import parse_duration

    return parse_duration(option, text)


def until(text: str | None) -> Deadline | None:
    """--until: a local time or a duration from now, decided here and nowhere later."""
    from simulator.config.durations import decide_deadline

    return None if text is None else decide_deadline(text)


def cluster(text: str | None) -> str | None:
    """--cluster: the address of a scheduler, and dask to reach it."""
    if text is not None:
        from simulator.cluster.client import check_address

        check_address(text)
    return text


def user_path(text: str) -> Path:
    """Return a path as a user wrote it, with `~` expanded: shells leave it in `--out=~/runs`, and libraries differ."""
    from simulator.file_access import expand_user

    return expand_user(text)


class MistakeCollector:
    """Collects the mistakes that several checks report, so that all are shown at once.

    mistakes = MistakeCollector()
    count = mistakes.check(arguments.paths, text)
    mistakes.raise_any()
    """

    def __init__(self) -> None:
        self.messages: list[str] = []

    def check(self, check: Callable[..., T], *arguments: object) -> T | None:
        """Return what `check` returns; or None, and its mistakes are collected."""
        try:
            return check(*arguments)
        except ConfigError as error:
            self.messages += error.mistakes
            return None

    def raise_any(self) -> None:
        """Raise ConfigError if there are mistakes."""
        if self.messages:
            raise ConfigError(self.messages)


def load_config(config: Path, overrides: Sequence[str] = (), stress: Sequence[str] = ()) -> Config:
    """Return the checked config at a path, changed by KEY=VALUE and then by stress sets."""
    from simulator.config import load
    from simulator.config.stress_files import find_sets

    return load(config, overrides, find_sets(stress))


def find_lists(files: Sequence[Path]) -> list[Path]:
    """Return those of some files that are lists of runs."""
    from simulator.config.run_list import is_list

    return [file for file in files if is_list(file)]


def stress_sets(names: Sequence[str] | None) -> None:
    """--sets: stress sets that exist."""
    from simulator.config.stress_files import find_sets

    find_sets(names or ())


def new_folder(text: str | None, resume: bool = False) -> Path | None:
    """--out: a folder that can be made or written to and holds no run, unless that is to go on."""
    out = folder(text)
    if out is None and resume:
        raise ConfigError(["--resume: given no --out, wanted the folder of the run to go on with"])
    if out is None or resume:
        return out
    from simulator.results.store import RunFolder

    RunFolder(out).refuse_a_run()
    if (out / "night.json").exists():
        raise ConfigError([f"--out: given {out}, which holds a night of runs, wanted another folder"])
    return out


def batch_folder(text: str | None, resume: bool = False) -> Path | None:
    """--out: a folder for a batch of runs, that holds none unless it is to go on."""
    out = folder(text)
    if out is None and resume:
        raise ConfigError(["--resume: given no --out, wanted the folder of the night to go on with"])
    if out is not None:
        from simulator.batch.running import refuse_folder

        refuse_folder(out, resume)
    return out


def open_log(text: str | None) -> JsonLines | None:
    """--log-json: a file that can be written to."""
    if text is None:
        return None
    _refuse_option("--log-json", text, "a file")
    from simulator.event_log import JsonLines

    return JsonLines(text if text in ("", "-") else str(user_path(text)))


def finished_run(run: Path) -> None:
    """RUN: a folder with a finished run."""
    _refuse_without_manifest(run, "finished run")


def stored_run(run: Path) -> None:
    """RUN: a folder with a run, finished or not."""
    _refuse_without_manifest(run, "run")


def _refuse_without_manifest(run: Path, what: str) -> None:
    from simulator.file_access import describe_path

    if not (run / "manifest.json").is_file():
        raise ConfigError([f"{describe_path(run)}: holds no {what} (no manifest.json), wanted a run folder"])


def _refuse_option(option: str, text: str, what: str) -> None:
    """Refuse the next option taken for the value of one before, as in `--out --quiet`."""
    if text.startswith("--"):
        raise ConfigError([f"{option}: given {text}, wanted {what} (./{text} for one of that name)"])


def folder(text: str | None) -> Path | None:
    """--out: a folder, or a place where one can be made."""
    if text is None:
        return None
    _refuse_option("--out", text, "a folder")
    if not text.strip():
        raise ConfigError(["--out: given nothing, wanted a folder"])
    out = user_path(text)
    if out.exists() and not out.is_dir():
        raise ConfigError([f"--out: given {out}, which is a file, wanted a folder"])
    nearest = next((place for place in (out, *out.absolute().parents) if place.exists()), out)
    if not nearest.is_dir() or not os.access(nearest, os.W_OK):
        raise ConfigError([f"--out: given {out}, but {nearest} cannot be written to"])
    return out
