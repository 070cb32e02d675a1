"""Numba's options, spelled once, and a disk cache that cannot serve stale machine code.

Numba's own cache looks only at the file of the decorated function: a changed callee in another file would keep
running as it was. So the cache lives in a folder named after a hash of all compiled sources and of the versions
that turn them into machine code, under the user's cache home. It must be set before anything is decorated, which
is why every compiled module imports its decorator from here.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import llvmlite
import numba
import numpy as np

from simulator.numerics.linking import DisjointCompiler, LinkedCompiler

_KEEP_DAYS = 30
_PACKAGE = Path(__file__).parents[1]
_COMPILED = (
    "numerics",
    "kernel.py",
    "model.py",
    "sampling",
    "drivers",
    "finance",
    "results",
)

F = TypeVar("F", bound=Callable[..., Any])


@cache
def code_hash() -> str:
    """SHA-256 (hex) of every source file that can change a simulated number."""
    digest = hashlib.sha256()
    for name in _COMPILED:
        path = _PACKAGE / name
        for source in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            if source.exists():
                digest.update(source.relative_to(_PACKAGE).as_posix().encode() + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()


def cache_home() -> Path:
    """The folder that holds compiled code: $XDG_CACHE_HOME or ~/.cache, then `capex-simulator`."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "capex-simulator"


def _use_cache() -> bool:
    """Point numba at this source's own cache folder; False where none can be written (then compile in memory)."""
    versions = f"{code_hash()}-{numba.__version__}-{llvmlite.__version__}-{np.__version__}"
    folder = cache_home() / hashlib.sha256(versions.encode()).hexdigest()[:16]
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = folder / f".probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
        os.utime(folder)
    except OSError:
        return False
    vars(numba.config)["CACHE_DIR"] = str(folder)
    _prune(folder)
    return True


def _prune(current: Path) -> None:
    """Drop cache folders of other sources that nobody used for a month."""
    oldest = time.time() - _KEEP_DAYS * 86400
    for folder in current.parent.iterdir():
        try:
            if folder != current and folder.is_dir() and folder.stat().st_mtime < oldest:
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue


_CACHE = _use_cache()
_OPTIONS: dict[str, Any] = {
    "error_model": "numpy", "nogil": True, "cache": _CACHE, "_nrt": True, "no_cfunc_wrapper": True
}  # fmt: skip
_INNER = _OPTIONS | {"cache": False, "_nrt": False, "no_cpython_wrapper": True}


def njit(function: F) -> F:
    """Compile with strict floating point and without the GIL; callable from Python and from compiled code."""
    made: F = numba.njit(**_OPTIONS)(function)
    return made


def inner(function: F) -> F:
    """The same for functions that only compiled code calls: linked into their callers, without reference counts.

    They may neither make arrays (`np.empty`, `a[:] = b`, arithmetic of whole arrays) nor be called from Python.
    """
    made: F = numba.njit(**_INNER, pipeline_class=LinkedCompiler)(function)
    return made


def disjoint(function: F) -> F:
    """The same for one loop over lanes, put into its caller as it is.

    What it writes to must not overlap another of its arrays: then no loop has to find out, by a hundred comparisons,
    whether its rows lie apart. Rows of one array are passed one by one.
    """
    made: F = numba.njit(**_INNER, forceinline=True, pipeline_class=DisjointCompiler)(function)
    return made


def inline(function: F) -> F:
    """Compile and inline at numba level: helpers that return tuples, and stages that would be passed a thousand words.

    Elsewhere LLVM inlines as well.
    """
    made: F = numba.njit(**_OPTIONS, inline="always")(function)
    return made
