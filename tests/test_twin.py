"""The kernel against its naive twin: same frozen numbers, same scores, every figure and every month of every path.

Amounts agree to 1e-12 of max(|value|, sum of absolute flows), ratios and rates to 1e-11 of max(|value|, 1), as a swept
ladder keeps its balance as a difference; events, months and counts exactly. What is undefined in one is undefined in
the other. Contract prices are polynomials in the kernel and integrals in the twin: they are compared by themselves, and
the twin then values plans at the kernel's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from simulator import kernel
from simulator.config import freeze, load
from simulator.config.freeze import Frozen
from simulator.finance.metrics import Metric
from simulator.finance.series import PLAN_SERIES, WORLD_SERIES
from simulator.sampling.sampler import fill
from tests import naive

HERE = Path(__file__).parent
FLAGSHIP = HERE.parent / "configs" / "hyperscaler.toml"
LEVERS = HERE / "configs" / "levers.toml"
SEED = 20_260_701
IRR_TOLERANCE = 1e-9  # both find the root by halving
MISSED_ROOTS = 0.002  # share of paths
CONTRACT_TOLERANCE = 1e-9  # of the polynomial
EXACT = {"event", "month", "count"}
AT_ONCE = 1_000  # paths
TWIN_CALLS = {"funding": "rs", "efficiency": "effic", "work": "W", "in_service": "mw_in_service"}


class Both(NamedTuple):
    """Consecutive paths by kernel and twin."""

    out: np.ndarray  # figures of the kernel, (figures, paths)
    trace: np.ndarray  # (series, months, paths)
    contracts: np.ndarray  # the kernel's, (tenors, months, paths)
    twin: dict[str, Any]


def both(frozen: Frozen, paths: int) -> Iterator[Both]:
    """Figures and trace of the kernel, and the twin's answer to the same scores, at most AT_ONCE paths at a time."""
    model, lanes = frozen.model, min(paths, AT_ONCE)
    work = kernel.allocate_workspace(model, lanes)
    years = [int(m.name.removeprefix("eps_fy")) for m in frozen.plan if m.name.startswith("eps_fy")]
    for first in range(0, paths, lanes):
        block, out = np.arange(first, first + lanes), np.empty((kernel.figure_count(model), lanes))
        trace = np.empty((kernel.series_count(model), model.months, lanes))
        assert kernel.simulate(model, SEED, block, work, out, trace) == kernel.DONE
        plain = np.empty_like(out)
        assert kernel.simulate(model, SEED, block, work, plain, np.empty((0, 0, 0))) == kernel.DONE
        np.testing.assert_array_equal(plain, out)  # tracing changes nothing
        z = np.empty((model.draws.rows, lanes))
        fill(model.draws, SEED, block, z)
        twin = naive.simulate(model, z, frozen.sites, years, work.world.contracts)
        yield Both(out, trace, work.world.contracts, twin)


def disagreement(metric: Metric, ours: np.ndarray, twin: np.ndarray, flows: np.ndarray | None) -> float:
    """Largest error in units of the tolerance; infinite where only one side is undefined."""
    if metric.name.endswith("irr"):  # roots closer than the kernel's grid of 5 points: seen by the twin's alone
        missed = ~np.isnan(ours) & np.isnan(twin)
        ours = np.where(missed & (missed.mean() <= MISSED_ROOTS), np.nan, ours)
    if not np.array_equal(np.isnan(ours), np.isnan(twin)):
        return float("inf")
    error = np.abs(ours - twin)[~np.isnan(ours)]
    if error.size == 0 or metric.kind in EXACT:
        return float("inf") if error.size and error.max() > 0.0 else 0.0
    scale, tolerance = np.abs(twin) if flows is None else np.maximum(np.abs(twin), flows), 1e-12
    if metric.kind in {"ratio", "rate", "years"}:
        scale = np.maximum(scale, 1.0)
        tolerance = IRR_TOLERANCE if metric.name.endswith("irr") else 1e-11
    return float((error / (tolerance * np.maximum(scale[~np.isnan(ours)], 1e-300))).max())


