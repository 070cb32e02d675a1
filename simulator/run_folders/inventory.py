"""Run folders below a folder: what each says of itself, and whether it is finished, interrupted, running or broken.

A folder is a run's by its manifest; one without, by the frozen model or a state in it, or because a run is writing to
it. Links are never followed, and nothing is looked for inside a run folder.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from simulator.batch.record import NIGHT, headline
from simulator.errors import RunError
from simulator.results import store
from simulator.results.provenance import utc
from simulator.results.store import open_any
from simulator.risk.summary import RunSummary

FINISHED, INTERRUPTED, RUNNING, BROKEN = STATES = ("finished", "interrupted", "running", "broken")
_DEEPEST = 8  # folders below the one that is listed
_HEAD = 400  # bytes in which a manifest, even one cut short, says what it is


def folders(root: Path, depth: int = 0) -> Iterator[Path]:
    """Run folders below `root`, itself among them, by name; what cannot be read is left out."""
    try:
        with os.scandir(root) as items:
            inside = sorted(items, key=lambda item: item.name)
    except OSError:
        return
    names = {item.name for item in inside}
    if _is_run(root, names):
        yield root
        return
    for item in inside:
        if depth < _DEEPEST and not item.name.startswith(".") and item.is_dir(follow_symlinks=False):
            yield from folders(root / item.name, depth + 1)


def is_ours(folder: Path) -> bool:
    """Whether a manifest lies there that a run wrote, whole or not."""
    try:
        with open(folder / store.MANIFEST, "rb") as file:
            return json.dumps(store.FORMAT).encode() in file.read(_HEAD)
    except OSError:
        return False


def locked(folder: Path) -> bool:
    """Whether a run is writing to a folder. Looking hinders nobody else who looks."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # a file system without locks
        return False
    finally:
        os.close(handle)
    return False


def describe(folder: Path) -> dict[str, Any]:
    """What a run folder says of itself; `error` says why it is broken, if it is."""
    try:
        run = open_any(folder)
        manifest, error = run.manifest, None
        summary = run.summary if run.finished else {}
        figures = headline(RunSummary.from_dict(summary)) if summary else {}
    except (RunError, OSError, ValueError, KeyError, TypeError) as reason:
        manifest, error, summary = _read(folder), str(reason).partition("\n")[0], {}
        figures = {}
    state = manifest.get("state")
    reached = state.get("paths") if isinstance(state, Mapping) else None
    return {
        "name": manifest.get("name"),
        "stress": manifest.get("stress", []),
        "started": manifest.get("started"),
        "ended": manifest.get("ended"),
        "committed": _committed(folder),
        "seed": manifest.get("seed"),
        "paths": summary.get("paths", reached),
        "asked": (manifest.get("asked") or {}).get("paths"),
        "stop": summary.get("stop"),
        "digest": summary.get("digest"),
        "config_hash": manifest.get("config_hash"),
        "plans": list(summary.get("plans", ())),
        "headline": figures,
        "finished": manifest.get("status") != store.UNFINISHED,
        "files": {name: entry["bytes"] for name, entry in manifest.get("files", {}).items()} if error is None else {},
        "error": error,
    }


def state(folder: Path, body: Mapping[str, Any]) -> tuple[str, str | None]:
    """The state of a run now, which no index knows, and why it is broken."""
    if locked(folder):
        return RUNNING, None
    if body["error"] is not None:
        return BROKEN, body["error"]
    for name, size in body["files"].items():
        try:
            if os.stat(folder / name).st_size != size:
                return BROKEN, f"{folder / name}: cut short or changed"
        except OSError:
            return BROKEN, f"{folder / name}: missing"
    return (FINISHED if body["finished"] else INTERRUPTED), None


def stamp(folder: Path) -> str:
    """What changes when a run commits anything."""
    try:
        status = os.stat(folder / store.MANIFEST)
    except OSError:
        return "none"
    return f"{status.st_mtime_ns} {status.st_size}"


def _committed(folder: Path) -> str | None:
    """When the run last committed anything."""
    try:
        moment = os.stat(folder / store.MANIFEST).st_mtime
    except OSError:
        return None
    return utc(datetime.fromtimestamp(moment, UTC))


def _is_run(folder: Path, names: set[str]) -> bool:
    if store.MANIFEST in names:
        return is_ours(folder)
    if NIGHT in names:
        return False
    parts = store.MODEL in names or any(name.startswith("state-") and name.endswith(".npz") for name in names)
    return (parts and store.CONFIG in names) or locked(folder)


def _read(folder: Path) -> dict[str, Any]:
    """The manifest of a broken run, as far as it can be read."""
    try:
        manifest = json.loads((folder / store.MANIFEST).read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    known = manifest if isinstance(manifest, dict) else {}
    return {name: value for name, value in known.items() if isinstance(value, (str, int))}
