"""How much memory a simulation takes, estimated from its config."""

from __future__ import annotations

import os

__all__: list[str] = []  # used in this folder only

LANES = 128  # paths of a block
TASK = 16_384  # paths of a task, whose figures are held at once
TRACED = 8_192  # paths whose monthly series are kept, in single precision
HISTOGRAM = 80 * 1024 * 2 * 8  # bytes of a tallied metric: 40 octaves a sign, 1,024 bins each, two numbers a bin
WORST = 1_000 * 16  # bytes of its worst paths


def memory(months: int, sites: int, plans: int, tally: int, threads: int | None = None) -> float:
    """Bytes, rounded up by taking each thread's arrays at their fullest."""
    threads = threads or os.cpu_count() or 1
    world = 20 + sites
    plan = 41 + months // 12 + 1
    scores = 4 * months + 12 * sites + 200
    block = 8 * LANES * (scores + months * (90 + 4 * sites) + world + plan * plans)
    figures = 8 * TASK * (world + plan * plans)
    tallies = (world + plans * tally) * (HISTOGRAM + WORST)
    series = 4 * TRACED * months * (6 + 27)  # of a plan at a time
    return float(threads * (block + figures) + tallies + series)
