"""Choose runs and remove them: never a run that is being written, and no files but those that runs write.

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

_KINDS = {".json", ".jsonl", ".npz", ".parquet", ".html", ".png", ".pdf", ".svg", ".part"}  # of files that runs leave


@dataclass(frozen=True)
class PruneChoice:
    """The runs to remove: of `states`, ended before `before`, beyond the newest `keep` of their name."""

    states: tuple[str, ...] = (record.FINISHED,)
    before: datetime | None = None
    keep: int | None = None


@dataclass
class PruneResult:
    """Rows of the runs removed, or to remove, with their bytes, and of those chosen but kept, with the reason."""

    gone: list[dict[str, Any]] = field(default_factory=list)
    kept: list[dict[str, Any]] = field(default_factory=list)
    failed: bool = False  # a run could not be removed, or not wholly

    @property
    def bytes(self) -> int:
        """Bytes freed."""
        return sum(row["bytes"] for row in self.gone)


def choose_runs(rows: Sequence[Mapping[str, Any]], choice: PruneChoice) -> list[Mapping[str, Any]]:
    """Return the rows of a listing to remove; a run whose age is unknown is not old."""
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


def prune_runs(root: Path, rows: Sequence[Mapping[str, Any]], remove: bool) -> PruneResult:
    """Remove run folders below `root`, or only list them; the record of a batch keeps its pruned runs."""
    result = PruneResult()
    for row in rows:
        folder = root / row["folder"]
        reason = _refusal(root, folder)
        entry = {**row, "bytes": 0 if reason else sum(size for _, size in _files(folder))}
        if reason is None and remove:
            try:
                reason = _remove(folder)
            except (RunError, OSError) as error:
                reason, result.failed = describe_error(error), True
        if reason is None:
            result.gone.append(entry)
        else:
            result.kept.append({**entry, "reason": reason})
    return result


def _moment(row: Mapping[str, Any]) -> str:
    """Return the time a run ended or last committed: ISO 8601 in UTC, which sorts by time; empty if unknown."""
    return str(row["ended"] or row["committed"] or row["started"] or "")


def _refusal(root: Path, folder: Path) -> str | None:
    """Return why a folder must stay, or None."""
    if folder == root or folder.resolve() == root.resolve():
        return "it is the folder that is listed"
    if folder.is_symlink() or not folder.resolve().is_relative_to(root.resolve()):
        return "it is a link"
    if inventory.is_locked(folder):
        return "a run is writing to it"
    if (folder.parent / record.NIGHT).exists() and inventory.is_locked(folder.parent):
        return "its night is running"
    return _refuse_contents(folder)


def _refuse_contents(folder: Path) -> str | None:
    """Return what in a folder shows that it is not a run's alone, or None."""
    if not inventory.has_run_manifest(folder):
        return f"it has no {store.MANIFEST} of a run"
    try:
        return _find_foreign(folder, folder)
    except OSError as error:
        return f"{error.filename}: {error.strerror}"


def _find_foreign(folder: Path, top: Path) -> str | None:
    """Return what a folder holds that no run writes, or None."""
    for item in sorted(folder.iterdir()):
        name = item.relative_to(top)
        kind = item.lstat().st_mode
        if stat.S_ISDIR(kind):
            if item.name.startswith("."):
                return f"it holds {name}, which no run writes"
            inside = _find_foreign(item, top)
            if inside is not None:
                return inside
        elif not stat.S_ISREG(kind) or not (item.suffix in _KINDS or str(name) == store.CONFIG):
            return f"it holds {name}, which no run writes"
        elif item.name == record.NIGHT or (item.name == store.MANIFEST and folder != top):
            return f"it holds another run or night, {name}"
    return None


def _files(folder: Path) -> Iterator[tuple[Path, int]]:
    """Yield files of a folder and their bytes, the manifest last: after a crash the rest is still known as a run."""
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


def _remove(folder: Path) -> str | None:
    """Remove a run folder and record it in its batch; return why it stays, if it does. OSError if removal fails."""
    try:
        with _batch_record(folder) as batch, RunFolder(folder).alone(resume=True):
            reason = _refuse_contents(folder)  # again, now that nobody else writes to it
            if reason is not None:
                return reason
            for path, _ in list(_files(folder)):
                disk.remove(path)
            for place, _, _ in os.walk(folder, topdown=False):
                os.rmdir(place)
            if batch is not None:
                for run in batch.runs:
                    if run["folder"] == folder.name:
                        run.update(state=record.PRUNED, report=False)
                batch.save()
            return None
    except ConfigError as error:
        return str(error).removeprefix("--out: ")


@contextmanager
def _batch_record(folder: Path) -> Iterator[record.BatchRecord | None]:
    """Yield the record of a run's batch, locked so that the batch is not running."""
    batch = record.read_record(folder.parent)
    if batch is None:
        yield None
        return
    with batch.folder.alone(resume=True):
        yield batch
