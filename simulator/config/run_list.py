"""A list of runs for one batch, as a TOML file: the config and options of each run.

title = "Base and stress"
until = "06:00"

[[runs]]
config = "hyperscaler.toml"          # relative to this file, as every path in it

[[runs]]
config = "hyperscaler.toml"
stress = ["ai_winter"]
precision = ["own.npv.cvar95:1%"]
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError, field_validator

from simulator.config.durations import decide_deadline
from simulator.config.fields.numbers import FOLDER, Title
from simulator.config.fields.ranges import MOST_PATHS, MOST_SEED, Range, Table
from simulator.config.loader import Source, load
from simulator.config.locate import KeyPath
from simulator.config.mistakes import Mistake, explain_all
from simulator.config.schema import Config
from simulator.config.stress_files import find_sets, shipped_sets
from simulator.config.toml_reader import parse, read_text
from simulator.config.wording import quote
from simulator.errors import ConfigError

__all__ = ["ListEntry", "is_list", "load_changed", "read_list"]

RUNS = "runs"  # the key that makes a TOML file a list
_NAMED_AS = {"overrides": "set"}


class Entry(Table):
    """One run of a list."""

    config: Annotated[str, Field(min_length=1)] = Field(description="the config, a TOML file")
    paths: Annotated[int, Range(1, MOST_PATHS, whole=True)] | None = Field(default=None, description="most paths")
    seed: Annotated[int, Range(0, MOST_SEED, whole=True)] | None = Field(default=None, description="its seed")
    precision: Annotated[tuple[str, ...], Field(strict=False, max_length=50)] = Field(
        default=(), description="as --precision: stop once these are reached"
    )
    until: str | None = Field(default=None, description="as --until: stop at the latest then")
    stress: Annotated[tuple[str, ...], Field(strict=False, max_length=50)] = Field(
        default=(), description="stress sets: names that ship, or TOML files"
    )
    overrides: Annotated[tuple[str, ...], Field(strict=False, max_length=200)] = Field(
        default=(), alias="set", description="KEY=VALUE changes of the config"
    )
    out: Annotated[str, Field(pattern=FOLDER)] | None = Field(
        default=None, description="its folder's name in the night's folder; default: name and stress of the config"
    )

    @field_validator("paths", mode="before")
    @classmethod
    def _counts_may_be_floats(cls, value: Any) -> Any:
        return int(value) if isinstance(value, float) and value.is_integer() else value


class RunList(Table):
    """A list of runs."""

    title: Title = Field(default="", description="headline of the night's page")
    until: str | None = Field(default=None, description="when the night ends, shared out among its runs")
    runs: Annotated[tuple[Entry, ...], Field(strict=False, min_length=1, max_length=1000)] = Field(
        description="the runs, in order"
    )


@dataclass(frozen=True)
class ListEntry:
    """A run of a list, and its place there."""

    entry: Entry
    index: int
    source: Source

    @property
    def path(self) -> Path:
        """Its config."""
        return self.source.folder / self.entry.config

    @property
    def sets(self) -> tuple[str, ...]:
        """Its stress sets: names as they are, files relative to the list."""
        known = shipped_sets()
        return tuple(
            name if name in known or not name.endswith(".toml") else str(self.source.folder / name)
            for name in self.entry.stress
        )

    def load(self, overrides: tuple[str, ...] = (), stress: tuple[str, ...] = ()) -> Config:
        """Return the checked config, changed by what the entry says and then by more."""
        changes, sets = (*self.entry.overrides, *overrides), (*self.sets, *stress)
        with self.relocate_mistakes():
            return load_changed(self.path, changes, sets)

    @contextmanager
    def relocate_mistakes(self) -> Iterator[None]:
        """Report mistakes of `--set`, `--stress` and `--precision` at the entry's keys that hold them."""
        try:
            yield
        except ConfigError as error:
            raise ConfigError([self._relocate(text) for text in error.mistakes]) from None

    def place(self, option: str) -> str:
        """Return `nightly.toml:7: runs[1].set`: the key of the entry that stands for an option."""
        names = {name: _NAMED_AS.get(name, name) for name in Entry.model_fields}
        key: KeyPath = (RUNS, self.index, option)
        _, text = self.source.locate(Mistake(key if option in names.values() else key[:2], ""))
        return text.removesuffix(": ")

    def _relocate(self, text: str) -> str:
        entry = self.entry
        for option, items in (("set", entry.overrides), ("stress", entry.stress), ("precision", entry.precision)):
            head = f"--{option}"
            if not text.startswith(head):
                continue
            rest = text.removeprefix(head).removeprefix(":").strip()
            if any(_is_about(rest, item) for item in items):
                return f"{self.place(option)}: {rest}"
        missing = f"{self.path}: given a path"
        if text.startswith(missing):
            return f"{self.place('config')}: {text.removeprefix(f'{self.path}: ')}"
        return text


