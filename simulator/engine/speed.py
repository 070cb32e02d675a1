"""Measures how fast this machine simulates: ratios taken side by side, best of several rounds."""

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
from simulator.engine.simulation import Job, empty_tallies, simulate_canary
from simulator.sampling.sampler import fill

ROUNDS = 5
_NORMALS = 1 << 21


def measure(job: Job) -> dict[str, Any]:
    """Return nanoseconds a normal and a path, by threads, those of numpy's own Philox, and the share of the tallies."""
    ours, numpys = _take_best(lambda: _fill(job), lambda: _numpy())
    counts = sorted({1, 2, thread_pool.count_cores()} & set(range(1, max(thread_pool.count_cores(), 2) + 1)))
    tallied, *alone = _take_best(lambda: _paths(job, 1, tally=True), *(lambda k=k: _paths(job, k) for k in counts))
    return {
        "paths": job.paths,
        "plans": int(job.model.plans.order.size),
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


def _take_best(*measurements: Callable[[], float]) -> list[float]:
    """Return the smallest of ROUNDS results of each, taken in turns so that all meet the same machine."""
    rounds = [[measurement() for measurement in measurements] for _ in range(ROUNDS)]
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
    """Return nanoseconds a path, tallied or thrown away."""
    tallies = empty_tallies(job, simulate_canary(job))
    record: thread_pool.RecordFigures = tallies.record if tally else lambda first, figures: None

    def work() -> None:
        for _ in thread_pool.simulate_tasks(job.model, job.seed, thread_pool.split_tasks(job.paths), threads, record):
            continue

    return _timed(work, job.paths)


def cold_compile() -> float:
    """Return the seconds of `simulator warmup` in a process of its own with an empty cache, imports included."""
    with tempfile.TemporaryDirectory() as home:
        start = time.perf_counter()
        command = [sys.executable, "-m", "simulator", "warmup"]
        subprocess.run(command, env={**os.environ, "XDG_CACHE_HOME": home}, check=True, capture_output=True)
        return time.perf_counter() - start
