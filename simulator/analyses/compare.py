"""Compare: reads stored runs and compares their plans path by path."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from simulator.results.store import open_run
from simulator.risk import comparison_inputs


def compare(
    run: str | Path,
    other: str | Path | None = None,
    metric: str = "npv",
    *,
    plans: Sequence[str] | None = None,
    tolerance: float = 0.1,
) -> dict[str, Any]:
    """Compare the plans of a run with each other, or those of two runs on the same seed; see risk.paired_comparison.

    `plans` chooses and orders them; differences are to the first. `tolerance` is that of dominance, in the metric's
    unit. Nothing is simulated: it reads the stored samples and, within one run, what was counted over all paths.
    """
    runs = [open_run(run)] if other is None else [open_run(run), open_run(other)]
    spec = comparison_inputs.shared_metric(runs, metric)
    return comparison_inputs.compare_runs(runs, spec, plans, tolerance)
