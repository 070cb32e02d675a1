"""The calls that write to disk: all of them, so that tests can make the n-th call fail.

Each may raise OSError. A file is written from front to back, and its checksum is taken of the bytes as they pass.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypedDict

__all__ = ["remove"]


_BUFFER = 1 << 20


class FileEntry(TypedDict):
    """Size and checksum of a file, as in a manifest."""

    bytes: int
    sha256: str


class File(io.RawIOBase):
    """A file that is being written; one that is there already is replaced."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        self._hash = hashlib.sha256()
        self._bytes = 0
        self._dropped = False

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:  # anything with a buffer
        if self._dropped:
            return memoryview(data).nbytes
        written = os.write(self._handle, data)
        self._hash.update(memoryview(data)[:written])
        self._bytes += written
        return written

    @contextmanager
    def dropped_on_error(self) -> Iterator[None]:
        """Let an exception pass and drop all later writes: flushing the buffer above must not raise a second error."""
        try:
            yield
        except BaseException:
            self._dropped = True
            raise

    def sync(self) -> None:
        """Wait until what was written is on the disk."""
        os.fsync(self._handle)

    def close(self) -> None:
        if not self.closed:
            super().close()
            os.close(self._handle)

    @property
    def entry(self) -> FileEntry:
        """Size and checksum of what was written so far."""
        return FileEntry(bytes=self._bytes, sha256=self._hash.hexdigest())


def buffered(file: File) -> io.BufferedWriter:
    """The file behind a buffer, so that a table of many small columns takes few calls."""
    return io.BufferedWriter(file, _BUFFER)


def rename(part: Path, target: Path) -> None:
    """Put a whole file in its place, and make that durable."""
    os.replace(part, target)
    sync_folder(target.parent)


def remove(path: Path) -> bool:
    """Remove a file; False if there was none."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return False
    return True


def make_folder(path: Path) -> None:
    """Make a folder and those above it, unless they are there."""
    os.makedirs(path, exist_ok=True)


def make_new_folder(path: Path) -> bool:
    """Make a folder and those above it; False if it is there already."""
    os.makedirs(path.parent, exist_ok=True)
    try:
        os.mkdir(path)
    except FileExistsError:
        return False
    return True


def sync_folder(path: Path) -> None:
    """Make renames and removals in a folder durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
