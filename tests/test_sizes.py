"""The memory that is refused before a run is that of the arrays which the run then allocates."""

from __future__ import annotations

import numpy as np
import pytest

from simulator import kernel
from simulator.config import freeze, load
from simulator.config.calendar import fiscal_years
from simulator.results import sizes
from tests.smoke import FLAGSHIP, ROOT, SMOKE


def array_bytes(tree):
    """Bytes of all arrays in a tree of tuples."""
    if isinstance(tree, np.ndarray):
        return tree.nbytes
    return sum(map(array_bytes, tree)) if isinstance(tree, tuple) else 0


@pytest.mark.parametrize("config", [SMOKE, FLAGSHIP, ROOT / "tests/configs/levers.toml"])
def test_the_arrays_of_a_block_fit_into_its_estimate(config):
    frozen = freeze(load(config))
    model, sites, plans = frozen.model, len(frozen.sites), len(frozen.plans)
    figures = len(frozen.world) + plans * len(frozen.plan)
    assert figures == kernel.figure_count(model)
    taken = array_bytes(kernel.allocate_workspace(model))
    assert taken <= sizes.block_memory(model.months, sites, figures) <= 2.5 * taken


def test_an_estimate_counts_the_figures_of_the_config():
    frozen = freeze(load(SMOKE))
    years = fiscal_years(frozen.config.start, frozen.model.months)
    counts = (frozen.model.months, frozen.sites, len(frozen.plans), years, len(frozen.tally))
    single, double = (sizes.estimate_memory(*counts, threads=threads) for threads in (1, 2))
    figures = kernel.figure_count(frozen.model)
    block = sizes.block_memory(frozen.model.months, len(frozen.sites), figures)
    assert double - single == pytest.approx(block + 8 * sizes.TASK_PATHS * figures)
    assert sizes.estimate_memory(*counts) >= single
