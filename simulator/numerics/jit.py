"""The project's decorators for compiled functions, and a disk cache that cannot serve stale machine code.

Numba's own cache compares only the file of the decorated function: after a change to a callee in another file it
would load the old machine code. The cache folder is therefore named after a hash of all compiled sources, of the
versions of numba, LLVM and NumPy, and of the compilers chosen, under the user's cache home. A folder that cannot be
written is read all the same, and what it lacks is compiled in memory (`code_cache`).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import llvmlite
import numba
import numpy as np

from simulator.file_access import expand_user
from simulator.numerics.code_cache import CodeFolder, FunctionCode
from simulator.numerics.compilers import Compilers, choose_compilers

_KEEP_DAYS = 30
_NAME, _FORM = "capex-simulator", "code 1"  # the folder below a cache home, and the form of its files
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


def _cache_home() -> Path | None:
    """Return the folder of compiled code of all sources: in $NUMBA_CACHE_DIR, $XDG_CACHE_HOME or ~/.cache.

    A relative XDG_CACHE_HOME counts as none, as its specification has it. None where nobody knows a home.
    """
    if named := os.environ.get("NUMBA_CACHE_DIR"):
        return expand_user(named).absolute() / _NAME
    named = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(named):
        return Path(named) / _NAME
    try:
        return Path.home() / ".cache" / _NAME
    except RuntimeError:  # no HOME, and a user that has no entry, as in a container
        return None


def _cache_path(compilers: Compilers) -> Path | None:
    """Return the folder of the code of this source, these versions and these compilers."""
    home = _cache_home()
    parts = (code_hash(), numba.__version__, llvmlite.__version__, np.__version__, compilers.name, _FORM)
    return None if home is None else home / hashlib.sha256("-".join(parts).encode()).hexdigest()[:16]


def _open_cache(path: Path | None) -> CodeFolder:
    """Return the cache folder, made if it can be; one that others could write to is not read."""
    if path is None:
        return CodeFolder(None, "there is no home folder")
    obstacle = ""
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = path / f".probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
        os.utime(path)
    except OSError as error:
        obstacle = f"{path}: {(error.strerror or str(error)).lower()}"
    if reason := _find_stranger(path):
        return CodeFolder(None, f"{path}: {reason}")
    if not obstacle:
        _prune(path)
    return CodeFolder(path, obstacle)


def _find_stranger(path: Path) -> str:
    """Return why code in a folder may be somebody else's, which is not to be run; empty if it cannot be."""
    try:
        status = path.stat()
    except OSError:
        return ""
    if status.st_uid not in (0, os.geteuid()):
        return "belongs to another user"
    return "everybody may write to it" if status.st_mode & stat.S_IWOTH else ""


def _prune(current: Path) -> None:
    """Drop cache folders of other sources that nobody used for a month."""
    oldest = time.time() - _KEEP_DAYS * 86400
    with suppress(OSError):
        for folder in list(current.parent.iterdir()):
            with suppress(OSError):
                if folder != current and folder.is_dir() and folder.stat().st_mtime < oldest:
                    shutil.rmtree(folder, ignore_errors=True)


def _is_proven(compilers: Compilers) -> bool:
    """True if these compilers have passed their check: then there is a cache folder of theirs."""
    path = _cache_path(compilers)
    return path is not None and os.path.isdir(path)


COMPILERS = choose_compilers(_is_proven)
CACHE = _open_cache(_cache_path(COMPILERS))


def _keep_code(dispatcher: Any) -> Any:
    """Let a compiled function load its code from the cache folder and save it there."""
    if hasattr(dispatcher, "_cache"):
        dispatcher._cache = FunctionCode(dispatcher.py_func, CACHE)
    elif not vars(numba.config)["DISABLE_JIT"]:
        CACHE.obstacle = f"numba {numba.__version__} differs inside"
    return dispatcher


def njit(function: F) -> F:
    """Compile with strict floating point and without the GIL; callable from Python and from compiled code."""
    return cast(F, _keep_code(numba.njit(**COMPILERS.entry)(function)))


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
    return cast(F, _keep_code(numba.njit(**COMPILERS.entry, inline="always")(function)))
