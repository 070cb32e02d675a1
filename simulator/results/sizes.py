"""Sizes of a simulation in paths, and the memory that it takes."""

from __future__ import annotations

import os
from collections.abc import Sequence

from simulator.finance.metrics import plan_metrics, world_metrics
from simulator.finance.series import fan_rows
from simulator.kernel import LANES
from simulator.results.histogram import BINS
from simulator.results.tally_kernel import BLOCK
from simulator.results.worst import WORST_PATHS

TASK_PATHS = 16 * BLOCK  # simulated by one thread without a pause: well under a second
TRACED_PATHS = 8 * BLOCK  # first paths whose monthly series are kept for fan charts

_SCORES = 4, 12, 200  # rows of standard scores: a month, a site, at most otherwise
_PLANES = 90, 4  # monthly planes of world and plan: at most, and more a site


def estimate_memory(
    months: int, sites: Sequence[str], plans: int, fiscal_years: Sequence[int], tally: int, threads: int | None = None
) -> float:
    """Return the bytes that a simulation takes, each thread's arrays taken at their fullest.

    `tally` is the number of tallied metrics of a plan; `threads` defaults to one a core.
    """
    threads = threads or os.cpu_count() or 1
    world = len(world_metrics(sites))
    figures = world + plans * len(plan_metrics(fiscal_years))
    tallies = (world + plans * tally) * (16 * BINS + 16 * WORST_PATHS)  # two words a bin, loss and id of a path
    a_thread = block_memory(months, len(sites), figures) + 8 * TASK_PATHS * figures
    return float(threads * a_thread + tallies + trace_memory(TRACED_PATHS, months))


def trace_memory(paths: int, months: int) -> float:
    """Return the bytes of the monthly series of traced paths, one plan at a time, in single precision."""
    return 4.0 * paths * months * len(fan_rows(("",)))


def block_memory(months: int, sites: int, figures: int) -> float:
    """Return the bytes of the arrays of one block, at most; see `kernel.allocate_workspace`."""
    a_month, a_site, others = _SCORES
    planes, site_planes = _PLANES
    return (
        8.0 * LANES * (a_month * months + a_site * sites + others + months * (planes + site_planes * sites) + figures)
    )
