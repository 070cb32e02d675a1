"""From a file to a checked config, or to every mistake in it at once.

my.toml:41: sites[2].planned: given 3, wanted a month after start (6)
my.toml:58: drivers.price.sigmaa: unknown key, did you mean sigma?
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from simulator.config.checks import check_across_keys, check_numbers
from simulator.config.fields.ranges import Table
from simulator.config.file_kinds import refuse_other_kind
from simulator.config.kept_columns import data_place
from simulator.config.locate import KeyPath, format_key, has
from simulator.config.mistakes import MOST_MISTAKES, Mistake, explain_all
from simulator.config.overrides import apply_overrides
from simulator.config.schema import Config, Levers
from simulator.config.stress import StressSet, apply_stress
from simulator.config.toml_reader import parse, read_text
from simulator.errors import ConfigError
from simulator.file_access import expand_user

__all__ = ["Source", "build", "reload"]

_GROUPS = tuple(  # tables of a plan whose keys are inherited one by one
    name for name, field in Levers.model_fields.items() if isinstance(field.default, Table)
)
_MOST_INHERITED = 10_000  # values of all plans: 50 plans with all ends of all levers have 9,000
_LAST = 2**31  # sorts what no line holds behind what a line holds


@dataclass(frozen=True)
class Source:
    """The source of a config: the file names and lines at which mistakes are reported."""

    name: str = "config"
    folder: Path = field(default_factory=Path)  # CSV files are relative to it
    lines: Mapping[KeyPath, int] = field(default_factory=dict)
    changes: Mapping[KeyPath, str] = field(default_factory=dict)  # made on the way, `--set KEY` or `file:line: KEY`

    def locate(self, mistake: Mistake) -> tuple[int, str]:
        """The mistake's line, for sorting, and its full text."""
        path = mistake.path
        prefixes = [path[:n] for n in range(len(path), -1, -1)]
        changed = next((prefix for prefix in prefixes if prefix in self.changes), None)
        if changed is not None:
            rest = format_key(path[len(changed) :])
            key = self.changes[changed] + ("." if rest and rest[0] != "[" else "") + rest
            return _LAST, f"{key}: {mistake.text}"
        line = next((self.lines[prefix] for prefix in prefixes if prefix in self.lines), 1)
        return line, f"{self.name}:{line}: {format_key(path) + ': ' if path else ''}{mistake.text}"


def load(path: str | Path, overrides: Sequence[str] = (), stress: Sequence[StressSet] = ()) -> Config:
    """Read and check a config; ConfigError carries every mistake.

    `overrides` are `KEY=VALUE` strings; the sets of `stress` change what becomes of it with them.
    """
    name = str(path)
    try:
        file = expand_user(path)
        text = read_text(file)
        tree, lines = parse(text, name)
        refuse_other_kind(tree, name, "a config")
        tree, changes = _changed(tree, overrides, stress)
        config = build(tree, Source(name, data_place(file), lines, changes))
        config._text, config._overrides = None if stress else text, tuple(overrides)
        return config
    except RecursionError:
        raise ConfigError([f"{name}:1: given tables nested too deeply, wanted a config"]) from None


def reload(config: Config, overrides: Sequence[str], stress: Sequence[StressSet] = ()) -> Config:
    """The config with more overrides and stress sets, without reading its file again."""
    tree, changes = _changed(config._tree, overrides, stress)
    return build(tree, Source(config.name, config._folder, {}, changes))


def find_conflicts(config: Config, overrides: Sequence[str]) -> list[Mistake]:
    """Return the mistakes across plain numbers that overrides of numbers make; far cheaper than to reload."""
    tree, _ = apply_overrides(config._tree, overrides)
    return check_numbers(_inherit(tree), tree)


def _changed(
    tree: Mapping[str, Any], overrides: Sequence[str], stress: Sequence[StressSet]
) -> tuple[dict[str, Any], dict[KeyPath, str]]:
    """The tree after overrides and stress sets, and what changed each path last."""
    overridden, written = apply_overrides(tree, overrides)
    stressed, changed = apply_stress(overridden, stress)
    return stressed, written | changed


def build(tree: Mapping[str, Any], source: Source) -> Config:
    """Check a tree of tables; the mistakes of all keys and across keys come together."""
    inherited = _inherit(tree)
    mistakes: list[Mistake] = []
    config: Config | None = None
    try:
        config = Config.model_validate(inherited)
    except ValidationError as error:
        mistakes = explain_all(error, inherited)
    if len(mistakes) < MOST_MISTAKES:
        mistakes += check_across_keys(inherited, [mistake.path for mistake in mistakes], source.folder, tree)
    if mistakes or config is None:
        raise ConfigError(_by_line(source.locate(_origin(mistake, tree)) for mistake in mistakes))
    config._tree, config._folder, config._source = dict(tree), source.folder, source
    return config


def _inherit(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Plans completed from `plan_defaults`."""
    plans, defaults = tree.get("plans"), tree.get("plan_defaults", {})
    if not isinstance(plans, dict) or not isinstance(defaults, dict):
        return dict(tree)
    if len(plans) * _count_values(defaults) > _MOST_INHERITED:
        return dict(tree)  # the schema refuses them as they are, and not once for every plan
    return {**tree, "plans": {key: _complete(plan, defaults) for key, plan in plans.items()}}


def _count_values(tree: Any) -> int:
    """Return how many values there are in a tree of tables."""
    return sum(map(_count_values, tree.values())) if isinstance(tree, dict) else 1


def _complete(plan: Any, defaults: dict[str, Any]) -> Any:
    if not isinstance(plan, dict):
        return plan
    groups = {
        name: {**defaults[name], **plan[name]}
        for name in _GROUPS
        if isinstance(defaults.get(name), dict) and isinstance(plan.get(name), dict)
    }
    return {**defaults, **plan, **groups}


def _origin(mistake: Mistake, tree: Mapping[str, Any]) -> Mistake:
    """Of a mistake in a plan's inherited key, the key in `plan_defaults`."""
    path = mistake.path
    if len(path) > 2 and path[0] == "plans" and not _holds(tree, path) and _holds(tree, ("plan_defaults", *path[2:])):
        return Mistake(("plan_defaults", *path[2:]), mistake.text)
    return mistake


def _holds(node: Any, path: KeyPath) -> bool:
    for key in path:
        if not has(node, key):
            return False
        node = node[key]
    return True


def _by_line(located: Iterable[tuple[int, str]]) -> list[str]:
    return [text for _, text in sorted(dict.fromkeys(located), key=lambda place: place[0])]
