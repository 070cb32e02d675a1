"""Whether a run may go on: what has changed since it began, and what going on nevertheless risks."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.errors import ConfigError, RunError
from simulator.model import Model
from simulator.results.digest import rows_hash
from simulator.results.store import Run
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


def about(run: Run) -> dict[str, Any]:
    """What the manifest says of how a run began."""
    return {key: value for key, value in run.manifest.items() if key not in _OF_A_COMMIT}


def accepted(begun: Mapping[str, Any], now: Mapping[str, Any], changes: Sequence[str], paths: int) -> dict[str, Any]:
    """The same once changes were accepted at `paths`: from then on it is compared with what is true now."""
    if not changes:
        return dict(begun)
    history = [*begun.get("accepted", []), {"at": paths, "changes": list(changes)}]
    return {**begun, **{key: now[key] for key in now if key != "config_hash"}, "accepted": history}


def refuse(changes: Sequence[str], what: str = "--resume", risk: str = RISK) -> None:
    """Refuse to go on with a run in which anything changed; `what` was asked for, and `risk` is run nevertheless."""
    if changes:
        *most, last = changes
        raise ConfigError([*(f"{what}: {line}" for line in most), f"{what}: {last}\n{risk}"])


def changes_before(run: Run, now: Mapping[str, Any], tree: Mapping[str, Any], model: Model) -> list[str]:
    """What differs, as lines, of what is known before anything is simulated.

    `now` has the entries of a manifest that must be equal; `tree` is the config as written, `model` as frozen now.
    """
    then = run.manifest
    if "state" not in then:
        raise RunError(f"{run.path}: was made by an older version and has no state to go on from")
    found: list[str] = []
    if now["config_hash"] != then["config_hash"]:
        found += list(_config_changes(tomllib.loads(run.config), tree)) or [
            "config: its numbers are not those that the run began with (the data of a CSV column, or a default)"
        ]
    else:
        found += _model_changes(run.model(Model), model)
    found += program_changes(run, now)
    if now["streams"] != then["streams"]:
        moved = [
            key for key in {**then["streams"], **now["streams"]} if now["streams"].get(key) != then["streams"].get(key)
        ]
        found.append(f"random streams: given other ones for {', '.join(moved[:5])} than the run began with")
    return found


def program_changes(run: Run, now: Mapping[str, Any]) -> list[str]:
    """What differs, as lines, of the program that made a run and that which `now` is."""
    then, found = run.manifest, []
    if now["code_sha256"] != then["code_sha256"]:
        here, there = now["code_sha256"][:12], then["code_sha256"][:12]
        found.append(f"code: given {here}, the run began with {there} of commit {then['commit'] or 'unknown'}")
    for key in ("rng", "sampler", "tallies"):
        if now[key] != then[key]:
            found.append(f"{key}: given {now[key]}, the run began with {then[key]}")
    return found


def canary_changes(
    run: Run, names: Sequence[str], pilot: NDArray[np.float64], before: NDArray[np.float64]
) -> list[str]:
    """Whether paths 0-255 come out with other bits now: `pilot` (figures, 256) against the run's hash.

    `before` are the figures as they were, to say which one differs.
    """
    if rows_hash(names, pilot) == run.manifest["canary_sha256"]:
        return []
    where = "paths 0-255 come out with other bits"
    if pilot.shape == before.shape:
        apart = np.argwhere(~((pilot == before) | (np.isnan(pilot) & np.isnan(before))))
        if len(apart):
            row, path = apart[np.argmin(apart[:, 1])]
            where += f": path {path} has {names[row]} {pilot[row, path]!r}, when the run began {before[row, path]!r}"
    return [f"{where} (another processor, library or code)"]


def _config_changes(then: Any, now: Any) -> Iterator[str]:
    """Keys, as written, that differ; `paths` may."""
    for key, old, new in differences(then, now):
        if key != "paths":
            yield f"{key}: given {show(new)}, the run began with {show(old)}"


def differences(then: Any, now: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """What differs between two configs as written, key by key: its name, what it was and what it is; None: absent."""
    if isinstance(then, Mapping) and isinstance(now, Mapping):
        for key in [*then, *(key for key in now if key not in then)]:
            yield from differences(then.get(key), now.get(key), f"{path}.{key}" if path else str(key))
    elif isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        for i, (old, new) in enumerate(zip(then, now, strict=True)):
            yield from differences(old, new, f"{path}[{i}]")
    elif then != now:
        yield path, then, now


def show(value: Any) -> str:
    """A value of a config in a message."""
    return "nothing" if value is None else json.dumps(value, default=str, ensure_ascii=False)


def _model_changes(then: Model, now: Model) -> list[str]:
    """The frozen model may differ in its last bits, as libraries do; the kept one is used."""
    if tree_hash(then) == tree_hash(now):
        return []
    old, new = flatten(then), flatten(now)
    for name in old:
        same = name in new and old[name].shape == new[name].shape
        if not same or not np.allclose(old[name], new[name], rtol=_CLOSE, atol=_CLOSE, equal_nan=True):
            return [f"model: {name} is frozen from the same config to other numbers than when the run began"]
    return []
