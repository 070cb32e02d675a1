"""Compiles the kernel once, and says whether that is still to come."""

from __future__ import annotations

import time

import numba

from simulator import event_log
from simulator.engine.simulation import Job, empty_tallies, simulate_canary
from simulator.event_log import StageListener
from simulator.numerics.jit import CACHE, COMPILERS


def is_cold() -> bool:
    """Return True if the next simulation has to compile first: the cache has no machine code of this source."""
    return not (vars(numba.config)["DISABLE_JIT"] or CACHE.holds("kernel.simulate"))


def compile_notice() -> str:
    """Return the line that announces a compile; it says why the compile is a long one where numba differs inside."""
    slow = f", with numba's public compiler, which takes longer ({COMPILERS.reason})" if COMPILERS.reason else ""
    return f"compiling{', for this run only' if CACHE.obstacle else ', once'}{slow}{_keeping_notice()}"


def _keeping_notice() -> str:
    """Return why compiled code is not kept, and how it would be; empty if it is."""
    if not CACHE.obstacle:
        return ""
    return f"; compiled code cannot be kept ({CACHE.obstacle}): NUMBA_CACHE_DIR names a folder that can be written to"


def warm_up(job: Job, on_stage: StageListener) -> float:
    """Compile the kernel, or load it from the cache; return the seconds it took. A compilation is announced."""
    before = CACHE.obstacle
    if cold := is_cold():
        on_stage(compile_notice())
    start = time.perf_counter()
    canary = simulate_canary(job)
    empty_tallies(job, canary).record(0, canary)
    seconds = time.perf_counter() - start
    if cold and CACHE.obstacle and not before:
        on_stage(_keeping_notice().removeprefix("; "))
    event_log.log_event("compile", seconds=seconds, cold=cold)
    return seconds
