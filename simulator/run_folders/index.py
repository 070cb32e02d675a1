"""List runs quickly: descriptions of run folders are cached in DIR/.index.sqlite until their manifests change.

The index is never the truth: every listing looks at the folders, takes from the index what their time stamps allow, and
reads the rest. One that is missing, corrupt or of something else is made anew; where none can be written there is none.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from simulator.run_folders import inventory

_FILE = ".index.sqlite"
_APPLICATION, _VERSION = 0x43415058, 1  # who wrote the file, and in which form
_WAIT = 2.0  # seconds for another listing that is writing it
_Entries = dict[bytes, tuple[str, str]]  # folder -> stamp, body


def list_runs(root: Path, rebuild: bool = False) -> list[dict[str, Any]]:
    """Return every run below a folder, oldest first; `folder` is relative to it."""
    cached = {} if rebuild else _load(root / _FILE)
    current: _Entries = {}
    rows = []
    for folder in inventory.find_run_folders(root):
        key = folder.relative_to(root).as_posix().encode("utf-8", "surrogateescape")
        stamp = inventory.manifest_stamp(folder)
        body = _body(cached.get(key), stamp)
        if body is None:
            body = inventory.describe_run(folder)
        current[key] = (stamp, json.dumps(body))
        state, error = inventory.current_state(folder, body)
        shown = {name: value for name, value in body.items() if name not in ("files", "finished")}
        rows.append({"folder": key.decode("utf-8", "surrogateescape"), "state": state, **shown, "error": error})
    if current != cached or rebuild:
        _store(root / _FILE, current)
    return sorted(rows, key=lambda row: (row["started"] or "", row["folder"]))


def _body(entry: tuple[str, str] | None, stamp: str) -> dict[str, Any] | None:
    if entry is None or entry[0] != stamp or stamp == "none":
        return None
    try:
        body = json.loads(entry[1])
    except ValueError:
        return None
    return body if isinstance(body, dict) and {"error", "files", "finished", "started"} <= body.keys() else None


def _load(file: Path) -> _Entries:
    """Return the entries of the index; none where the file is missing or not an index."""
    if not file.is_file():
        return {}
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", timeout=_WAIT, uri=True)) as index:
            if _format_of(index) != (_APPLICATION, _VERSION):
                return {}
            rows = index.execute("SELECT folder, stamp, body FROM runs").fetchall()
    except sqlite3.Error:
        return {}
    return {row[0]: (row[1], row[2]) for row in rows if [type(item) for item in row] == [bytes, str, str]}


def _store(file: Path, runs: Mapping[bytes, tuple[str, str]]) -> None:
    """Write the index; another file in its place is replaced, and in a read-only folder there is none.

    Something that is no regular file, such as a pipe, stays as it is.
    """
    if file.exists() and not file.is_file():
        return
    rows = [(folder, *entry) for folder, entry in runs.items()]
    with suppress(sqlite3.Error, OSError):
        try:
            _write(file, rows)
        except sqlite3.OperationalError:
            raise  # read-only, full or in use
        except sqlite3.DatabaseError:
            file.unlink()
            _write(file, rows)


def _write(file: Path, rows: list[tuple[bytes, str, str]]) -> None:
    with closing(sqlite3.connect(file, timeout=_WAIT)) as index, index:
        index.execute("BEGIN IMMEDIATE")
        if _format_of(index) not in ((0, 0), (_APPLICATION, _VERSION)) or _columns(index) not in ([], _COLUMNS):
            raise sqlite3.DatabaseError("of something else")
        index.execute("CREATE TABLE IF NOT EXISTS runs (folder BLOB PRIMARY KEY, stamp TEXT, body TEXT)")
        index.execute("DELETE FROM runs")
        index.executemany("INSERT INTO runs VALUES (?, ?, ?)", rows)
        index.execute(f"PRAGMA application_id = {_APPLICATION}")
        index.execute(f"PRAGMA user_version = {_VERSION}")


_COLUMNS = ["folder", "stamp", "body"]


def _columns(index: sqlite3.Connection) -> list[str]:
    return [row[1] for row in index.execute("PRAGMA table_info(runs)")]


def _format_of(index: sqlite3.Connection) -> tuple[int, int]:
    who, form = (index.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version"))
    return int(who), int(form)
