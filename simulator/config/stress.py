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
from simulator.config.fields.walk import default_at, key_names, owner
from simulator.config.locate import KeyPath, has, show_path
from simulator.config.overrides import assign, locate_key
from simulator.config.schema import Config
from simulator.config.wording import show
from simulator.errors import ConfigError

SET, SCALE, ADD = ACTIONS = ("set", "scale", "add")


class Change(NamedTuple):
    """One key of a stress set."""

    action: str  # set, scale or add
    key: str  # of the config
    by: Any  # the value, the factor or the amount
    place: str  # file:line

    @property
    def label(self) -> str:
        """Where it stands, as messages begin."""
        return f"{self.place}: {self.action}.{self.key}"


@dataclass(frozen=True)
class StressSet:
    """A named set of changes."""

    name: str
    title: str
    description: str
    changes: tuple[Change, ...]

    def told(self) -> dict[str, Any]:
        """The set as results report it."""
        changes = [{"key": one.key, one.action: one.by} for one in self.changes]
        return {"name": self.name, "title": self.title, "description": self.description, "changes": changes}


def apply_stress(tree: Mapping[str, Any], sets: Sequence[StressSet]) -> tuple[dict[str, Any], dict[KeyPath, str]]:
    """The tree with the sets applied in order, and where each path was changed, for messages."""
    changed = copy.deepcopy(dict(tree))
    made: dict[KeyPath, Change] = {}
    mistakes = []
    held = changed.setdefault("stress", []) if sets else []
    for one in sets:
        if one.name in held:
            mistakes.append(f"--stress {one.name}: given a set that the config contains already, wanted it once")
            continue
        for change in one.changes:
            try:
                _change(changed, change, made)
            except ValueError as error:
                mistakes.append(f"{change.label}: {error}")
        if isinstance(held, list):
            held.append(one.name)
    if mistakes:
        raise ConfigError(mistakes)
    return changed, {path: change.label for path, change in made.items()}


def read_changes(tables: Mapping[str, Any], lines: Mapping[KeyPath, int], name: str) -> Iterator[Change]:
    """The changes in a stress file's tables; `lines` tell where its keys stand."""
    for action in ACTIONS:
        for path, by in _leaves(tables.get(action, {}), (action,)):
            yield Change(action, _written(path[1:]), by, f"{name}:{lines.get(path, 1)}")


def _change(tree: dict[str, Any], change: Change, made: dict[KeyPath, Change]) -> None:
    path = locate_key(tree, change.key)
    earlier = made.get(path)
    if earlier is not None and SET in (earlier.action, change.action):
        raise ValueError(f"given {show(change.by)}, but {earlier.label} changes the same key, wanted one of the two")
    assign(tree, path, change.by if change.action == SET else _moved(_now(tree, path), change))
    made[path] = change


def _moved(now: Any, change: Change) -> Any:
    """What a number or a swing becomes."""
    if isinstance(now, Mapping) and "value" in now:
        return {key: _moved(end, change) for key, end in now.items()}
    if isinstance(now, bool) or not isinstance(now, (int, float)):
        held = "nothing" if now is None else show(now) if isinstance(now, (str, bool, list)) else "a table"
        raise ValueError(f"given {show(change.by)} for a key that holds {held}, wanted one that holds a number, or set")
    return now * change.by if change.action == SCALE else now + change.by


def _now(tree: Mapping[str, Any], path: KeyPath) -> Any:
    """What a config says at a path: as written, as a plan inherits it or by default; 0 for an unknown key."""
    for place in (path, ("plan_defaults", *path[2:])) if path[0] == "plans" else (path,):
        node: Any = tree
        for key in place:
            node = node[key] if has(node, key) else None
        if node is not None:
            return node
    if path[-1] not in key_names(owner(Config, path)):
        return 0.0  # refused when the config is checked, with the key that was meant
    default = default_at(Config, path)
    return default.model_dump(exclude_none=True) if isinstance(default, Swing) else default


def _leaves(table: Any, path: KeyPath) -> Iterator[tuple[KeyPath, Any]]:
    """Values of a table of tables; a distribution, a swing and an empty table are values."""
    if isinstance(table, dict) and (len(path) == 1 or (table and sampled_shape(table) == "<unknown>")):
        for key, inside in table.items():
            yield from _leaves(inside, (*path, key))
    else:
        yield path, table


def _written(path: KeyPath) -> str:
    """A key as for `--set`; a part in quotes may hold several."""
    return ".".join(str(key) for key in path)


def mistakes_of(tables: Mapping[str, Any], lines: Mapping[KeyPath, int], name: str) -> list[str]:
    """What is wrong with a stress file in itself, whatever config it is for."""
    found = []

    def wrong(path: KeyPath, text: str) -> None:
        found.append((lines.get(path, 1), f"{name}:{lines.get(path, 1)}: {show_path(path)}: {text}"))

    for key, given in tables.items():
        if key in ("title", "description"):
            if not isinstance(given, str):
                wrong((key,), f"given {show(given)}, wanted a text")
        elif key not in ACTIONS:
            wrong((key,), "unknown key, wanted title, description, set, scale or add")
        elif not isinstance(given, dict):
            wrong((key,), f"given {show(given)}, wanted a table of keys")
        elif key != SET:
            for path, by in _leaves(given, (key,)):
                if isinstance(by, bool) or not isinstance(by, (int, float)) or not math.isfinite(by):
                    wrong(path, f"given {show(by)}, wanted a number")
                elif key == SCALE and by <= 0.0:
                    wrong(path, f"given {show(by)}, wanted a factor above 0")
    if not found and not any(tables.get(action) for action in ACTIONS):
        found.append((1, f"{name}:1: given no change, wanted a key in set, scale or add"))
    return [text for _, text in sorted(found)]
