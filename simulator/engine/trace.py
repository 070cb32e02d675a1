"""Fan charts of a run: its first paths with every monthly series kept, and their quantiles by month."""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator.engine.local import Slot, Task
from simulator.finance.series import series_names
from simulator.model import Model

TRACED = 8192  # paths
_CHUNK = 512  # paths simulated at a time: bounds the memory of full precision
QUANTILES = {"q05": 0.05, "q25": 0.25, "q50": 0.50, "q75": 0.75, "q95": 0.95}


def fan(model: Model, plans: tuple[str, ...], seed: int, paths: int) -> dict[str, Any]:
    """Columns of `series.parquet`, one row a series and month: series, month, q05 .. q95, mean over the first paths.

    The quantile of a share p of n values is the ceil(p n)-th smallest, as everywhere. Values are kept in single
    precision meanwhile: at 8,192 paths and five plans that is 300 MB instead of 600.
    """
    names = series_names(plans)
    paths = min(paths, TRACED)
    slot = Slot(model, _CHUNK)
    kept = np.empty((len(names), model.months, paths), dtype=np.float32)
    for first in range(0, paths, _CHUNK):
        count = min(_CHUNK, paths - first)
        trace = np.empty((len(names), model.months, count))
        slot.simulate(seed, Task(first, count), trace)
        kept[:, :, first : first + count] = trace
    columns: dict[str, Any] = {
        "series": np.repeat(np.array(names, dtype=object), model.months),
        "month": np.tile(np.arange(model.months), len(names)),
        "mean": kept.mean(axis=2, dtype=np.float64).ravel(),
    }
    kept.sort(axis=2)
    for name, share in QUANTILES.items():
        columns[name] = kept[:, :, int(np.ceil(share * paths)) - 1].astype(np.float64).ravel()
    return columns
