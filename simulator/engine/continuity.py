"""Finds the changes since a run began, and refuses to go on with it unless they are accepted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.config import Frozen, config_hash
from simulator.errors import ConfigError, RunError
from simulator.model import Model
from simulator.numerics.jit import code_hash
from simulator.results.digest import rows_hash
from simulator.results.store import CONFIG, MODEL, Run
from simulator.results.tallies import LAYOUT
from simulator.results.tree import flatten, tree_hash

SAMPLER = "philox"
RNG = "Philox4x32-10, streams by CRC-32 of the name, Box-Muller; version 1"
RISK = (
    "--accept-changes goes on nevertheless. The risk: what changed in the config is not heeded, the run keeps the "
    "numbers it began with; and paths still to come may be of other code or another machine than those there are, so "
    "that the result is of neither and nobody can repeat it. The manifest will say so."
)
_CLOSE = 1e-9  # relative: what libraries of mathematics may differ by; a changed number differs by more
_OF_A_COMMIT = ("format", "files", "status", "state", "paths", "digest", "ended", "resumed_at", "asked", "look_at")


def _program_identity() -> dict[str, Any]:
    """Return what makes the numbers of this version, as a manifest lists it."""
    return {"code_sha256": code_hash(), "rng": RNG, "sampler": SAMPLER, "tallies": LAYOUT}


def run_identity(frozen: Frozen) -> dict[str, Any]:
    """Return the entries of a manifest that must be equal for a run to go on."""
    return {
        "config_hash": hash_ignoring_paths(frozen),
        **_program_identity(),
        "streams": json.loads(json.dumps(frozen.draw_names)),
    }


def hash_ignoring_paths(frozen: Frozen) -> str:
    """Return the SHA-256 (hex) of a config whatever its paths: a run can be extended."""
    return config_hash(frozen.config.model_copy(update={"paths": 1}))


def read_origin(run: Run) -> dict[str, Any]:
    """Return the entries of the manifest that describe how a run began."""
    return {key: value for key, value in run.manifest.items() if key not in _OF_A_COMMIT}


def accept_changes(
    origin: Mapping[str, Any], now: Mapping[str, Any], changes: Sequence[str], paths: int
) -> dict[str, Any]:
    """Return the origin after changes were accepted at `paths`: from then on it is compared with `now`."""
    if not changes:
        return dict(origin)
    history = [*origin.get("accepted", []), {"at": paths, "changes": list(changes)}]
    return {**origin, **{key: now[key] for key in now if key != "config_hash"}, "accepted": history}


def refuse_changes(changes: Sequence[str], option: str = "--resume", risk: str = RISK) -> None:
    """Raise ConfigError if there are changes; `option` begins each line, `risk` ends the message."""
    if changes:
        *most, last = changes
        raise ConfigError([*(f"{option}: {line}" for line in most), f"{option}: {last}\n{risk}"])


def find_changes(run: Run, frozen: Frozen) -> list[str]:
    """Return lines on the differences that are known before anything is simulated; `frozen` is the config as now."""
    then, now = run.manifest, run_identity(frozen)
    if "state" not in then:
        raise RunError(f"{run.path}: was made by an older version and has no state to go on from")
    changes: list[str] = []
    if now["config_hash"] != then["config_hash"]:
        changes += list(_config_changes(run.config_tree, frozen.config._tree)) or [
            "config: its numbers are not those that the run began with (the data of a CSV column, or a default)"
        ]
    else:
        changes += _model_changes(run, frozen.model)
    changes += find_program_changes(run)
    if now["streams"] != then["streams"]:
        moved = [
            key for key in {**then["streams"], **now["streams"]} if now["streams"].get(key) != then["streams"].get(key)
        ]
        changes.append(f"random streams: given other ones for {', '.join(moved[:5])} than the run began with")
    return changes


def find_program_changes(run: Run) -> list[str]:
    """Return lines on the differences between the program that made a run and this one."""
    then, now, changes = run.manifest, _program_identity(), []
    if now["code_sha256"] != then["code_sha256"]:
        here, there = now["code_sha256"][:12], then["code_sha256"][:12]
        changes.append(f"code: given {here}, the run began with {there} of commit {then['commit'] or 'unknown'}")
    for key in ("rng", "sampler", "tallies"):
        if now[key] != then[key]:
            changes.append(f"{key}: given {now[key]}, the run began with {then[key]}")
    return changes


def find_canary_changes(
    run: Run, names: Sequence[str], canary: NDArray[np.float64], stored: NDArray[np.float64]
) -> list[str]:
    """Return a line if paths 0-255 come out with other bits now: `canary` (figures, 256) against the run's hash.

    `stored` are the figures when the run began: they show which one differs.
    """
    if rows_hash(names, canary) == run.manifest["canary_sha256"]:
        return []
    text = "paths 0-255 come out with other bits"
    if canary.shape == stored.shape:
        differing = np.argwhere(~((canary == stored) | (np.isnan(canary) & np.isnan(stored))))
        if len(differing):
            row, path = differing[np.argmin(differing[:, 1])]
            now, then = float(canary[row, path]), float(stored[row, path])
            text += f": path {path} has {names[row]} {now}, when the run began {then}"
    return [f"{text} (another processor, library or code)"]


def _config_changes(then: Any, now: Any) -> Iterator[str]:
    """Yield a line for each key, as written, that differs; `paths` may."""
    for key, old, new in differences(then, now):
        if key != "paths":
            yield f"{key}: given {_value_text(new)}, the run began with {_value_text(old)}"


def differences(then: Any, now: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield the keys in which two configs, as written, differ: name, old value, new value; None: absent."""
    if isinstance(then, Mapping) and isinstance(now, Mapping):
        for key in [*then, *(key for key in now if key not in then)]:
            yield from differences(then.get(key), now.get(key), f"{path}.{key}" if path else str(key))
    elif isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        for i, (old, new) in enumerate(zip(then, now, strict=True)):
            yield from differences(old, new, f"{path}[{i}]")
    elif then != now:
        yield path, then, now


