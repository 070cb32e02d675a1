"""Compiles the kernel once, and says whether that is still to come."""

from __future__ import annotations

import time
from pathlib import Path

import numba

from simulator import event_log
from simulator.engine.simulation import Job, empty_tallies, simulate_canary
from simulator.event_log import StageListener
from simulator.numerics.jit import COMPILERS


def is_cold() -> bool:
    """Return True if the next simulation has to compile first: the cache has no machine code of this source."""
    settings = vars(numba.config)
    if settings["DISABLE_JIT"]:
        return False
    folder = Path(settings["CACHE_DIR"] or ".")
    return next(folder.rglob("kernel.simulate-*.nbi"), None) is None


def compile_notice() -> str:
    """Return the line that announces a compile; it says why the compile is a long one where numba differs inside."""
    slow = f", with numba's public compiler, which takes longer ({COMPILERS.reason})" if COMPILERS.reason else ""
    return f"compiling, once{slow}"


def warm_up(job: Job, on_stage: StageListener) -> float:
    """Compile the kernel, or load it from the cache; return the seconds it took. A compilation is announced."""
    if cold := is_cold():
        on_stage(compile_notice())
    start = time.perf_counter()
    canary = simulate_canary(job)
    empty_tallies(job, canary).record(0, canary)
    seconds = time.perf_counter() - start
    event_log.log_event("compile", seconds=seconds, cold=cold)
    return seconds
