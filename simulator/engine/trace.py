"""Fan charts of a run: its first paths with every monthly series kept, and their quantiles by month."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator import kernel
from simulator.engine.scenario_samples import only_plan
from simulator.engine.thread_pool import BlockSimulator, Task
from simulator.finance.series import WORLD_SERIES, fan_rows, series_names
from simulator.model import Model
from simulator.results.sizes import TRACED_PATHS

_CHUNK = 256  # paths simulated at a time: bounds the memory of full precision
QUANTILES = {"q05": 0.05, "q25": 0.25, "q50": 0.50, "q75": 0.75, "q95": 0.95}


def fan(model: Model, plans: tuple[str, ...], seed: int, paths: int, threads: int = 1) -> dict[str, Any]:
    """Columns of `series.parquet`, one row a series and month: series, month, q05 .. q95, mean over the first paths.

    The quantile of a share p of n values is the ceil(p n)-th smallest, as everywhere. One plan is traced at a time, in
    single precision: at 8,192 paths and 120 months that is 140 MB, however many plans there are.
    """
    paths = min(paths, TRACED_PATHS)
    every = fan_rows(plans[:1])
    of_plan = tuple(row for row in every if row >= len(WORLD_SERIES))
    values = np.empty((len(every), model.months, paths), dtype=np.float32)  # once: new pages cost more than the sort
    parts = []
    for k in range(len(plans)):
        rows = of_plan if k else every
        parts.append(_bands(only_plan(model, k), rows, seed, values[: len(rows)], threads))
    names = [series_names(plans)[row] for row in fan_rows(plans)]
    return {
        "series": np.repeat(np.array(names, dtype=object), model.months),
        "month": np.tile(np.arange(model.months), len(names)),
        **{name: np.concatenate([part[name] for part in parts]) for name in parts[0]},
    }


def _bands(
    model: Model, rows: tuple[int, ...], seed: int, values: NDArray[np.float32], threads: int
) -> dict[str, NDArray[np.float64]]:
    """Mean and quantiles by month, (series x months,), of some rows of a trace.

    `values` (rows, months, paths) is scratch for the traced values.
    """
    paths = values.shape[2]
    threads = min(threads, -(-paths // _CHUNK))
    bands = {name: np.empty(values.shape[:2]) for name in ("mean", *QUANTILES)}

    def trace_paths(thread: int) -> None:
        block_simulator = BlockSimulator(model, _CHUNK)
        buffer = np.empty(kernel.series_count(model) * model.months * min(_CHUNK, paths))
        for first in range(thread * _CHUNK, paths, threads * _CHUNK):
            count = min(_CHUNK, paths - first)
            trace = buffer[: buffer.size // min(_CHUNK, paths) * count].reshape(-1, model.months, count)
            block_simulator.simulate(seed, Task(first, count), trace)
            for k, row in enumerate(rows):
                values[k, :, first : first + count] = trace[row]

    def take_bands(thread: int) -> None:
        part = values[thread::threads]
        bands["mean"][thread::threads] = part.mean(axis=2, dtype=np.float64)
        part.sort(axis=2)  # a full sort: faster than partitions by five ranks (8,192 values: 5 times)
        for name, share in QUANTILES.items():
            bands[name][thread::threads] = part[:, :, int(np.ceil(share * paths)) - 1]

    with ThreadPoolExecutor(threads) as pool:
        for step in (trace_paths, take_bands):
            list(pool.map(step, range(threads)))
    return {name: band.ravel() for name, band in bands.items()}
