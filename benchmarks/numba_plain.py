"""The flagship in plain numba: one path at a time, `np.random`, `math.exp`, as a good engineer writes first.

`generator = True` takes the normals from a NumPy generator passed in instead, which numba compiles too, and faster.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.flagship import exponential_rate, require_supported
from benchmarks.ladder import ladder
from benchmarks.numba_plan import WORLD, empty_accounts, value_plan
from benchmarks.numba_sites import empty_months
from benchmarks.numba_world import draw_world, empty_world, njit
from simulator.finance.metrics import plan_metrics
from simulator.model import Model


@njit
def seed_thread(seed):
    """Numba keeps one generator a thread; it is seeded from compiled code in that thread."""
    np.random.seed(seed)


@njit
def simulate_paths(rng, model, jump_rate, shift_rate, region_of, regions, factors, notes, w, b, a, world_rows, out):
    for path in range(out.shape[0]):
        figures = out[path]
        s = draw_world(rng, model, jump_rate, shift_rate, region_of, regions, factors, w, figures)
        value_plan(model, w, s, notes, b, a, figures[world_rows:])


class NumbaPlain:
    """Simulates paths one by one; the object belongs to one thread."""

    def __init__(self, model: Model, seed: int, generator: bool = False) -> None:
        require_supported(model)
        s, p = model.silicon, model.price
        far = model.grid.region_row[model.grid.near_term_flag == 0]
        rows = np.unique(far)
        world_rows = WORLD + model.grid.mw.size
        self.rows = world_rows + len(plan_metrics(())) + model.finance.fiscal_years
        self._arguments = (
            np.random.Generator(np.random.SFC64(seed)) if generator else None,
            model,
            exponential_rate(model, p.jump_rate_marginal) if p.jump_rate_slots else 0.0,
            exponential_rate(model, s.paradigm_rate_marginal) if s.paradigm_rate_slots else 0.0,
            np.minimum(np.searchsorted(rows, model.grid.region_row), rows.size - 1),
            np.empty(rows.size),
            np.empty(6),
            ladder(model),
            empty_world(model.months, model.grid.mw.size),
            empty_months(model.months),
            empty_accounts(model.months),
            world_rows,
        )
        self._seed: int | None = None if generator else seed

    def simulate(self, paths: int) -> NDArray[np.float64]:
        """Figures (rows, paths), in the kernel's row order."""
        if self._seed is not None:
            seed_thread(self._seed)
            self._seed = None
        out = np.full((paths, self.rows), np.nan)  # what is not raced stays undefined
        simulate_paths(*self._arguments, out)
        return out.T
