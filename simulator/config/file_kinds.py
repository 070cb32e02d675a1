"""Kinds of TOML files that the simulator reads, told apart by their keys; one for another is refused by name."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from simulator.errors import ConfigError

__all__ = ["refuse_other_kind"]

_CONFIG, _CASE, _LIST, _STRESS_SET = "a config", "a validation case", "a list of runs", "a stress set"
_KEYS = {  # a file that has all keys of an entry is of that kind, the first that fits
    _CONFIG: (("sites", "plans"),),
    _CASE: (("case", "figures"), ("claim", "figures"), ("case", "claim")),
    _LIST: (("runs",),),
    _STRESS_SET: (("set",), ("scale",), ("add",)),
}
_COMMANDS = {
    _CONFIG: "simulator check {file} checks it",
    _CASE: "simulator check --validate {file} computes and judges it",
    _LIST: "simulator run {file} carries it out",
    _STRESS_SET: "simulator check CONFIG --stress {file} applies it",
}


def refuse_other_kind(tree: Mapping[str, Any], name: str, wanted: str) -> None:
    """Raise ConfigError, with the command for it, if a file is of another kind than `wanted`, as "a config"."""
    kinds = (kind for kind, choices in _KEYS.items() if any(set(keys) <= tree.keys() for keys in choices))
    kind = next(kinds, wanted)
    if kind != wanted:
        command = _COMMANDS[kind].format(file=shlex.quote(name))
        raise ConfigError([f"{name}:1: given {kind}, wanted {wanted}: {command}"])
