"""The list of runs, fast: what folders say of themselves is kept in DIR/.index.sqlite until their manifests change.

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

FILE = ".index.sqlite"
_APPLICATION, _VERSION = 0x43415058, 1  # who wrote the file, and in which form
_WAIT = 2.0  # seconds for another listing that is writing it
Known = dict[bytes, tuple[str, str]]  # folder -> stamp, body


def listing(root: Path, rebuild: bool = False) -> list[dict[str, Any]]:
    """Every run below a folder, oldest first; `folder` is relative to it."""
    known = {} if rebuild else _load(root / FILE)
    now: Known = {}
    rows = []
    for folder in inventory.folders(root):
        key = folder.relative_to(root).as_posix().encode("utf-8", "surrogateescape")
        stamp = inventory.stamp(folder)
        body = _body(known.get(key), stamp)
        if body is None:
            body = inventory.describe(folder)
        now[key] = (stamp, json.dumps(body))
        state, error = inventory.state(folder, body)
        told = {name: value for name, value in body.items() if name not in ("files", "finished")}
        rows.append({"folder": key.decode("utf-8", "surrogateescape"), "state": state, **told, "error": error})
    if now != known or rebuild:
        _store(root / FILE, now)
    return sorted(rows, key=lambda row: (row["started"] or "", row["folder"]))


def _body(entry: tuple[str, str] | None, stamp: str) -> dict[str, Any] | None:
    if entry is None or entry[0] != stamp or stamp == "none":
        return None
    try:
        body = json.loads(entry[1])
    except ValueError:
        return None
    return body if isinstance(body, dict) and {"error", "files", "finished", "started"} <= body.keys() else None


def _load(file: Path) -> Known:
    """What the index holds; nothing where it is none."""
    if not file.is_file():
        return {}
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", timeout=_WAIT, uri=True)) as index:
            if _of(index) != (_APPLICATION, _VERSION):
                return {}
            rows = index.execute("SELECT folder, stamp, body FROM runs").fetchall()
    except sqlite3.Error:
        return {}
    return {row[0]: (row[1], row[2]) for row in rows if [type(item) for item in row] == [bytes, str, str]}


def _store(file: Path, runs: Mapping[bytes, tuple[str, str]]) -> None:
    """Keep the index; one that is no index of ours is replaced, and a folder that takes none goes without."""
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
        if _of(index) not in ((0, 0), (_APPLICATION, _VERSION)) or _columns(index) not in ([], _COLUMNS):
            raise sqlite3.DatabaseError("of something else")
        index.execute("CREATE TABLE IF NOT EXISTS runs (folder BLOB PRIMARY KEY, stamp TEXT, body TEXT)")
        index.execute("DELETE FROM runs")
        index.executemany("INSERT INTO runs VALUES (?, ?, ?)", rows)
        index.execute(f"PRAGMA application_id = {_APPLICATION}")
        index.execute(f"PRAGMA user_version = {_VERSION}")


_COLUMNS = ["folder", "stamp", "body"]


def _columns(index: sqlite3.Connection) -> list[str]:
    return [row[1] for row in index.execute("PRAGMA table_info(runs)")]


def _of(index: sqlite3.Connection) -> tuple[int, int]:
    who, form = (index.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version"))
    return int(who), int(form)
