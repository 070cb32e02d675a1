"""The run folder: how a run writes, through `disk`, and the way to read it back.

    manifest.json   what was run, on what, and the checksums of the files below; written last: the commit point
    config.toml     the config as given
    model.npz       the frozen model: every number a path needs, no pickle
    state-<n>.npz   the tallies of paths 0 .. n - 1, to go on from
    summary.json    measures with their intervals
    sample.parquet  the first paths, all figures; tail.parquet: the worst paths; series.parquet: bands by month
    report.html, figures/

A file appears whole or not at all: it is written beside its place, flushed to the disk and renamed; then the folder is
flushed. A file that the manifest does not list is no part of the run: a crash may have left it, and nobody reads it.
Nothing in a run folder is ever unpickled.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypeVar

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from simulator.errors import ConfigError, RunError
from simulator.results import disk
from simulator.results.arrow_tables import to_numpy, to_table
from simulator.results.disk import FileEntry
from simulator.results.tree import rebuild

__all__ = [
    "CONFIG",
    "DATA",
    "FIGURES",
    "FINISHED",
    "FORMAT",
    "MANIFEST",
    "MODEL",
    "REPORT",
    "SAMPLE",
    "SERIES",
    "STATES",
    "SUMMARY",
    "TAIL",
    "UNFINISHED",
    "Run",
    "RunFolder",
    "open_any",
    "open_run",
]


MANIFEST, CONFIG, MODEL, SUMMARY = "manifest.json", "config.toml", "model.npz", "summary.json"
SAMPLE, TAIL, SERIES = "sample.parquet", "tail.parquet", "series.parquet"
REPORT, FIGURES = "report.html", "figures"
DATA = (CONFIG, MODEL, SUMMARY, SAMPLE, TAIL, SERIES)  # checksummed; a report can be made again
STATES = "state-*.npz"
UNFINISHED, FINISHED = "unfinished", "finished"
FORMAT = "capex-simulator run 1"

_PART = ".part"
_CHUNK = 1 << 22

Tree = TypeVar("Tree", bound=NamedTuple)


class RunFolder:
    """A run folder that is being written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.entries: dict[str, FileEntry] = {}  # of the files written here, or known to be whole
        self.touched: set[str] = set()  # names that were given to files here, whether or not all went well

    @classmethod
    def create(cls, path: str | os.PathLike[str], resume: bool = False) -> RunFolder:
        """A new run folder; one that holds a run is refused unless that is to go on."""
        folder = cls(Path(path))
        if not resume:
            folder.refuse_a_run()
        with _as_run_error(folder.path):
            disk.make_folder(folder.path)
        return folder

    @classmethod
    def reopen(cls, path: str | os.PathLike[str]) -> RunFolder:
        """An existing run folder to go on writing to; what a crash left half-written is dropped."""
        folder = cls(Path(path))
        if not folder.path.is_dir():
            raise RunError(f"{path}: no such run folder")
        with folder._lock() as mine:
            if mine:
                folder._drop_parts()
        return folder

    @contextmanager
    def alone(self, resume: bool = False) -> Iterator[None]:
        """Keep every other run out of this folder; the lock ends with the block or, however it ends, the process.

        What a crash left half-written is dropped. Without `resume` a run in the folder is refused.
        """
        with self._lock() as mine:
            if not mine:
                raise ConfigError([f"--out: given {self.path}, which another run is writing to, wanted a new folder"])
            if not resume:
                self.refuse_a_run()  # one may have ended meanwhile
            self._drop_parts()
            yield

    @contextmanager
    def _lock(self) -> Iterator[bool]:
        """True if this process holds the lock of the folder, until the block ends."""
        handle = os.open(self.path, os.O_RDONLY)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                mine = True
            except BlockingIOError:
                mine = False
            except OSError:  # a file system without locks
                mine = True
            yield mine
        finally:
            os.close(handle)

    def _drop_parts(self) -> None:
        with _as_run_error(self.path):
            for folder in (self.path, self.path / FIGURES):
                for rest in folder.glob(f".*{_PART}"):
                    disk.remove(rest)

    def refuse_a_run(self) -> None:
        """Refuse a folder that holds a run, or parts of one."""
        held = next((name for name in (MANIFEST, *DATA) if (self.path / name).exists()), None)
        held = held or next((state.name for state in self.path.glob(STATES)), None)
        if held is not None:
            what = "a run" if (self.path / MANIFEST).exists() else "an unfinished run"
            text = f"--out: given {self.path}, which holds {what} ({held}), wanted a new folder or --resume"
            raise ConfigError([text])

    @contextmanager
    def stream(self, name: str) -> Iterator[BinaryIO]:
        """A binary file that becomes `name` when the block ends well, and vanishes when it does not."""
        target = self.path / name
        part = target.with_name(f".{target.name}{_PART}")
        with _as_run_error(target):
            try:
                disk.make_folder(target.parent)
                with disk.File(part) as raw, disk.buffered(raw) as file:
                    with raw.dropped_on_error():
                        yield file
                        file.flush()
                    raw.sync()
                self.touched.add(name)
                disk.rename(part, target)
                self.entries[name] = raw.entry
            except BaseException:
                with suppress(OSError):  # what cannot be removed now is dropped by whoever opens the folder next
                    disk.remove(part)
                raise

    def write(self, name: str, data: bytes | str) -> None:
        """Write a whole file; text is UTF-8."""
        with self.stream(name) as file:
            file.write(data.encode() if isinstance(data, str) else data)

    def write_json(self, name: str, body: Mapping[str, Any]) -> None:
        """Write `body`; a NaN or infinity in it is a mistake (ValueError)."""
        self.write(name, json.dumps(body, indent=1, allow_nan=False, ensure_ascii=False) + "\n")

    def write_npz(self, name: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Write named arrays without pickle."""
        whole = io.BytesIO()
        np.savez(whole, allow_pickle=False, **dict(arrays))
        self.write(name, whole.getvalue())

    def read_npz(self, name: str) -> dict[str, NDArray[Any]]:
        """Read what `write_npz` wrote."""
        return _read_npz(self.path / name)

    def write_table(self, name: str, columns: Mapping[str, NDArray[Any]]) -> None:
        """Write arrays of equal length as Parquet; NaN becomes null."""
        with self.stream(name) as file:
            pq.write_table(to_table(columns), file, compression="zstd", use_dictionary=False)

    def remove(self, name: str) -> None:
        """Remove a file if it is there."""
        self.entries.pop(name, None)
        with _as_run_error(self.path / name):
            if disk.remove(self.path / name):
                disk.sync_folder((self.path / name).parent)

    def write_manifest(self, body: Mapping[str, Any], names: Sequence[str] | None = None) -> None:
        """Write the manifest: `body`, and sizes and checksums of the files `names` (all data files there are if None).

        The commit point, so last of all: a file that it lists is whole and on the disk.
        """
        listed = [name for name in DATA if (self.path / name).exists()] if names is None else names
        manifest = {"format": FORMAT, **body, "files": {name: self._entry(name) for name in listed}}
        self.write_json(MANIFEST, {**manifest, "checksum": _checksum(manifest)})

    def _entry(self, name: str) -> FileEntry:
        if name not in self.entries:
            path = self.path / name
            self.entries[name] = FileEntry(bytes=path.stat().st_size, sha256=_hash(path))
        return self.entries[name]


class Run:
    """A run folder to read: checksums are verified when a file is first read."""

    def __init__(self, path: Path, manifest: dict[str, Any]) -> None:
        self.path = path
        self.manifest = manifest
        self._verified: set[str] = set()

    @property
    def finished(self) -> bool:
        """True if the run has results; an unfinished run has a state to go on from."""
        return self.manifest.get("status") != UNFINISHED

    def verify(self) -> None:
        """Check every file that the manifest lists; RunError names one that is not what the run wrote."""
        for name in self.manifest["files"]:
            self._verify(name)

    def state(self) -> dict[str, NDArray[Any]]:
        """The tallies to go on from."""
        return _read_npz(self._verify(self.manifest["state"]["file"]))

    @property
    def summary(self) -> dict[str, Any]:
        """Measures with their intervals."""
        summary: dict[str, Any] = json.loads(self._verify(SUMMARY).read_text("utf-8"))
        return summary

    @property
    def config(self) -> str:
        """The config as given."""
        return self._verify(CONFIG).read_text("utf-8")

    def model(self, kind: type[Tree]) -> Tree:
        """The frozen model, rebuilt as a tree of type `kind`."""
        return rebuild(kind, _read_npz(self._verify(MODEL)))

    def sample(self, columns: Sequence[str] | None = None) -> dict[str, NDArray[Any]]:
        """The first paths: `path` and figures by name (all if None), undefined as NaN."""
        return self._table(SAMPLE, columns)

    @property
    def sample_names(self) -> list[str]:
        """Columns of the sample."""
        names: list[str] = pq.read_schema(self._verify(SAMPLE)).names
        return names

    def tail(self, columns: Sequence[str] | None = None) -> dict[str, NDArray[Any]]:
        """The worst paths, in the form of `sample`."""
        return self._table(TAIL, columns)

    def series(self, columns: Sequence[str] | None = None) -> dict[str, NDArray[Any]]:
        """Bands by month."""
        return self._table(SERIES, columns)

    def _table(self, name: str, columns: Sequence[str] | None) -> dict[str, NDArray[Any]]:
        path = self._verify(name)
        if columns is not None:
            unknown = set(columns) - set(pq.read_schema(path).names)
            if unknown:
                raise RunError(f"{path}: given column {', '.join(sorted(unknown))}, wanted one that the run kept")
        read = pq.read_table(path, columns=None if columns is None else list(columns))
        return {key: to_numpy(read[key]) for key in read.column_names}

    def _verify(self, name: str) -> Path:
        """The path of a data file that is what the run wrote."""
        path, known = self.path / name, self.manifest["files"].get(name)
        if known is None:
            raise RunError(f"{path}: this run has no such file")
        if name not in self._verified:
            if not path.exists() or path.stat().st_size != known["bytes"]:
                raise RunError(f"{path}: missing or cut short, wanted {known['bytes']:,} bytes; run the config again")
            if _hash(path) != known["sha256"]:
                raise RunError(
                    f"{path}: was changed after the run wrote it (its checksum differs); run the config again"
                )
            self._verified.add(name)
        return path


def open_run(path: str | os.PathLike[str]) -> Run:
    """Open the folder of a finished run; RunError if it is none, is unfinished, cut short or changed."""
    run = open_any(path)
    if not run.finished:
        done, total = run.manifest["state"]["paths"], run.manifest["paths"]
        raise RunError(
            f"{path}: given an unfinished run ({done:,} of {total:,} paths), wanted a finished one; "
            f"simulator run CONFIG --out {path} --resume goes on with it"
        )
    return run


def open_any(path: str | os.PathLike[str]) -> Run:
    """Open a run folder, finished or not; RunError if it is none, cut short or changed."""
    folder = Path(path)
    file = folder / MANIFEST
    if not file.exists():
        raise RunError(f"{path}: given no run folder, wanted one with {MANIFEST}")
    try:
        manifest = json.loads(file.read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise RunError(f"{file}: cut short or changed, not JSON any more; run the config again") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise RunError(f"{file}: given the manifest of something else, wanted format {FORMAT!r}")
    if manifest.pop("checksum", None) != _checksum(manifest):
        raise RunError(f"{file}: was changed after the run wrote it (its checksum differs); run the config again")
    run = Run(folder, manifest)
    for name, known in manifest["files"].items():
        if not (folder / name).exists() or (folder / name).stat().st_size != known["bytes"]:
            raise RunError(
                f"{folder / name}: missing or cut short, wanted {known['bytes']:,} bytes; run the config again"
            )
    return run


def _read_npz(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except Exception as error:  # zipfile, zlib and numpy each have their own
        raise RunError(f"{path}: missing, cut short or changed ({error})") from error


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _checksum(manifest: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()


@contextmanager
def _as_run_error(path: Path) -> Iterator[None]:
    """Say which file could not be written, and why, in the simulator's own words."""
    try:
        yield
    except OSError as error:
        raise RunError(f"{path}: could not be written ({error.strerror or error})") from error
