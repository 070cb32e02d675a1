"""Which runs may go, and their removal: never one that is being written, and nothing but what runs leave behind.

A run folder goes only if its manifest is one of ours and everything in it is of a kind that the simulator writes: a run
that was sent into somebody's own folder (`--out .`) stays, and so does one that holds another run. Links are
refused, never followed.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from simulator.batch import record
from simulator.errors import ConfigError, RunError, describe_error
from simulator.results import disk, store
from simulator.results.provenance import utc
from simulator.results.store import RunFolder
from simulator.run_folders import inventory
from simulator.run_folders.inventory import FINISHED

_KINDS = {".json", ".jsonl", ".npz", ".parquet", ".html", ".png", ".pdf", ".svg", ".part"}  # of files that runs leave


@dataclass(frozen=True)
class Choice:
    """Which runs are to go: of `states`, ended before `before`, beyond the newest `keep` of their name."""

    states: tuple[str, ...] = (FINISHED,)
    before: datetime | None = None
    keep: int | None = None


@dataclass
class Pruning:
    """What goes, or went: rows of runs with their bytes; and what was chosen but stays, with the reason."""

    gone: list[dict[str, Any]] = field(default_factory=list)
    kept: list[dict[str, Any]] = field(default_factory=list)
    failed: bool = False  # one could not be removed, or not wholly

    @property
    def bytes(self) -> int:
        """All that is freed."""
        return sum(row["bytes"] for row in self.gone)


def choose(rows: Sequence[Mapping[str, Any]], choice: Choice) -> list[Mapping[str, Any]]:
    """The rows of a listing that are to go; a run whose age is unknown is not old."""
    newest: dict[tuple[str, ...], int] = {}
    chosen = []
    for row in sorted(rows, key=_moment)[::-1]:  # of two of one moment the later in the list is newer
        if row["state"] not in choice.states:
            continue
        name = (str(row["name"]), *row["stress"])
        newest[name] = newest.get(name, 0) + 1
        if choice.keep is not None and newest[name] <= choice.keep:
            continue
        if choice.before is not None and not "" < _moment(row) < utc(choice.before):
            continue
        chosen.append(row)
    return chosen[::-1]


def prune(root: Path, rows: Sequence[Mapping[str, Any]], remove: bool) -> Pruning:
    """Remove run folders below `root`, or only say what would go; nights keep their index, which says so."""
    done = Pruning()
    for row in rows:
        folder = root / row["folder"]
        reason = _refusal(root, folder)
        entry = {**row, "bytes": 0 if reason else sum(size for _, size in _files(folder))}
        if reason is None and remove:
            try:
                reason = _gone(folder)
            except (RunError, OSError) as error:
                reason, done.failed = describe_error(error), True
        if reason is None:
            done.gone.append(entry)
        else:
            done.kept.append({**entry, "reason": reason})
    return done


def _moment(row: Mapping[str, Any]) -> str:
    """When a run last was of use: ISO 8601 in UTC, which sorts by time; empty if unknown."""
    return str(row["ended"] or row["committed"] or row["started"] or "")


def _refusal(root: Path, folder: Path) -> str | None:
    """Why a folder must stay, if it must."""
    if folder == root or folder.resolve() == root.resolve():
        return "it is the folder that is listed"
    if folder.is_symlink() or not folder.resolve().is_relative_to(root.resolve()):
        return "it is a link"
    if inventory.locked(folder):
        return "a run is writing to it"
    if (folder.parent / record.NIGHT).exists() and inventory.locked(folder.parent):
        return "its night is running"
    return _contents(folder)


def _contents(folder: Path) -> str | None:
    """What in a folder says that it is no run's, or not only."""
    if not inventory.is_ours(folder):
        return f"it has no {store.MANIFEST} of a run"
    try:
        return _foreign(folder, folder)
    except OSError as error:
        return f"{error.filename}: {error.strerror}"


def _foreign(folder: Path, top: Path) -> str | None:
    """What lies in a folder that no run writes."""
    for item in sorted(folder.iterdir()):
        name = item.relative_to(top)
        kind = item.lstat().st_mode
        if stat.S_ISDIR(kind):
            if item.name.startswith("."):
                return f"it holds {name}, which no run writes"
            inside = _foreign(item, top)
            if inside is not None:
                return inside
        elif not stat.S_ISREG(kind) or not (item.suffix in _KINDS or str(name) == store.CONFIG):
            return f"it holds {name}, which no run writes"
        elif item.name == record.NIGHT or (item.name == store.MANIFEST and folder != top):
            return f"it holds another run or night, {name}"
    return None


def _files(folder: Path) -> Iterator[tuple[Path, int]]:
    """Files of a folder and their bytes, the manifest last: what a crash leaves of a run is still known as one."""
    last = []
    for place, _, names in os.walk(folder, followlinks=False):
        for name in sorted(names):
            path = Path(place) / name
            entry = (path, path.lstat().st_size)
            if path == folder / store.MANIFEST:
                last.append(entry)
            else:
                yield entry
    yield from last


def _gone(folder: Path) -> str | None:
    """Remove a run folder and say so in its night; why it stays, if it does. OSError if it cannot be removed."""
    try:
        with _night(folder) as night, RunFolder(folder).alone(resume=True):
            reason = _contents(folder)  # again, now that nobody else writes to it
            if reason is not None:
                return reason
            for path, _ in list(_files(folder)):
                disk.remove(path)
            for place, _, _ in os.walk(folder, topdown=False):
                os.rmdir(place)
            if night is not None:
                for run in night.runs:
                    if run["folder"] == folder.name:
                        run.update(state=record.PRUNED, report=False)
                night.save()
            return None
    except ConfigError as error:
        return str(error).removeprefix("--out: ")


@contextmanager
def _night(folder: Path) -> Iterator[record.BatchRecord | None]:
    """The night that a run is of, held so that it is not running."""
    night = record.read_record(folder.parent)
    if night is None:
        yield None
        return
    with night.folder.alone(resume=True):
        yield night
