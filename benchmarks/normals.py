"""Nanoseconds a standard normal: the kernel's sampler against numpy's generators, one thread, side by side."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np

from benchmarks.flagship import flagship
from simulator import kernel
from simulator.numerics.jit import njit
from simulator.sampling.sampler import fill

BLOCK = 1 << 14  # normals numpy makes at a time: they stay in the cache
GENERATORS = {"numpy Philox": np.random.Philox, "numpy SFC64": np.random.SFC64, "numpy PCG64": np.random.PCG64}


@njit
def _fill(draws, seed, blocks, paths, z):
    for _ in range(blocks):
        fill(draws, seed, paths, z)


def normals(rounds: int, count: int = 1 << 22) -> dict[str, Any]:
    """ns a normal of each generator (median) and how many times ours is faster (median of the rounds' ratios)."""
    draws = flagship().model.draws
    z, out = np.empty((draws.rows, kernel.LANES)), np.empty(BLOCK)
    blocks = max(count // z.size, 1)

    def numpys(generator: np.random.Generator) -> Callable[[], int]:
        def work() -> int:
            for _ in range(count // BLOCK):
                generator.standard_normal(out=out)
            return count // BLOCK * BLOCK

        return work

    def ours() -> int:
        _fill(draws, 1, blocks, np.arange(kernel.LANES), z)
        return blocks * z.size

    makers = {"sampler.fill": ours}
    makers |= {name: numpys(np.random.Generator(bits(1))) for name, bits in GENERATORS.items()}
    times: dict[str, list[float]] = {name: [] for name in makers}
    for k in range(rounds + 1):
        for name, make in makers.items():
            start = time.perf_counter()
            made = make()
            if k:  # the first round compiles
                times[name].append((time.perf_counter() - start) / made * 1e9)
    mine = times["sampler.fill"]
    ratios = {name: median(b / a for a, b in zip(mine, times[name], strict=True)) for name in GENERATORS}
    return {"ns": {name: median(values) for name, values in times.items()}, "times_faster": ratios}
