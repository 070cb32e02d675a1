"""The flagship in blocked, vectorised NumPy: SFC64 normals, operations in place, blocks that fit the L2 cache."""

from __future__ import annotations

import numpy as np

from benchmarks.flagship import require_supported
from benchmarks.numpy_plan import Plan
from benchmarks.numpy_tables import Array
from benchmarks.numpy_world import World
from simulator.finance.metrics import plan_metrics, world_metrics
from simulator.model import Model

BLOCKS = (128, 256, 512, 1024, 2048, 4096, 8192, 16384)  # paths, for the sweep


class NumpyModel:
    """Simulates blocks of `block` paths, each with random numbers of its own."""

    def __init__(self, model: Model, block: int, seed: int) -> None:
        require_supported(model)
        self.block = block
        self._world = World(model, block, np.random.Generator(np.random.SFC64(seed)))
        self._plan = Plan(model, self._world)
        self._world_rows = len(world_metrics(())) + model.grid.mw.size
        self.rows = self._world_rows + len(plan_metrics(())) + model.finance.fiscal_years

    def simulate(self, paths: int) -> Array:
        """Figures (rows, paths), in the kernel's row order; `paths` is a multiple of the block."""
        out = np.empty((self.rows, paths))
        figures = np.full((self.rows, self.block), np.nan)  # what is not raced stays undefined
        with np.errstate(invalid="ignore", divide="ignore"):
            for begin in range(0, paths, self.block):
                self._world.draw(figures[: self._world_rows])
                self._plan.value(figures[self._world_rows :])
                out[:, begin : begin + self.block] = figures
        return out
