"""What the arguments of several verbs must be: counts such as 1e6, new folders; every mistake at once."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from simulator.errors import ConfigError

if TYPE_CHECKING:
    from simulator.config import Config
    from simulator.event_log import JsonLines

MOST_PATHS = 10**12  # as in a config
MOST_SEED = 2**63 - 1
MOST_THREADS = 4096
T = TypeVar("T")


def whole(option: str, text: str, least: int, most: int, what: str) -> int:
    """The whole number in `text`, written 1000000, 1_000_000 or 1e6; refused outside [least, most]."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite():
        raise ConfigError([f"{option}: given {text}, wanted {what}"])
    if number < least:
        raise ConfigError([f"{option}: given {text}, wanted at least {least}"])
    if number > most:
        raise ConfigError([f"{option}: given {text}, wanted at most {most}"])
    if number != int(number):
        raise ConfigError([f"{option}: given {text}, wanted {what}"])
    return int(number)


def paths(text: str | None) -> int | None:
    """--paths: how many paths."""
    what = "a whole number of paths such as 50000 or 1e6"
    return None if text is None else whole("--paths", text, 1, MOST_PATHS, what)


def seed(text: str | None) -> int | None:
    """--seed: any whole number from 0 to 2^63 - 1."""
    return None if text is None else whole("--seed", text, 0, MOST_SEED, "a whole number")


def threads(text: str | None) -> int | None:
    """--threads: how many paths run at the same time."""
    return None if text is None else whole("--threads", text, 1, MOST_THREADS, "a whole number of threads")


def seconds(option: str, text: str | None) -> float | None:
    """A duration written 30s, 5min or 1.5h, in seconds."""
    from simulator.config.durations import duration

    return None if text is None else duration(option, text)


def until(text: str | None) -> str | None:
    """--until: a local time or a duration from now."""
    from simulator.config.durations import deadline

    if text is not None:
        deadline(text)
    return text


def cluster(text: str | None) -> str | None:
    """--cluster: the address of a scheduler, and dask to reach it."""
    from simulator.cluster.client import check

    if text is not None:
        check(text)
    return text


class Mistakes:
    """Collects what several checks refuse: `paths = mistakes.of(arguments.paths, text)`, then `mistakes.stop()`."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def of(self, check: Callable[..., T], *given: object) -> T | None:
        """What `check` returns, or None and its mistakes are kept."""
        try:
            return check(*given)
        except ConfigError as error:
            self.found += error.mistakes
            return None

    def stop(self) -> None:
        """Refuse to go on if anything was wrong."""
        if self.found:
            raise ConfigError(self.found)


def read(config: Path, overrides: Sequence[str] = (), stress: Sequence[str] = ()) -> Config:
    """The checked config at a path, changed by KEY=VALUE and then by stress sets."""
    from simulator.config import load
    from simulator.config.stress_files import find_sets

    return load(config, overrides, find_sets(stress))


def lists(files: Sequence[Path]) -> list[Path]:
    """Those of some files that are lists of runs."""
    from simulator.config.run_list import is_list

    return [file for file in files if is_list(file)]


def stress_sets(names: Sequence[str] | None) -> None:
    """--sets: stress sets that there are."""
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


def night_folder(text: str | None, resume: bool = False) -> Path | None:
    """--out: a folder for a night of runs, that holds none unless it is to go on."""
    out = folder(text)
    if out is None and resume:
        raise ConfigError(["--resume: given no --out, wanted the folder of the night to go on with"])
    if out is not None:
        from simulator.batch.running import refuse

        refuse(out, resume)
    return out


def log(text: str | None) -> JsonLines | None:
    """--log-json: a file that can be written to."""
    if text is None:
        return None
    _no_option("--log-json", text, "a file")
    from simulator.event_log import JsonLines

    return JsonLines(text)


def a_run(run: Path) -> None:
    """RUN: a folder with a finished run."""
    if not (run / "manifest.json").is_file():
        raise ConfigError([f"{run}: holds no finished run (no manifest.json), wanted a run folder"])


def _no_option(option: str, text: str, what: str) -> None:
    """Refuse the next option taken for the value of one before, as in `--out --quiet`."""
    if text.startswith("--"):
        raise ConfigError([f"{option}: given {text}, wanted {what} (./{text} for one of that name)"])


def folder(text: str | None) -> Path | None:
    """--out: a folder, or a place where one can be made."""
    if text is None:
        return None
    _no_option("--out", text, "a folder")
    if not text.strip():
        raise ConfigError(["--out: given nothing, wanted a folder"])
    out = Path(text)
    if out.exists() and not out.is_dir():
        raise ConfigError([f"--out: given {out}, which is a file, wanted a folder"])
    there = next((place for place in (out, *out.absolute().parents) if place.exists()), out)
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise ConfigError([f"--out: given {out}, but {there} cannot be written to"])
    return out


def say(stage: str) -> None:
    """A stage of the work, on stderr."""
    with suppress(OSError):  # a full disk or a reader that left is no reason to end a run
        print(f"== {stage}", file=sys.stderr, flush=True)
