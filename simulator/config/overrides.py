"""`--set KEY=VALUE`: changes to a config before it is checked.

A key is written as in the messages: `drivers.price.spot0`, `sites.hyperion_a.mw` (or `sites[2].mw`),
`plans.own.refresh`. A value is TOML; a bare word counts as text.
"""

from __future__ import annotations

import copy
import difflib
import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from simulator.config.fields.ranges import Table
from simulator.config.fields.walk import default_at, is_spelling
from simulator.config.locate import KeyPath, has
from simulator.config.schema import Config
from simulator.config.toml_reader import refuse_size
from simulator.config.wording import quote
from simulator.errors import ConfigError

__all__: list[str] = []  # used in this folder only

_SHORT_NUMBER = re.compile(r"[-+]?(\d{1,15}\.|\.\d{1,15})")  # fine elsewhere, not in TOML
_NUMPY_SCALAR = re.compile(r"\bnp\.(?:float|u?int)\d+\(([^()]*)\)")  # as NumPy prints it to a caller from Python
_MOST_PARTS = 32
_PART = re.compile(r"\.?([A-Za-z0-9_-]+)|\[(\d{1,9})\]")


def apply_overrides(tree: Mapping[str, Any], overrides: Sequence[str]) -> tuple[dict[str, Any], dict[KeyPath, str]]:
    """Return the tree with `KEY=VALUE` strings applied in order, and `--set KEY` by path, for messages."""
    changed = copy.deepcopy(dict(tree))
    written: dict[KeyPath, str] = {}
    mistakes = []
    for override in overrides:
        key, equals, text = override.partition("=")
        key = key.strip()
        try:
            if not equals:
                raise ValueError("given no value, wanted KEY=VALUE")
            path = locate_key(changed, key)
            assign_value(changed, path, parse_value(text))
            written[path] = f"--set {key}"
        except ValueError as error:
            mistakes.append(f"--set {key[:200]}: {error}")
    if mistakes:
        raise ConfigError(mistakes)
    return changed, written


def parse_value(text: str) -> Any:
    """Return a TOML value, or a number such as `.5` or `np.float64(4.0)`; any other text is a string.

    ValueError if it is too large.
    """
    refuse_size(text)
    text = _NUMPY_SCALAR.sub(r"\1", text)
    try:
        parsed = tomllib.loads(f"value = {text}")
    except ValueError:
        return float(text) if _SHORT_NUMBER.fullmatch(text.strip()) else text.strip()
    return parsed["value"] if parsed.keys() == {"value"} else text.strip()


def locate_key(tree: Mapping[str, Any], key: str) -> KeyPath:
    """Return the path of a key as people write it; ValueError `given .., wanted ..` if the tree cannot have it."""
    return _resolve(tree, _split(key))


def _split(key: str) -> KeyPath:
    path: KeyPath = ()
    at = 0
    while at < len(key):
        match = _PART.match(key, at)
        if not match or (at == 0 and not match[1]):
            raise ValueError("given a key that is none, wanted one like drivers.price.spot0 or sites[0].mw")
        path = (*path, match[1] if match[1] else int(match[2]))
        at = match.end()
        if len(path) > _MOST_PARTS:
            raise ValueError(f"given a key of more than {_MOST_PARTS} parts, wanted at most as many")
    if not path:
        raise ValueError("given no key, wanted KEY=VALUE")
    return path


def _resolve(tree: Mapping[str, Any], path: KeyPath) -> KeyPath:
    """Turn ids and digits into indices, and refuse sites, notes and plans that the config does not have."""
    node: Any = tree
    resolved: KeyPath = ()
    for key in path:
        if isinstance(node, list):
            key = _index(node, key, resolved)
        elif resolved == ("plans",) and isinstance(node, dict) and key not in node:
            raise ValueError(f"unknown plan {quote(key)}, {_suggest(str(key), node)}")
        resolved = (*resolved, key)
        node = node[key] if has(node, key) else None
    return resolved


def _index(items: list[Any], key: str | int, path: KeyPath) -> int:
    ids = [item.get("id") if isinstance(item, dict) else None for item in items]
    if key in ids:
        return ids.index(key)
    index = int(key) if str(key).isdecimal() else len(items)
    if index < len(items):
        return index
    names = [name for name in ids if isinstance(name, str)]
    choice = _suggest(str(key), names) if names else f"wanted a number below {len(items)}"
    raise ValueError(f"no such item {quote(key)} in {path[-1] if path else 'the config'}, {choice}")


def _suggest(key: str, names: Any) -> str:
    near = difflib.get_close_matches(key, [str(name) for name in names], 1)
    return f"did you mean {near[0]}?" if near else f"wanted one of {', '.join(map(str, names))}"


def assign_value(tree: dict[str, Any], path: KeyPath, value: Any) -> None:
    """Set a value; a table that is absent starts from its default."""
    node: Any = tree
    for n, key in enumerate(path[:-1], start=1):
        if not (has(node, key) and isinstance(node[key], (dict, list))):
            node[key] = {} if has(node, key) else _initial_table(tree, path[:n])
        node = node[key]
    node[path[-1]] = value


def _initial_table(tree: Mapping[str, Any], path: KeyPath) -> dict[str, Any]:
    """Return an absent table's default; for a distribution in a plan, the one of `plan_defaults`."""
    default = default_at(Config, path)
    inherited: Any = tree
    for key in ("plan_defaults", *path[2:]):
        inherited = inherited[key] if has(inherited, key) else None
    if path[0] == "plans" and is_spelling(default) and isinstance(inherited, dict):
        return copy.deepcopy(inherited)
    return default.model_dump(exclude_unset=True, by_alias=True) if isinstance(default, Table) else {}
