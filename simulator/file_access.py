"""Paths that users write, and files that others may have put in their place.

A path is expanded once, where a user writes it: libraries differ in what they expand. Files are opened for reading only
if they are regular ones: nobody waits for a pipe, and no device is touched.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from pathlib import Path
from typing import Any, BinaryIO

from simulator.errors import RunError

_KINDS = {  # by type of a file's status
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}


def expand_user(path: str | os.PathLike[str]) -> Path:
    """Return the path with a leading `~` or `~name` replaced by the home folder, where there is one."""
    try:
        return Path(path).expanduser()
    except RuntimeError:  # no such user, or no home
        return Path(path)


def describe_path(path: str | os.PathLike[str]) -> str:
    """Return a path as written and, where it says more, the whole path that links and the working folder make of it."""
    whole = os.path.realpath(path)
    return str(path) if whole == os.fspath(path) else f"{path} (that is {whole})"


def open_regular(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a regular file, or a link to one, to read bytes; OSError for a folder, pipe, socket or device."""
    _refuse_special(os.stat(path).st_mode, path)  # opening a device may already do something
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        _refuse_special(os.fstat(handle).st_mode, path)  # it may have been replaced meanwhile
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def read_regular(path: str | os.PathLike[str]) -> bytes:
    """Return the bytes of a regular file; OSError as `open_regular`."""
    with open_regular(path) as file:
        return file.read()


def read_json(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the object in a JSON file; RunError if it cannot be read or is none."""
    try:
        body = json.loads(read_regular(path).decode("utf-8"))
    except OSError as error:
        raise RunError(f"{path}: cannot be read ({(error.strerror or str(error)).lower()})") from error
    except (ValueError, RecursionError) as error:
        raise RunError(f"{path}: cut short or changed, not JSON any more") from error
    if not isinstance(body, dict):
        raise RunError(f"{path}: given something else, wanted a JSON object")
    return body


def _refuse_special(mode: int, path: str | os.PathLike[str]) -> None:
    """Raise OSError if a file of this mode is not a regular one."""
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    if not stat.S_ISREG(mode):
        kind = _KINDS.get(stat.S_IFMT(mode), "something else")
        raise OSError(errno.EINVAL, f"it is {kind}, not a regular file", os.fspath(path))
