"""How fast this machine simulates: ratios taken side by side, best of several rounds."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from simulator import kernel
from simulator.engine import thread_pool
from simulator.engine.simulation import Job, empty_tallies, pilot
from simulator.sampling.sampler import fill

ROUNDS = 5
_NORMALS = 1 << 21


def measure(job: Job) -> dict[str, Any]:
    """Nanoseconds a normal and a path, by threads; what numpy's own Philox takes; the share of the tallies."""
    ours, numpys = best(lambda: _fill(job), lambda: _numpy())
    counts = sorted({1, 2, thread_pool.cores()} & set(range(1, max(thread_pool.cores(), 2) + 1)))
    tallied, *alone = best(lambda: _paths(job, 1, tally=True), *(lambda k=k: _paths(job, k) for k in counts))
    return {
        "paths": job.paths,
        "plans": int(job.model.plans.chips.size),
        "sites": int(job.model.grid.mw.size),
        "months": job.model.months,
        "ns_per_normal": ours,
        "numpy_ns_per_normal": numpys,
        "normal_ratio": numpys / ours,
        "ns_per_path": {str(k): ns for k, ns in zip(counts, alone, strict=True)},
        "scaling": {str(k): alone[0] / ns for k, ns in zip(counts, alone, strict=True)},
        "ns_per_path_tallied": tallied,
        "tally_share": max(1.0 - alone[0] / tallied, 0.0),
    }


def best(*measured: Callable[[], float]) -> list[float]:
    """The smallest of ROUNDS results of each, taken in turns so that all meet the same machine."""
    rounds = [[one() for one in measured] for _ in range(ROUNDS)]
    return [min(column) for column in zip(*rounds, strict=True)]


def _timed(work: Callable[[], object], units: int) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) / units * 1e9


def _fill(job: Job) -> float:
    z = np.empty((job.model.draws.rows, kernel.LANES))
    blocks, paths = max(_NORMALS // z.size, 1), np.arange(kernel.LANES)

    def work() -> None:
        for block in range(blocks):
            fill(job.model.draws, job.seed, paths + block * kernel.LANES, z)

    return _timed(work, blocks * z.size)


def _numpy() -> float:
    generator, out = np.random.Generator(np.random.Philox(1)), np.empty(1 << 14)

    def work() -> None:
        for _ in range(_NORMALS // out.size):
            generator.standard_normal(out=out)

    return _timed(work, _NORMALS)


def _paths(job: Job, threads: int, tally: bool = False) -> float:
    """Nanoseconds a path, tallied or thrown away."""
    tallies = empty_tallies(job, pilot(job))
    take: thread_pool.Take = tallies.record if tally else lambda first, figures: None

    def work() -> None:
        for _ in thread_pool.each_task(job.model, job.seed, thread_pool.tasks(job.paths), threads, take):
            continue

    return _timed(work, job.paths)


def cold_compile() -> float:
    """Seconds that `simulator warmup` takes in a process of its own with an empty cache, imports included."""
    with tempfile.TemporaryDirectory() as home:
        start = time.perf_counter()
        command = [sys.executable, "-m", "simulator", "warmup"]
        subprocess.run(command, env={**os.environ, "XDG_CACHE_HOME": home}, check=True, capture_output=True)
        return time.perf_counter() - start
