"""Fan charts of a run: its first paths with every monthly series kept, and their quantiles by month."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator import kernel
from simulator.engine.scenario_samples import only_plan
from simulator.engine.thread_pool import BlockSimulator, Task
from simulator.finance.series import WORLD_SERIES, fan_rows, series_names
from simulator.model import Model

TRACED = 8192  # paths
_CHUNK = 512  # paths simulated at a time: bounds the memory of full precision
QUANTILES = {"q05": 0.05, "q25": 0.25, "q50": 0.50, "q75": 0.75, "q95": 0.95}


def fan(model: Model, plans: tuple[str, ...], seed: int, paths: int) -> dict[str, Any]:
    """Columns of `series.parquet`, one row a series and month: series, month, q05 .. q95, mean over the first paths.

    The quantile of a share p of n values is the ceil(p n)-th smallest, as everywhere. One plan is traced at a time, in
    single precision: at 8,192 paths and 120 months that is 130 MB, however many plans there are.
    """
    paths = min(paths, TRACED)
    every, of_plan = fan_rows(plans[:1]), tuple(row for row in fan_rows(plans[:1]) if row >= len(WORLD_SERIES))
    parts = [_bands(only_plan(model, k), of_plan if k else every, seed, paths) for k in range(len(plans))]
    names = [series_names(plans)[row] for row in fan_rows(plans)]
    return {
        "series": np.repeat(np.array(names, dtype=object), model.months),
        "month": np.tile(np.arange(model.months), len(names)),
        **{name: np.concatenate([part[name] for part in parts]) for name in parts[0]},
    }


def _bands(model: Model, rows: tuple[int, ...], seed: int, paths: int) -> dict[str, NDArray[np.float64]]:
    """Mean and quantiles by month, (series x months,), of some rows of a trace."""
    block_simulator = BlockSimulator(model, _CHUNK)
    count = kernel.series_count(model)
    kept = np.empty((len(rows), model.months, paths), dtype=np.float32)
    for first in range(0, paths, _CHUNK):
        some = min(_CHUNK, paths - first)
        trace = np.empty((count, model.months, some))
        block_simulator.simulate(seed, Task(first, some), trace)
        kept[:, :, first : first + some] = trace[list(rows)]
    bands = {"mean": kept.mean(axis=2, dtype=np.float64).ravel()}
    kept.sort(axis=2)
    for name, share in QUANTILES.items():
        bands[name] = kept[:, :, int(np.ceil(share * paths)) - 1].astype(np.float64).ravel()
    return bands