def load_changed(path: Path, overrides: Sequence[str], stress: Sequence[str]) -> Config:
    """Return the checked config with changes and stress sets; mistakes of the sets and of the config come together."""
    try:
        sets = find_sets(stress)
    except ConfigError as error:
        mistakes = error.mistakes
        try:
            load(path, overrides)
        except ConfigError as more:
            mistakes = [*more.mistakes, *mistakes]
        raise ConfigError(mistakes) from None
    return load(path, overrides, sets)


def _is_about(rest: str, item: str) -> bool:
    """Return True if a mistake, without its option, is about an item of an entry: a key of a change, or the item."""
    return rest.startswith((item.partition("=")[0].strip(), f"given {item}", f"given {quote(item)}"))


def is_list(path: Path) -> bool:
    """Return True if a file is a list of runs; False if it cannot be read, which reading it as a config reports."""
    try:
        return RUNS in tomllib.loads(read_text(path))
    except (ConfigError, ValueError, RecursionError):
        return False


def read_list(path: Path) -> tuple[RunList, tuple[ListEntry, ...]]:
    """Return a list of runs and its entries; ConfigError carries every mistake of the list, not those of configs."""
    name = str(path)
    tree, lines = parse(read_text(path, "a list of runs"), name)
    source = Source(name, path.parent, lines)
    run_list: RunList | None = None
    mistakes: list[Mistake] = []
    try:
        run_list = RunList.model_validate(tree)
    except ValidationError as error:
        mistakes = explain_all(error, tree, RunList)
    mistakes += _check_entries(tree)
    if mistakes or run_list is None:
        placed = sorted(dict.fromkeys(source.locate(mistake) for mistake in mistakes), key=lambda place: place[0])
        raise ConfigError([text for _, text in placed])
    return run_list, tuple(ListEntry(entry, i, source) for i, entry in enumerate(run_list.runs))


def _check_entries(tree: Mapping[str, Any]) -> Iterator[Mistake]:
    """Yield mistakes about times, and about folders named twice."""
    runs = [run if isinstance(run, dict) else {} for run in tree[RUNS]] if isinstance(tree.get(RUNS), list) else []
    named: dict[str, int] = {}
    for path, table in (((), tree), *(((RUNS, i), run) for i, run in enumerate(runs))):
        until = table.get("until")
        if isinstance(until, str):
            try:
                decide_deadline(until)
            except ConfigError as error:
                yield Mistake((*path, "until"), error.mistakes[0].removeprefix("--until: "))
    for i, run in enumerate(runs):
        out = run.get("out")
        if isinstance(out, str) and out.lower() in ("index.html", "night.json", "figures"):
            yield Mistake((RUNS, i, "out"), f"given {quote(out)}, which the night itself writes, wanted another name")
        if isinstance(out, str) and out in named:
            yield Mistake((RUNS, i, "out"), f"given {quote(out)}, which is that of runs[{named[out]}], wanted another")
        elif isinstance(out, str):
            named[out] = i
