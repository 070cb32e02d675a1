"""NPV as a sum of cash-flow lines, path by path: what the Euler allocation of a tail to lines rests on.

CVaR is homogeneous of degree 1 in the lines, so that its Euler contributions, the mean of each line over the tail, add
up to it (Tasche 1999, arXiv:cond-mat/0104190). Each line is the present value of a kind of flow, discounted as in npv:
the project's flows at the WACC, what passes between the partners of a joint venture at its rate after tax.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from simulator import kernel
from simulator.engine.interrupt import Stop
from simulator.engine.thread_pool import BlockSimulator
from simulator.errors import Interrupted
from simulator.finance import metrics as metric
from simulator.finance import workspace as at
from simulator.finance.series import PLAN_ROWS, WORLD_SERIES
from simulator.model import Model

__all__: list[str] = []  # used in this folder only

CASH_LINES = {
    "ads": "ad revenue at its margin",
    "leasing": "leasing of spare capacity",
    "operating_cost": "operating cost",
    "cloud": "capacity rented from a cloud",
    "capex": "capex",
    "assets_sold": "assets sold",
    "tax": "tax",
    "terminal": "terminal value",
    "partner_funding": "partner's funding",
    "partner_rent": "rent to the partner",
    "guarantee": "residual-value guarantee",
}


def cash_lines(
    model: Model, seed: int, paths: NDArray[np.int64], threads: int, stop: Stop
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lines (len(CASH_LINES), paths) of the only plan of a model, USD bn, and its npv (paths,).

    A line that is a cost is negative; the lines of a path add up to its npv. `paths` rise.
    """
    blocks = np.array_split(paths, max(-(-paths.size // kernel.LANES), 1))
    lines, npv = np.empty((len(CASH_LINES), paths.size)), np.empty(paths.size)
    firsts = np.cumsum([0, *(block.size for block in blocks)])

    def value_blocks(thread: int) -> None:
        simulator = BlockSimulator(model, kernel.LANES)
        buffer = np.empty(kernel.series_count(model) * model.months * kernel.LANES)
        for k in range(thread, len(blocks), threads):
            if stop:
                raise Interrupted("stopped; nothing is kept.", stop.signum)
            count = blocks[k].size
            trace = buffer[: buffer.size // kernel.LANES * count].reshape(-1, model.months, count)
            figures = simulator.simulate_paths(seed, blocks[k], trace)
            here = slice(firsts[k], firsts[k + 1])
            lines[:, here] = _block_lines(model, simulator, trace[len(WORLD_SERIES) :])
            npv[here] = figures[kernel.figure_count(model) - _plan_figures(model) + metric.NPV]

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(value_blocks, range(threads)))
    return lines, npv


def _plan_figures(model: Model) -> int:
    """Figures of a plan: those of every plan, and one a fiscal year."""
    return len(metric.plan_metrics(())) + model.finance.fiscal_years


def _block_lines(model: Model, simulator: BlockSimulator, series: NDArray[np.float64]) -> NDArray[np.float64]:
    """The lines (lines, count) of the block just simulated; `series` (rows, months, count) is the plan's trace."""
    f, plans, w, count = model.finance, model.plans, simulator.work.plan, series.shape[2]
    own_share, after_tax = float(plans.own_share[0]), 1.0 - f.tax
    flows, totals = w.flows[:, :, :count], w.totals[:, :count]
    has_jv, has_disposal = bool(plans.jv.on[0]), bool(plans.disposal.on[0])
    depreciation = own_share * flows[at.NET_DEPRECIATION]
    if has_disposal:
        depreciation = w.ledger[at.PLAN_NET_DEPRECIATION, :, :count]
    operating_cost, capex, sold = own_share * flows[at.RUNNING_COST], series[PLAN_ROWS.capex], series[PLAN_ROWS.sale]
    ebitda, lease, cloud = series[PLAN_ROWS.ebitda], series[PLAN_ROWS.lease], series[PLAN_ROWS.cloud]
    at_wacc = f.wacc_discount
    guarantee_at_end = own_share * totals[at.GUARANTEE_AT_END] if has_jv else np.zeros(count)
    at_jv = plans.jv.discount[0] if has_jv else np.zeros_like(at_wacc)
    return np.array(
        [
            at_wacc @ (ebitda - lease + cloud + operating_cost),
            at_wacc @ lease,
            -(at_wacc @ operating_cost),
            -(at_wacc @ cloud),
            -(at_wacc @ capex),
            at_wacc @ sold,
            -f.tax * (at_wacc @ (ebitda - depreciation)),
            at_wacc[-1] * (w.end_value[:count] + after_tax * guarantee_at_end),
            at_jv @ series[PLAN_ROWS.partner],
            -after_tax * (at_jv @ series[PLAN_ROWS.rent]),
            -after_tax * (at_jv @ series[PLAN_ROWS.guarantee] + at_jv[-1] * guarantee_at_end),
        ]
    )