def _value_text(value: Any) -> str:
    """Return a value of a config as a message shows it."""
    return "nothing" if value is None else json.dumps(value, default=str, ensure_ascii=False)


def _model_changes(run: Run, now: Model) -> list[str]:
    """Return a line if a frozen number differs by more than the last bits, in which libraries differ."""
    try:
        then = run.model(Model)
    except RunError as error:
        if run.manifest["code_sha256"] == code_hash():
            raise
        return [f"model: {error}"]  # of another version: the changes of the program follow
    return find_model_changes(then, now)


def refuse_unsafe_model(run: Run, then: Model, now: Model) -> None:
    """Raise RunError if a stored model has arrays of other shapes, or other whole numbers, than its config gives.

    Compiled code trusts both: with a model that someone else has made fit its checksums it would read other memory.
    """
    old, new = flatten(then), flatten(now)
    for name in old.keys() | new.keys():
        same = name in old and name in new and old[name].shape == new[name].shape and old[name].dtype == new[name].dtype
        if not same or (old[name].dtype.kind == "i" and not np.array_equal(old[name], new[name])):
            raise RunError(f"{run.path / MODEL}: {name} is not what {CONFIG} beside it gives, so it is not simulated")


def find_model_changes(then: Model, now: Model) -> list[str]:
    """Return a line if a frozen number differs by more than the last bits, in which libraries differ."""
    if tree_hash(then) == tree_hash(now):
        return []
    old, new = flatten(then), flatten(now)
    for name in old:
        same = name in new and old[name].shape == new[name].shape
        if not same or not np.allclose(old[name], new[name], rtol=_CLOSE, atol=_CLOSE, equal_nan=True):
            return [f"model: {name} is frozen from the same config to other numbers than when the run began"]
    return []
