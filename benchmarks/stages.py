"""The kernel's time by stage: its compiled parts run on their own, over and over in the same block of paths.

The plan's part, with the copying out of figures, is what the kernel takes beyond draws and world.
"""

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


@njit
def _fill(model, seed, blocks, w):
    for _ in range(blocks):
        fill(model.draws, seed, w.paths, w.z)


@njit
def _world(model, seed, blocks, w):
    for _ in range(blocks):
        kernel.draw_world(model, w, False)


def stages(rounds: int, blocks: int = 200) -> dict[str, Any]:
    """Median microseconds a path of the kernel's parts, measured in turns; `all` is the kernel as it runs."""
    model = flagship().model
    work = kernel.allocate_workspace(model)
    lanes = work.z.shape[1]
    out = np.empty((kernel.figure_count(model), blocks * lanes))
    trace = np.empty((0, model.months, 0))

    def whole() -> None:
        kernel.simulate(model, 1, kernel.SAMPLE_PATHS + np.arange(out.shape[1]), work, out, trace)

    parts: dict[str, Callable[[], Any]] = {
        "all": whole,
        "draws": lambda: _fill(model, 1, blocks, work),
        "world": lambda: _world(model, 1, blocks, work),
    }
    times: dict[str, list[float]] = {name: [] for name in parts}
    for k in range(rounds + 1):
        for name, part in parts.items():
            start = time.perf_counter()
            part()
            if k:  # the first round compiles
                times[name].append((time.perf_counter() - start) / out.shape[1] * 1e6)
    medians = {name: median(values) for name, values in times.items()}
    return medians | {"plan": medians["all"] - medians["draws"] - medians["world"], "lanes": lanes}
