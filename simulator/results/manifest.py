"""The manifest of a run folder: a typed reader that refuses by file and key what no run wrote.

A run folder may come from elsewhere. A manifest of an older version may lack a key; one that is there has the type that
a run gives it, and whoever needs one that is missing gets an error that names it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from simulator.errors import RunError
from simulator.file_access import describe_path, read_json

__all__ = ["FINISHED", "FORMAT", "MANIFEST", "UNFINISHED"]

MANIFEST = "manifest.json"
UNFINISHED, FINISHED = "unfinished", "finished"
FORMAT = "capex-simulator run 1"
_FILE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")  # beside the manifest, nowhere else
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Manifest(dict[str, Any]):
    """The entries of a manifest; RunError names the file and the key where one is missing."""

    def __init__(self, file: Path, entries: Mapping[str, Any]) -> None:
        super().__init__(entries)
        self._file = file

    def __missing__(self, key: str) -> Any:
        raise RunError(f"{self._file}: {key}: given nothing, wanted {_wanted(key)}; an older version may have made it")


class _Kind(NamedTuple):
    """A type of value: in words, and as a test."""

    wanted: str
    fits: Callable[[Any], bool]


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_time(value: Any) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _list_of(kind: _Kind) -> _Kind:
    return _Kind(f"a list, each item {kind.wanted}", lambda v: isinstance(v, list) and all(map(kind.fits, v)))


def _table_of(kind: _Kind) -> _Kind:
    return _Kind(
        f"a table, each value {kind.wanted}", lambda v: isinstance(v, dict) and all(map(kind.fits, v.values()))
    )


def _optional(kind: _Kind) -> _Kind:
    return _Kind(f"{kind.wanted}, or null", lambda v: v is None or kind.fits(v))


_TEXT = _Kind("a text", lambda v: isinstance(v, str))
_COUNT = _Kind("a whole number from 0 on", _is_count)
_HASH = _Kind("a SHA-256 in hex", lambda v: isinstance(v, str) and _SHA256.fullmatch(v) is not None)
_TIME = _Kind("a time with its zone, as 2026-07-01T06:00:00Z", _is_time)
_SECONDS = _Kind("seconds", lambda v: isinstance(v, (int, float)) and 0.0 <= v < float("inf"))
_NAME = _Kind("the name of a file in the folder", lambda v: isinstance(v, str) and _FILE.fullmatch(v) is not None)
_ANY_TABLE = _Kind("a table", lambda v: isinstance(v, dict))
_KEYS: dict[str, _Kind | dict[str, _Kind]] = {
    "status": _Kind(f"{FINISHED} or {UNFINISHED}", lambda v: v in (FINISHED, UNFINISHED)),
    "name": _TEXT,
    "stress": _list_of(_TEXT),
    "config_sha256": _HASH,
    "config_hash": _HASH,
    "model_sha256": _HASH,
    "code_sha256": _HASH,
    "canary_sha256": _HASH,
    "commit": _optional(_TEXT),
    "versions": _table_of(_TEXT),
    "seed": _COUNT,
    "sampler": _TEXT,
    "rng": _TEXT,
    "streams": _table_of(_COUNT),
    "tallies": _TEXT,
    "data": _table_of(_HASH),
    "started": _TIME,
    "ended": _TIME,
    "paths": _COUNT,
    "digest": _TEXT,
    "look_at": _COUNT,
    "resumed_at": _list_of(_COUNT),
    "accepted": _list_of(_ANY_TABLE),
    "clusters": _list_of(_ANY_TABLE),
    "machine": {"threads": _COUNT},
    "asked": {"paths": _optional(_COUNT), "precision": _list_of(_TEXT), "until": _optional(_TEXT)},
    "state": {"paths": _COUNT, "sample": _optional(_TEXT), "seconds": _SECONDS, "file": _NAME},
}
_ENTRY = {"bytes": _COUNT, "sha256": _HASH}  # of a file


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of a run folder; RunError if there is none, or none that a run wrote."""
    file = folder / MANIFEST
    if not file.exists():
        raise RunError(f"{describe_path(folder)}: given no run folder, wanted one with {MANIFEST}")
    entries = read_json(file)
    if entries.get("format") != FORMAT:
        raise RunError(f"{file}: given the manifest of something else, wanted format {FORMAT!r}")
    if entries.pop("checksum", None) != checksum(entries):
        raise RunError(f"{file}: was changed after the run wrote it (its checksum differs); run the config again")
    for key, kind in _KEYS.items():
        if key in entries:
            _check(file, key, entries[key], kind)
    _check_files(file, entries)
    return Manifest(file, entries)


def checksum(manifest: Mapping[str, Any]) -> str:
    """Return the SHA-256 (hex) of the entries of a manifest, whatever their order."""
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()


def _check_files(file: Path, entries: Mapping[str, Any]) -> None:
    """Check the list of files, each of which lies in the folder."""
    files = entries.get("files")
    _check(file, "files", files, _ANY_TABLE)
    for name, entry in files.items() if isinstance(files, dict) else ():
        _check(file, "files", name, _NAME)
        _check(file, f"files.{name}", entry, _ENTRY)


def _check(file: Path, key: str, value: Any, kind: _Kind | Mapping[str, _Kind]) -> None:
    """Raise RunError with file and key unless a value is of its kind."""
    if isinstance(kind, _Kind):
        if not kind.fits(value):
            raise RunError(f"{file}: {key}: given {_shown(value)}, wanted {kind.wanted}")
        return
    _check(file, key, value, _ANY_TABLE)
    for name, inner in kind.items():
        if name not in value:
            raise RunError(f"{file}: {key}.{name}: given nothing, wanted {inner.wanted}")
        _check(file, f"{key}.{name}", value[name], inner)


def _wanted(key: str) -> str:
    kind = _KEYS.get(key, _ANY_TABLE)
    return kind.wanted if isinstance(kind, _Kind) else f"a table of {', '.join(kind)}"


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:60]}.."
