"""Read stress sets: those that ship with the package, by name, and files by path."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from simulator.config.file_kinds import refuse_other_kind
from simulator.config.stress import StressSet, find_mistakes, read_changes
from simulator.config.toml_reader import parse, read_text
from simulator.errors import ConfigError
from simulator.file_access import expand_user

__all__ = ["find_sets", "shipped_sets"]

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


def shipped_sets() -> tuple[str, ...]:
    """Return the names of the sets that ship."""
    names = (item.name for item in _folder().iterdir() if item.name.endswith(".toml"))
    return tuple(sorted(name.removesuffix(".toml") for name in names))


def find_sets(names: Iterable[str]) -> tuple[StressSet, ...]:
    """Return the sets of these names or paths; ConfigError carries every mistake."""
    sets, mistakes = [], []
    for name in names:
        try:
            sets.append(find_set(name))
        except ConfigError as error:
            mistakes += error.mistakes
    if mistakes:
        raise ConfigError(mistakes)
    return tuple(sets)


def find_set(name: str) -> StressSet:
    """Return a set by its name if it ships, else the file at a path."""
    if name in shipped_sets():
        with resources.as_file(_folder() / f"{name}.toml") as file:
            return _read(file, name, f"stress/{name}.toml")
    path = expand_user(name)
    if path.suffix != ".toml":
        near = difflib.get_close_matches(name, shipped_sets(), 1)
        choice = f"did you mean {near[0]}?" if near else f"wanted one of {', '.join(shipped_sets())} or a .toml file"
        raise ConfigError([f"--stress: given {name}, {choice}"])
    if not _NAME.fullmatch(path.stem):
        raise ConfigError([f"--stress: given {name}, wanted a file named with a-z, 0-9 and _ (the set is called so)"])
    return _read(path, path.stem, name)


def _read(path: Path, name: str, shown: str) -> StressSet:
    """Read and check a stress file; mistakes name it `shown`."""
    tables, lines = parse(read_text(path, "a stress set"), shown)
    refuse_other_kind(tables, shown, "a stress set")
    mistakes = find_mistakes(tables, lines, shown)
    if mistakes:
        raise ConfigError(mistakes)
    changes = tuple(read_changes(tables, lines, shown))
    return StressSet(name, tables.get("title") or name, tables.get("description", ""), changes)


def _folder() -> Traversable:
    return resources.files("simulator.config") / "templates" / "stress"
