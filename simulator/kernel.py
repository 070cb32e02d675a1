"""Simulate paths: fill Z, draw the world, value every plan in it.

A block is LANES paths at once, a task any number of paths, whichever they are. Neither the lane width nor the paths
simulated beside a path change a bit of it (except that its IRR is computed or not, see `simulate`). Rows of the
result: the world's figures, then each plan's.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.drivers import arpu, dependence, funding, grid, price, silicon
from simulator.drivers.marginals import sample
from simulator.drivers.silicon import Indices as SiliconIndices
from simulator.finance import metrics as metric
from simulator.finance import workspace as at
from simulator.finance.company import Company
from simulator.finance.metrics import plan_metrics, world_metrics
from simulator.finance.plan.plans import select_plan
from simulator.finance.series import PLAN_SERIES, WORLD_SERIES
from simulator.finance.valuation.plan_value import begin_block, build_variant, value_plan
from simulator.finance.valuation.plan_workspace import PlanWorkspace, allocate_plan_workspace, fill_plan_tables
from simulator.finance.valuation.trace import trace_world
from simulator.finance.workspace import World, aligned_zeros, allocate_world
from simulator.model import Model
from simulator.numerics.jit import inner, njit
from simulator.sampling.sampler import fill

LANES = 128
SAMPLE_PATHS = 131_072  # paths kept whole; figures too slow for every path are computed for these only
DONE = -1
_WORLD_FIGURES = len(world_metrics(()))
_PLAN_FIGURES = len(plan_metrics(()))
_WORLD_SERIES = len(WORLD_SERIES)
_PLAN_SERIES = len(PLAN_SERIES)
SCRATCH_ROWS = 8


class Workspace(NamedTuple):
    """Arrays that one thread works in, reused from block to block."""

    paths: NDArray[np.int64]  # (lanes,) of the block
    z: NDArray[np.float64]  # (rows, lanes)
    scratch: NDArray[np.float64]  # (SCRATCH_ROWS, lanes)
    world: World
    plan: PlanWorkspace
    figures: NDArray[np.float64]  # (figures, lanes)


def figure_count(model: Model) -> int:
    """Rows of a result: figures of the world, then of each plan."""
    per_plan = _PLAN_FIGURES + model.finance.fiscal_years
    return _WORLD_FIGURES + model.grid.mw.size + model.plans.order.size * per_plan


def series_count(model: Model) -> int:
    """Rows of a trace."""
    return _WORLD_SERIES + model.plans.order.size * _PLAN_SERIES


def allocate_workspace(model: Model, lanes: int = LANES) -> Workspace:
    """Empty arrays for blocks of `lanes` paths."""
    return Workspace(
        np.zeros(lanes, dtype=np.int64),
        aligned_zeros(model.draws.rows, lanes),
        aligned_zeros(SCRATCH_ROWS, lanes),
        allocate_world(model.months, model.grid.mw.size, model.price.tenors.size, lanes),
        allocate_plan_workspace(
            model.programme, model.plans, model.finance.test_months.size, model.grid.mw.size, lanes
        ),
        aligned_zeros(figure_count(model), lanes),
    )


@njit
def simulate(
    model: Model,
    seed: int,
    paths: NDArray[np.int64],
    w: Workspace,
    out: NDArray[np.float64],
    trace: NDArray[np.float64],
) -> int:
    """Simulate `paths` (count,), rising, into `out` (figures, count) and, if it has room, `trace`.

    `trace` is (series, months, count), or of length 0. Returns DONE, or a path of the block that has more events than
    its model holds slots for (probability < 1e-12 a list; the numbers of such a run are not to be used). Figures for
    sampled paths only are computed in blocks that begin with one.
    """
    lanes, count = w.z.shape[1], paths.size
    tracing = trace.size > 0
    world_figures = _WORLD_FIGURES + model.grid.mw.size
    per_plan = _PLAN_FIGURES + model.finance.fiscal_years
    plans = model.plans
    company = Company(
        model.marginals, model.grid, model.arpu, model.price.market0_by_month, model.programme, model.finance
    )  # fmt: skip
    fill_plan_tables(model.marginals, plans, w.plan)
    for begin in range(0, count, lanes):
        width = min(lanes, count - begin)
        for lane in range(lanes):
            w.paths[lane] = paths[begin + min(lane, width - 1)]
        fill(model.draws, seed, w.paths, w.z)
        if not draw_world(model, w, tracing):
            return int(paths[begin])
        begin_block(company, w.world, w.plan)
        if tracing:
            trace_world(model.arpu.revenue0_by_month, w.world, trace, begin, width)
        for turn in range(plans.order.size):
            k = plans.order[turn]
            plan = select_plan(plans, k)
            if turn == 0 or plans.variant.number[k] != plans.variant.number[plans.order[turn - 1]]:
                build_variant(company, plan, k, tracing, w.world, w.plan)
            top = world_figures + k * per_plan
            rows = _WORLD_SERIES + k * _PLAN_SERIES
            value_plan(
                company, plan, k, w.world, w.z, paths[begin] < SAMPLE_PATHS, w.plan, w.figures[top : top + per_plan],
                trace[rows:], begin, width,
            )  # fmt: skip
            _copy_figures(w.figures, top, top + per_plan, begin, width, out)
        _copy_figures(w.figures, 0, world_figures, begin, width, out)
    return DONE


@inner
def _copy_figures(
    figures: NDArray[np.float64], first: int, last: int, begin: int, width: int, out: NDArray[np.float64]
) -> None:
    """Copy the rows first .. last - 1 of a block to the result, while they are in the cache."""
    for k in range(first, last):
        values = out[k, begin : begin + width]
        for lane in range(width):
            values[lane] = figures[k, lane]


@inner
def draw_world(model: Model, w: Workspace, tracing: bool) -> bool:
    """Draw one joint realisation of the drivers in every lane from the scores in `w.z`, and the world's figures.

    False if a path has more events than slots. With `tracing` the world's events by month are kept too.
    """
    world, z, m, factors, figures = w.world, w.z, model.marginals, w.world.factors, w.figures
    monthly, events, parameters, sites = world.monthly, world.events, world.parameters, world.sites
    index = SiliconIndices(
        monthly[at.VALUE_INDEX], monthly[at.WORK_INDEX], monthly[at.EFFICIENCY], monthly[at.GENERATION]
    )  # fmt: skip
    dependence.factors(model.dependence, m, z, factors)
    fits = silicon.draw(
        model.silicon, m, factors[at.SILICON_FACTOR], z, w.scratch, index, figures[metric.GENERATIONS],
        figures[metric.PARADIGM_WORST], tracing, events[at.GENERATION_WORTH], events[at.PARADIGM_LOSS],
    )  # fmt: skip
    grid.draw(
        model.grid, m, factors[at.GRID_FACTOR], z, w.scratch, sites[at.ENERGISED], sites[at.BUILT],
        sites[at.BEHIND_METER],
    )  # fmt: skip
    arpu.draw(
        model.arpu, m, factors[at.ARPU_FACTOR], z, w.scratch, monthly[at.AD_NOISE], parameters[at.ELASTICITY],
        parameters[at.MARGIN],
    )  # fmt: skip
    shocks = z[model.arpu.noise_row : model.arpu.noise_row + model.months]
    fits &= price.draw(
        model.price, m, factors[at.PRICE_FACTOR], shocks, z, w.scratch, monthly[at.PRICE], monthly[at.TRAILING_PRICE],
        world.contracts, tracing, events[at.JUMP], events[at.REGIME],
    )  # fmt: skip
    funding.draw(
        model.funding, factors[at.RATES_FACTOR], factors[at.SPREAD_FACTOR], z, w.scratch, world.funding,
        figures[metric.FUNDING_MEAN],
    )  # fmt: skip
    _accumulate_carry(world.funding, world.carry)
    p = model.programme
    sample(m, p.cost_multiplier_marginal, z[p.cost_multiplier_row], parameters[at.COST_MULTIPLIER])
    sample(m, p.operating_cost_marginal, z[p.operating_cost_row], parameters[at.OPERATING_COST])
    sample(m, p.resale_marginal, z[p.resale_row], parameters[at.RESALE])
    _price_figures(world, figures)
    _delay_figures(model.grid.mw, model.grid.planned, sites[at.ENERGISED], figures)
    for lane in range(z.shape[1]):
        figures[metric.EPS, lane] = parameters[at.ELASTICITY, lane]
    return fits


@inner
def _accumulate_carry(funding: NDArray[np.float64], carry: NDArray[np.float64]) -> None:
    """Fill the running sum of the opening rates, a twelfth a month."""
    for m in range(carry.shape[0] - 1):
        for lane in range(carry.shape[1]):
            carry[m + 1, lane] = carry[m, lane] + funding[m, lane] / 12.0


@inner
def _price_figures(world: World, figures: NDArray[np.float64]) -> None:
    """Fill the mean, the minimum and the price in months 12, 36 and 60 (undefined beyond the horizon)."""
    series = world.monthly[at.PRICE]
    months, lanes = series.shape
    mean, least = figures[metric.PRICE_MEAN], figures[metric.PRICE_MIN]
    mean[:] = 0.0
    least[:] = np.inf
    for m in range(months):
        for lane in range(lanes):
            mean[lane] += series[m, lane]
            least[lane] = min(least[lane], series[m, lane])
    for lane in range(lanes):
        mean[lane] /= months
    for k, month in ((metric.PRICE_M12, 12), (metric.PRICE_M36, 36), (metric.PRICE_M60, 60)):
        for lane in range(lanes):
            figures[k, lane] = series[month - 1, lane] if month <= months else np.nan


@inner
def _delay_figures(
    mw: NDArray[np.float64],
    planned: NDArray[np.float64],
    energised: NDArray[np.float64],
    figures: NDArray[np.float64],
) -> None:
    """Fill the delay against plan by site and weighted by MW, and the last site's energisation, months."""
    mean, latest = figures[metric.DELAY_MEAN], figures[metric.LATEST_SITE]
    mean[:] = 0.0
    latest[:] = -np.inf
    total = 0.0
    for site in range(mw.size):
        total += mw[site]
    for site in range(mw.size):
        delay = figures[_WORLD_FIGURES + site]
        for lane in range(delay.size):
            delay[lane] = max(energised[site, lane] - planned[site], 0.0)
            mean[lane] += delay[lane] * (mw[site] / total)
            latest[lane] = max(latest[lane], energised[site, lane])
