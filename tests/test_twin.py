"""The kernel against its naive twin: same frozen numbers, same scores, every figure of every path.

Amounts agree to 1e-12 of max(|value|, sum of absolute flows), ratios and rates to 1e-12 of max(|value|, 1); events,
months and counts exactly. What is undefined in one is undefined in the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulator import kernel
from simulator.config import freeze, load
from simulator.config.freeze import Frozen
from simulator.finance.metrics import Metric
from simulator.finance.series import series_names
from simulator.sampling.sampler import fill
from tests import naive

HERE = Path(__file__).parent
FLAGSHIP = HERE.parent / "configs" / "hyperscaler.toml"
LEVERS = HERE / "configs" / "levers.toml"
SEED = 20_260_701
IRR_TOLERANCE = 1e-9  # both find the root by halving
EXACT = {"event", "month", "count"}
SERIES = {
    "price": "price", "p12": "p12", "ads": "ads", "value": "value", "funding": "rs", "efficiency": "effic",
}  # fmt: skip
PLAN_SERIES = {
    "cumulative": "cumulative", "ebitda": "ebitda", "cash": "cash", "revolver": "revolver", "cfads": "cfads",
    "work": "W",
}  # fmt: skip


def both(frozen: Frozen, paths: int) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    """Figures and trace of the kernel, and the twin's answer to the same scores."""
    model = frozen.model
    out = np.empty((kernel.figure_count(model), paths))
    trace = np.empty((kernel.series_count(model), model.months, min(paths, 256)))
    work = kernel.workspace(model)
    assert kernel.simulate(model, SEED, 0, trace.shape[2], work, out[:, : trace.shape[2]].copy(), trace) == kernel.DONE
    assert kernel.simulate(model, SEED, 0, paths, work, out, np.empty((0, 0, 0))) == kernel.DONE
    z = np.empty((model.draws.rows, paths))
    fill(model.draws, SEED, 0, z)
    years = [int(m.name.removeprefix("eps_fy")) for m in frozen.plan if m.name.startswith("eps_fy")]
    return out, trace, naive.simulate(model, z, frozen.sites, years)


def disagreement(metric: Metric, ours: np.ndarray, twin: np.ndarray, flows: np.ndarray | None) -> float:
    """Largest error in units of the tolerance; infinite where only one side is undefined."""
    if not np.array_equal(np.isnan(ours), np.isnan(twin)):
        return float("inf")
    error = np.abs(ours - twin)[~np.isnan(ours)]
    if error.size == 0 or metric.kind in EXACT:
        return float("inf") if error.size and error.max() > 0.0 else 0.0
    scale = np.abs(twin) if flows is None else np.maximum(np.abs(twin), flows)
    if metric.kind in {"ratio", "rate", "years"}:
        scale = np.maximum(scale, 1.0)
    tolerance = IRR_TOLERANCE if metric.name == "irr" else 1e-12
    return float((error / (tolerance * np.maximum(scale[~np.isnan(ours)], 1e-300))).max())


def disagreements(frozen: Frozen, out: np.ndarray, twin: dict[str, Any]) -> dict[str, float]:
    """Figures that differ by more than their tolerance."""
    owners = [("world", frozen.world, twin["world"], twin["world_flows"])]
    owners += [(p, frozen.plan, twin["plans"][i], twin["flows"][i]) for i, p in enumerate(frozen.plans)]
    found, row = {}, 0
    for owner, metrics, values, flows in owners:
        for metric in metrics:
            size = disagreement(metric, out[row], values[metric.name], flows.get(metric.name))
            if size > 1.0:
                found[f"{owner}.{metric.name}"] = size
            row += 1
    assert row == len(out)
    return found


CASES: dict[str, tuple[Path, int, Sequence[str]]] = {
    "flagship": (FLAGSHIP, 20_000, ()),
    "t copula off, regime price": (FLAGSHIP, 2_000, ("drivers.price.model=regime", "dependence.family=gaussian")),
    "short": (FLAGSHIP, 500, ("months=37",)),
    "levers": (LEVERS, 2_000, ()),
    "levers, regime price, t copula": (LEVERS, 500, ("drivers.price.model=regime", "dependence.family=t", "months=61")),
}


@pytest.mark.parametrize("case", CASES)
def test_the_kernel_agrees_with_its_naive_twin(case: str) -> None:
    path, paths, overrides = CASES[case]
    frozen = freeze(load(path, overrides))
    out, trace, twin = both(frozen, paths)
    assert disagreements(frozen, out, twin) == {}
    rows = {name: trace[i] for i, name in enumerate(series_names(frozen.plans))}
    for name, other in SERIES.items():
        np.testing.assert_allclose(rows[f"world.{name}"], twin["series"][other][:, : trace.shape[2]], rtol=1e-11)
    for i, plan in enumerate(frozen.plans):
        for name, other in PLAN_SERIES.items():
            expected = twin["plan_series"][i][other][:, : trace.shape[2]]
            np.testing.assert_allclose(rows[f"{plan}.{name}"], expected, rtol=1e-11, atol=1e-9)


def test_a_wrong_figure_would_be_found() -> None:
    metric = Metric("npv", "amount", "USD bn", "low", False, "")
    ours = np.array([1.0, 2.0])
    assert disagreement(metric, ours, ours + np.array([0.0, 3e-12]), np.array([1.0, 2.0])) > 1.0
    assert disagreement(metric, ours, ours + np.array([0.0, 5e-13]), np.array([1.0, 2.0])) < 1.0
    assert disagreement(metric, ours, np.array([1.0, np.nan]), None) == float("inf")
