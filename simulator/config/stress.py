"""Stress sets: named changes to a config, for worlds that are worse than the law says, or of another law.

A set is a TOML file with a title, a description and three tables of changes. Keys are those of the config, written as
for `--set`: values of `set` replace what is there, `scale` multiplies a number (a swing with its ends), `add` adds.

    title = "AI winter"
    description = "Demand for compute collapses."
    [set]
    drivers.price.shock = -0.7
    [scale]
    drivers.funding.spread_mean = 2

A set changes the config as it was written and as `--set` left it, before it is checked; `stress` in the config then
lists it, so that no result of a stressed config can pass for one of the base.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from simulator.config.fields.numbers import sampled_shape
from simulator.config.fields.ranges import Swing
from simulator.config.fields.walk import default_at, key_names, owner_table
from simulator.config.locate import KeyPath, format_key, has
from simulator.config.overrides import assign_value, locate_key
from simulator.config.schema import Config
from simulator.config.wording import quote
from simulator.errors import ConfigError

__all__: list[str] = []  # used in this folder only

SET, SCALE, ADD = ACTIONS = ("set", "scale", "add")


class Change(NamedTuple):
    """One key of a stress set."""

    action: str  # set, scale or add
    key: str  # of the config
    by: Any  # the value, the factor or the amount
    place: str  # file:line

    @property
    def label(self) -> str:
        """The file, line and key with which messages about it begin."""
        return f"{self.place}: {self.action}.{self.key}"


@dataclass(frozen=True)
class StressSet:
    """A named set of changes."""

    name: str
    title: str
    description: str
    changes: tuple[Change, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the set as results report it."""
        changes = [{"key": change.key, change.action: change.by} for change in self.changes]
        return {"name": self.name, "title": self.title, "description": self.description, "changes": changes}


def apply_stress(tree: Mapping[str, Any], sets: Sequence[StressSet]) -> tuple[dict[str, Any], dict[KeyPath, str]]:
    """Return the tree with the sets applied in order, and for messages the label of each changed path."""
    changed = copy.deepcopy(dict(tree))
    made: dict[KeyPath, Change] = {}
    mistakes = []
    applied = changed.setdefault("stress", []) if sets else []
    for stress_set in sets:
        if stress_set.name in applied:
            mistakes.append(f"--stress {stress_set.name}: given a set that the config contains already, wanted it once")
            continue
        for change in stress_set.changes:
            try:
                _apply_change(changed, change, made)
            except ValueError as error:
                mistakes.append(f"{change.label}: {error}")
        if isinstance(applied, list):
            applied.append(stress_set.name)
    if mistakes:
        raise ConfigError(mistakes)
    return changed, {path: change.label for path, change in made.items()}


def read_changes(tables: Mapping[str, Any], lines: Mapping[KeyPath, int], name: str) -> Iterator[Change]:
    """Yield the changes in a stress file's tables; `lines` holds the line of each key."""
    for action in ACTIONS:
        for path, by in _leaves(tables.get(action, {}), (action,)):
            yield Change(action, _join_key(path[1:]), by, f"{name}:{lines.get(path, 1)}")


def _apply_change(tree: dict[str, Any], change: Change, made: dict[KeyPath, Change]) -> None:
    path = locate_key(tree, change.key)
    earlier = made.get(path)
    if earlier is not None and SET in (earlier.action, change.action):
        raise ValueError(f"given {quote(change.by)}, but {earlier.label} changes the same key, wanted one of the two")
    assign_value(tree, path, change.by if change.action == SET else _changed_number(_current_value(tree, path), change))
    made[path] = change


def _changed_number(now: Any, change: Change) -> Any:
    """Return a number, or a swing with its ends, after a scale or an addition."""
    if isinstance(now, Mapping) and "value" in now:
        return {key: _changed_number(end, change) for key, end in now.items()}
    if isinstance(now, bool) or not isinstance(now, (int, float)):
        kind = "nothing" if now is None else quote(now) if isinstance(now, (str, bool, list)) else "a table"
        raise ValueError(
            f"given {quote(change.by)} for a key that holds {kind}, wanted one that holds a number, or set"
        )
    return now * change.by if change.action == SCALE else now + change.by


def _current_value(tree: Mapping[str, Any], path: KeyPath) -> Any:
    """Return the value at a path: written, inherited by a plan or by default; 0 for an unknown key."""
    for place in (path, ("plan_defaults", *path[2:])) if path[0] == "plans" else (path,):
        node: Any = tree
        for key in place:
            node = node[key] if has(node, key) else None
        if node is not None:
            return node
    if path[-1] not in key_names(owner_table(Config, path)):
        return 0.0  # refused when the config is checked, with the key that was meant
    default = default_at(Config, path)
    return default.model_dump(exclude_none=True) if isinstance(default, Swing) else default


def _leaves(table: Any, path: KeyPath) -> Iterator[tuple[KeyPath, Any]]:
    """Yield the values of a table of tables; a distribution, a swing and an empty table are values."""
    if isinstance(table, dict) and (len(path) == 1 or (table and sampled_shape(table) == "<unknown>")):
        for key, inside in table.items():
            yield from _leaves(inside, (*path, key))
    else:
        yield path, table


def _join_key(path: KeyPath) -> str:
    """Return a key as for `--set`."""
    return ".".join(str(key) for key in path)


def find_mistakes(tables: Mapping[str, Any], lines: Mapping[KeyPath, int], name: str) -> list[str]:
    """Return the mistakes of a stress file in itself, whatever config it is for."""
    located = []

    def add(path: KeyPath, text: str) -> None:
        located.append((lines.get(path, 1), f"{name}:{lines.get(path, 1)}: {format_key(path)}: {text}"))

    for key, value in tables.items():
        if key in ("title", "description"):
            if not isinstance(value, str):
                add((key,), f"given {quote(value)}, wanted a text")
        elif key not in ACTIONS:
            add((key,), "unknown key, wanted title, description, set, scale or add")
        elif not isinstance(value, dict):
            add((key,), f"given {quote(value)}, wanted a table of keys")
        elif key != SET:
            for path, by in _leaves(value, (key,)):
                if isinstance(by, bool) or not isinstance(by, (int, float)) or not math.isfinite(by):
                    add(path, f"given {quote(by)}, wanted a number")
                elif key == SCALE and by <= 0.0:
                    add(path, f"given {quote(by)}, wanted a factor above 0")
    if not located and not any(tables.get(action) for action in ACTIONS):
        located.append((1, f"{name}:1: given no change, wanted a key in set, scale or add"))
    return [text for _, text in sorted(located)]
