"""The run folder: how a run writes, through `disk`, and the way to read it back.

    manifest.json   what was run, on what, and the checksums of the files below; written last: the commit point
    config.toml     the config as given; columns.json: the columns of CSV files that it reads
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
import shlex
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from simulator.errors import ConfigError, RunError
from simulator.file_access import describe_path, expand_user, open_regular, read_json, read_regular
from simulator.results import disk
from simulator.results.arrow_tables import open_table, read_columns, to_table
from simulator.results.disk import FileEntry
from simulator.results.manifest import FINISHED, FORMAT, MANIFEST, UNFINISHED, Manifest, checksum, read_manifest
from simulator.results.tree import rebuild

__all__ = [
    "COLUMNS",
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
    "TABLES",
    "TAIL",
    "UNFINISHED",
    "Run",
    "RunFolder",
    "open_any",
    "open_run",
]


CONFIG, COLUMNS, MODEL, SUMMARY = "config.toml", "columns.json", "model.npz", "summary.json"
SAMPLE, TAIL, SERIES = "sample.parquet", "tail.parquet", "series.parquet"
REPORT, FIGURES = "report.html", "figures"
DATA = (CONFIG, COLUMNS, MODEL, SUMMARY, SAMPLE, TAIL, SERIES)  # checksummed; a report can be made again
STATES = "state-*.npz"
_OF_A_PATH = {"path": pa.int64()}
TABLES: Mapping[str, Mapping[str, pa.DataType]] = {  # columns that a table must have and those that are no float64
    SAMPLE: _OF_A_PATH,
    TAIL: _OF_A_PATH,
    SERIES: {"series": pa.string(), "month": pa.int64()},
}

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
        folder = cls(expand_user(path))
        if not resume:
            folder.refuse_a_run()
        with _as_run_error(folder.path):
            disk.make_folder(folder.path)
        return folder

    @classmethod
    def create_numbered(cls, path: Path) -> RunFolder:
        """A folder that is made here and now: `path`, or if that is taken `path`-2, -3 and so on."""
        with _as_run_error(path):
            place, number = path, 1
            while not disk.make_new_folder(place):
                number += 1
                place = path.with_name(f"{path.name}-{number}")
        return cls(place)

    @classmethod
    def reopen(cls, path: str | os.PathLike[str]) -> RunFolder:
        """An existing run folder to go on writing to; what a crash left half-written is dropped."""
        folder = cls(expand_user(path))
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
        text = json.dumps(body, indent=1, allow_nan=False, ensure_ascii=False) + "\n"
        self.write(name, text.encode("utf-8", "backslashreplace"))  # a file name need not be UTF-8

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
        self.write_json(MANIFEST, {**manifest, "checksum": checksum(manifest)})

    def _entry(self, name: str) -> FileEntry:
        if name not in self.entries:
            path = self.path / name
            self.entries[name] = FileEntry(bytes=path.stat().st_size, sha256=_hash(path))
        return self.entries[name]


class Run:
    """A run folder to read: checksums are verified when a file is first read."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
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
        return read_json(self._verify(SUMMARY))

    @property
    def config(self) -> str:
        """The config as given."""
        file = self._verify(CONFIG)
        try:
            return read_regular(file).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise RunError(f"{file}: given bytes that are not UTF-8, wanted the config of a run") from error

    @property
    def columns(self) -> dict[str, Any]:
        """The columns of CSV files that the config reads, as `columns.json` keeps them; empty if there are none."""
        return read_json(self._verify(COLUMNS)) if COLUMNS in self.manifest["files"] else {}

    @property
    def config_tree(self) -> dict[str, Any]:
        """The config as tables, as it was written: what it leaves out has its default."""
        try:
            return tomllib.loads(self.config)
        except (ValueError, RecursionError) as error:
            raise RunError(f"{self.path / CONFIG}: is no config of a run ({error})") from error

    def model(self, kind: type[Tree]) -> Tree:
        """The frozen model, rebuilt as a tree of type `kind`."""
        return rebuild(kind, _read_npz(self._verify(MODEL)))

    def sample(self, columns: str | Sequence[str] | None = None) -> dict[str, NDArray[Any]]:
        """The first paths: `path` and figures by name (all if None), undefined as NaN."""
        return self._table(SAMPLE, columns)

    @property
    def sample_names(self) -> list[str]:
        """Columns of the sample."""
        with open_table(self._verify(SAMPLE), TABLES[SAMPLE]) as table:
            names: list[str] = table.schema_arrow.names
        return names

    def tail(self, columns: str | Sequence[str] | None = None) -> dict[str, NDArray[Any]]:
        """The worst paths, in the form of `sample`."""
        return self._table(TAIL, columns)

    def series(self, columns: str | Sequence[str] | None = None) -> dict[str, NDArray[Any]]:
        """Bands by month."""
        return self._table(SERIES, columns)

    def _table(self, name: str, columns: str | Sequence[str] | None) -> dict[str, NDArray[Any]]:
        path = self._verify(name)
        names = [columns] if isinstance(columns, str) else columns
        with open_table(path, TABLES[name]) as table:
            unknown = set(names or ()) - set(table.schema_arrow.names)
            if unknown:
                raise RunError(f"{path}: given column {', '.join(sorted(unknown))}, wanted one that the run kept")
            return read_columns(table, names)

    def _verify(self, name: str) -> Path:
        """The path of a data file that is what the run wrote."""
        path, known = self.path / name, self.manifest["files"].get(name)
        if known is None:
            raise RunError(f"{path}: this run has no such file")
        if name not in self._verified:
            _check_size(path, known)
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
            f"simulator run CONFIG --out {shlex.quote(str(path))} --resume goes on with it"
        )
    return run


def open_any(path: str | os.PathLike[str]) -> Run:
    """Open a run folder, finished or not; RunError if it is none, cut short or changed."""
    folder = expand_user(path)
    run = Run(folder, read_manifest(folder))
    for name, known in run.manifest["files"].items():
        _check_size(folder / name, known)
    return run


def _check_size(path: Path, known: FileEntry) -> None:
    """Raise RunError unless a file is there and has the size that the manifest lists."""
    if not path.exists() or path.stat().st_size != known["bytes"]:
        whole = describe_path(path)
        raise RunError(f"{whole}: missing or cut short, wanted {known['bytes']:,} bytes; run the config again")


def _read_npz(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with np.load(io.BytesIO(read_regular(path)), allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except Exception as error:  # zipfile, zlib and numpy each have their own
        raise RunError(f"{path}: missing, cut short or changed ({error})") from error


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with open_regular(path) as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except OSError as error:
        raise RunError(f"{path}: cannot be read ({(error.strerror or str(error)).lower()})") from error
    return digest.hexdigest()


@contextmanager
def _as_run_error(path: Path) -> Iterator[None]:
    """Say which file could not be written, and why, in the simulator's own words."""
    try:
        yield
    except OSError as error:
        raise RunError(f"{path}: could not be written ({error.strerror or error})") from error
