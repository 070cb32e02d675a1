"""The cost of one more plan: worlds are drawn once and every plan is valued in them.

The flagship's worlds with one plan against the same worlds with all of them, measured in turns on one thread.
"""

from __future__ import annotations

import time
from math import fsum
from statistics import median
from typing import Any

import numpy as np

from benchmarks.flagship import CONFIG
from simulator import kernel
from simulator.config import freeze, load
from simulator.engine.scenario_samples import only_plan


def plans(rounds: int, paths: int = 50 * kernel.LANES) -> dict[str, Any]:
    """Median microseconds a path of worlds with each plan alone and with all, and all over each and over their mean."""
    frozen = freeze(load(CONFIG))
    models = {"all": frozen.model} | {name: only_plan(frozen.model, k) for k, name in enumerate(frozen.plans)}
    work = {name: kernel.allocate_workspace(model) for name, model in models.items()}
    out = {name: np.empty((kernel.figure_count(model), paths)) for name, model in models.items()}
    times: dict[str, list[float]] = {name: [] for name in models}
    trace = np.empty((0, frozen.model.months, 0))
    for k in range(rounds + 1):
        for name, model in models.items():
            start = time.process_time()
            kernel.simulate(model, 1, kernel.SAMPLE_PATHS + np.arange(paths), work[name], out[name], trace)
            if k:  # the first round compiles
                times[name].append((time.process_time() - start) / paths * 1e6)
    medians = {name: median(values) for name, values in times.items()}
    over = {name: median(a / b for a, b in zip(times["all"], times[name], strict=True)) for name in frozen.plans}
    means = [fsum(row) / len(row) for row in zip(*(times[name] for name in frozen.plans), strict=True)]
    mean = median(a / b for a, b in zip(times["all"], means, strict=True))
    return {"us": medians, "plans": len(frozen.plans), "all_over": over, "all_over_mean": mean}