def disagreements(frozen: Frozen, out: np.ndarray, twin: dict[str, Any]) -> dict[str, float]:
    """Figures that differ by more than their tolerance."""
    owners = [("world", frozen.world, twin["world"], twin["world_flows"])]
    owners += [(p, frozen.plan, twin["plans"][i], twin["flows"][i]) for i, p in enumerate(frozen.plans)]
    sizes, row = {}, 0
    for owner, metrics, values, flows in owners:
        for metric in metrics:
            size = disagreement(metric, out[row], values[metric.name], flows.get(metric.name))
            if size > 1.0:
                sizes[f"{owner}.{metric.name}"] = size
            row += 1
    assert row == len(out)
    return sizes


STRESSED = (
    "drivers.price.shock=-0.7", "drivers.silicon.shock_loss=0.4", "drivers.silicon.shock_month=30",
    "drivers.grid.score_shift=1.5", "dependence.shift.price=0.5", "dependence.shift.spread=1.0",
)  # fmt: skip
CASES: dict[str, tuple[Path, int, Sequence[str]]] = {
    "flagship": (FLAGSHIP, 6_000, ()),
    "t copula off, regime price": (FLAGSHIP, 1_000, ("drivers.price.model=regime", "dependence.family=gaussian")),
    "short": (FLAGSHIP, 500, ("months=37",)),
    "stressed": (FLAGSHIP, 500, STRESSED),
    "levers": (LEVERS, 3_000, ("drivers.funding.spread0=0.02",)),
    "levers, regime price, t copula": (
        LEVERS, 1_000, ("drivers.price.model=regime", "dependence.family=t", "months=121", "drivers.price.shock=0.3"),
    ),
    "levers, every JV with chips": (LEVERS, 1_000, ("plans.shells.jv.assets=all", *STRESSED)),
    "levers, many exits": (
        LEVERS, 1_000, ("drivers.price.longrun=4", "plans.shells.jv.rate=0.2", "plans.shells.jv.renewal_years=2"),
    ),
    "levers, tenants of a month where sites are left": (
        LEVERS,
        300,
        (
            "drivers.price.longrun=4", "plans.shells.jv.rate=0.2", "plans.shells.jv.renewal_years=2",
            "plans.shells.lease_excess.term=18", "plans.shells.lease_excess.default_rate=9",
        ),
    ),
    "levers, ads that leap and long terms": (
        LEVERS, 300, ("drivers.arpu.elasticity=1.5", "drivers.arpu.lag=1", "plans.rented.cloud.term=170"),
    ),
    "levers, at work in month 0": (
        LEVERS, 300, ("programme.training=0", "programme.deployment=0", "sites.near.planned=1", "months=80"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
@pytest.mark.timeout(900)  # 20 s of the kernel's 1,000 paths by the twin, and a compiler that may be busy
def test_the_kernel_agrees_with_its_naive_twin(case: str) -> None:
    path, paths, overrides = CASES[case]
    frozen = freeze(load(path, overrides))
    for part in both(frozen, paths):
        assert disagreements(frozen, part.out, part.twin) == {}
        np.testing.assert_allclose(part.contracts, part.twin["contracts"], rtol=CONTRACT_TOLERANCE)
        rows = iter(part.trace)
        for name in WORLD_SERIES:
            np.testing.assert_allclose(next(rows), part.twin["series"][TWIN_CALLS.get(name, name)], 1e-11, 1e-14)
        for plan, series in zip(frozen.plans, part.twin["plan_series"], strict=True):
            for name in PLAN_SERIES:
                expected = series[TWIN_CALLS.get(name, name)]
                rounding = 1e-9 + 1e-12 * np.abs(expected).max()  # of running sums
                np.testing.assert_allclose(next(rows), expected, rtol=1e-11, atol=rounding, err_msg=f"{plan}.{name}")


def test_a_wrong_figure_would_be_found() -> None:
    metric = Metric("npv", "amount", "USD bn", "low", False, "")
    ours = np.array([1.0, 2.0])
    assert disagreement(metric, ours, ours + np.array([0.0, 3e-12]), np.array([1.0, 2.0])) > 1.0
    assert disagreement(metric, ours, ours + np.array([0.0, 5e-13]), np.array([1.0, 2.0])) < 1.0
    assert disagreement(metric, ours, np.array([1.0, np.nan]), None) == float("inf")
