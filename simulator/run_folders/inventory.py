"""Find run folders below a folder and describe each: finished, interrupted, running or broken.

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

from simulator.batch.record import FINISHED, INTERRUPTED, NIGHT, RUNNING, headline
from simulator.errors import RunError
from simulator.file_access import open_regular, read_json
from simulator.results import store
from simulator.results.provenance import utc
from simulator.results.store import open_any
from simulator.risk.summary import read_summary

BROKEN = "broken"  # beside the states of a batch: finished, interrupted, running
_DEEPEST = 8  # folders below the one that is listed
_HEAD = 400  # bytes in which a manifest, even one cut short, says what it is


def find_run_folders(root: Path, depth: int = 0) -> Iterator[Path]:
    """Yield run folders below `root`, itself among them, by name; unreadable folders are left out."""
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
            yield from find_run_folders(root / item.name, depth + 1)


def has_run_manifest(folder: Path) -> bool:
    """True if the folder holds a manifest that a run wrote, whole or not."""
    try:
        with open_regular(folder / store.MANIFEST) as file:
            return json.dumps(store.FORMAT).encode() in file.read(_HEAD)
    except OSError:
        return False


def is_locked(folder: Path) -> bool:
    """True if a run is writing to a folder. Asking does not hinder others that ask."""
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


def describe_run(folder: Path) -> dict[str, Any]:
    """Return the description of a run folder; `error` is the reason why it is broken, if it is."""
    manifest: dict[str, Any]
    try:
        run = open_any(folder)
        manifest, error = run.manifest, None
        results = read_summary(run) if run.finished else None
        summary = {} if results is None else run.summary
        figures = {} if results is None else headline(results)
    except (RunError, OSError) as reason:
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


def current_state(folder: Path, body: Mapping[str, Any]) -> tuple[str, str | None]:
    """Return the state of a run now, which no index can hold, and the reason why it is broken."""
    if is_locked(folder):
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


def manifest_stamp(folder: Path) -> str:
    """Return time and size of the manifest, which change when a run commits anything."""
    try:
        status = os.stat(folder / store.MANIFEST)
    except OSError:
        return "none"
    return f"{status.st_mtime_ns} {status.st_size}"


def _committed(folder: Path) -> str | None:
    """Return the time of the run's last commit."""
    try:
        moment = os.stat(folder / store.MANIFEST).st_mtime
    except OSError:
        return None
    return utc(datetime.fromtimestamp(moment, UTC))


def _is_run(folder: Path, names: set[str]) -> bool:
    if store.MANIFEST in names:
        return has_run_manifest(folder)
    if NIGHT in names:
        return False
    parts = store.MODEL in names or any(name.startswith("state-") and name.endswith(".npz") for name in names)
    return (parts and store.CONFIG in names) or is_locked(folder)


def _read(folder: Path) -> dict[str, Any]:
    """Return the manifest of a broken run, as far as it can be read."""
    try:
        fields = read_json(folder / store.MANIFEST)
    except RunError:
        return {}
    texts = {key: fields[key] for key in ("name", "started", "ended") if isinstance(fields.get(key), str)}
    seed = fields.get("seed")
    return texts | ({"seed": seed} if isinstance(seed, int) else {})
