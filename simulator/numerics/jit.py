"""The project's decorators for compiled functions, and a disk cache that cannot serve stale machine code.

Numba's own cache compares only the file of the decorated function: after a change to a callee in another file it
would load the old machine code. The cache folder is therefore named after a hash of all compiled sources, of the
versions of numba, LLVM and NumPy, and of the compilers chosen, under the user's cache home. It must be set before
anything is decorated, so every compiled module imports its decorator from here.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import llvmlite
import numba
import numpy as np

from simulator.numerics.compilers import Compilers, choose_compilers

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


def _cache_home() -> Path:
    """The folder that holds compiled code: $XDG_CACHE_HOME or ~/.cache, then `capex-simulator`."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "capex-simulator"


def _cache_folder(compilers: Compilers) -> Path:
    """The cache folder of this source, these versions and these compilers."""
    parts = (code_hash(), numba.__version__, llvmlite.__version__, np.__version__, compilers.name)
    return _cache_home() / hashlib.sha256("-".join(parts).encode()).hexdigest()[:16]


def _use_cache(folder: Path) -> bool:
    """Point numba at a cache folder; False where it cannot be written (then everything is compiled in memory)."""
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


# A cache folder exists once its compilers have passed their check.
COMPILERS = choose_compilers(proven=lambda compilers: _cache_folder(compilers).is_dir())
_ENTRY = {**COMPILERS.entry, "cache": _use_cache(_cache_folder(COMPILERS))}


def njit(function: F) -> F:
    """Compile with strict floating point and without the GIL; callable from Python and from compiled code."""
    return cast(F, numba.njit(**_ENTRY)(function))


def inner(function: F) -> F:
    """Compile a function that only compiled code calls: linked into its callers, without reference counts.

    It may neither make arrays (`np.empty`, `a[:] = b`, arithmetic of whole arrays) nor be called from Python.
    """
    return cast(F, numba.njit(**COMPILERS.inner)(function))


def disjoint(function: F) -> F:
    """Compile one loop over lanes whose array arguments do not overlap, inlined into its caller.

    The promise spares LLVM's run-time overlap checks, about a hundred comparisons before each loop: a tenth of the time
    per path together with what it let go. Rows of one array are passed as separate arguments.
    """
    return cast(F, numba.njit(**COMPILERS.disjoint)(function))


def inline(function: F) -> F:
    """Compile a function and inline it in numba's own code, before LLVM.

    For helpers that return tuples and for stages that would otherwise be passed a thousand scalar arguments; everything
    else is inlined by LLVM.
    """
    return cast(F, numba.njit(**_ENTRY, inline="always")(function))
