"""The cost of tallies and the sample: the same paths simulated with and without recording them."""

from __future__ import annotations

import itertools
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.flagship import CONFIG
from simulator import kernel
from simulator.config import freeze, load
from simulator.engine import simulation
from simulator.engine.thread_pool import BlockSimulator, Task
from simulator.results.sample import SampleWriter
from simulator.results.sizes import TASK_PATHS
from simulator.results.store import RunFolder


def storing(rounds: int) -> dict[str, Any]:
    """Median us a path of all flagship plans, of their tallies, and of the sample on the paths that it keeps."""
    job = simulation.make_job(freeze(load(CONFIG)), rounds * TASK_PATHS, 1)
    tallies = simulation.empty_tallies(job, simulation.simulate_canary(job))
    block_simulator, times = BlockSimulator(job.model), []
    with tempfile.TemporaryDirectory() as home:
        folder = RunFolder.create(Path(home) / "run")
        with SampleWriter(folder, job.columns, limit=(rounds + 1) * TASK_PATHS) as sample:
            for k in range(rounds + 1):
                clock = [time.perf_counter()]
                figures = block_simulator.simulate(job.seed, Task(kernel.SAMPLE_PATHS + k * TASK_PATHS, TASK_PATHS))
                clock.append(time.perf_counter())
                tallies.record(k * TASK_PATHS, figures)
                clock.append(time.perf_counter())
                sample.record(k * TASK_PATHS, figures)
                clock.append(time.perf_counter())
                times.append([b - a for a, b in itertools.pairwise(clock)])
            sample.close()
    simulated, tallied, stored = (median(part) / TASK_PATHS * 1e6 for part in zip(*times[1:], strict=True))
    share = tallied / (simulated + tallied)
    return {
        "plans": int(job.model.plans.order.size),
        "simulate_us": simulated,
        "tally_us": tallied,
        "sample_us": stored,
        "tally_share": share,
    }
