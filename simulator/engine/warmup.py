"""Compiling the kernel once, and knowing whether that is still to come."""

from __future__ import annotations

import time
from pathlib import Path

import numba

from simulator.engine.simulation import Job, empty_tallies, pilot
from simulator.numerics.jit import COMPILERS


def is_cold() -> bool:
    """Whether the next simulation has to compile first: no machine code of this source is in the cache."""
    settings = vars(numba.config)
    if settings["DISABLE_JIT"]:
        return False
    folder = Path(settings["CACHE_DIR"] or ".")
    return next(folder.rglob("kernel.simulate-*.nbi"), None) is None


def compile_notice() -> str:
    """Return the line that announces a compile; it says why the compile is a long one where numba differs inside."""
    slow = f", with numba's public compiler, which takes longer ({COMPILERS.reason})" if COMPILERS.reason else ""
    return f"compiling, once{slow}"


def warm(job: Job) -> float:
    """Compile, or load from the cache, all that a run needs; returns the seconds it took."""
    start = time.perf_counter()
    first = pilot(job)
    empty_tallies(job, first).record(0, first)
    return time.perf_counter() - start
