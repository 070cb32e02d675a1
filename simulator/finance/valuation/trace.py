"""What a trace keeps of a plan's months, in the order of PLAN_SERIES."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.finance import workspace as at
from simulator.finance.plan import Terms
from simulator.finance.workspace import Lanes, Ledger, Monthly, Works
from simulator.numerics.jit import inner


@inner
def keep(scale: float, series: Monthly, trace: Monthly, first: int, width: int) -> None:
    """Copy one (months, lanes) series into its row of the trace; scale 0 stands for a series that nobody filled."""
    for m in range(series.shape[0]):
        for lane in range(width):
            trace[m, first + lane] = scale * series[m, lane] if scale != 0.0 else 0.0


@inner
def trace_plan(
    terms: Terms,
    lets: bool,
    scale: float,
    spent: Monthly,
    works: Works,
    ledger: Ledger,
    breach_month: Lanes,
    cumulative: Lanes,
    trace: NDArray[np.float64],
    first: int,
    width: int,
) -> None:
    """Copy a plan's months into `trace` (series, months, paths), from path `first` on; `cumulative` is scratch.

    `scale` times `spent` is capex less sales.

    What a plan does not do is left over in its planes from another one: its row is zero.
    """
    own, joint = terms.own, terms.own if terms.with_jv else 0.0
    keep(1.0, ledger[at.CASH_FLOW], trace[0], first, width)
    keep(1.0, ledger[at.EBITDA], trace[2], first, width)
    keep(1.0, ledger[at.CASH], trace[3], first, width)
    keep(1.0, ledger[at.REVOLVER], trace[4], first, width)
    keep(1.0, ledger[at.NOTES], trace[5], first, width)
    keep(1.0, ledger[at.INTEREST], trace[6], first, width)
    keep(1.0, ledger[at.CFADS], trace[7], first, width)
    keep(1.0, ledger[at.EFFECTIVE], trace[8], first, width)
    keep(own, works[at.SERVICE], trace[9], first, width)
    keep(1.0, ledger[at.BOOK], trace[10], first, width)
    keep(own, works[at.ASSET], trace[11], first, width)
    keep(own, works[at.IDLE], trace[12], first, width)
    keep(own, works[at.STRANDED_KEPT], trace[13], first, width)
    keep(own, works[at.CAPEX_KEPT], trace[15], first, width)
    keep(joint, works[at.PARTNER], trace[17], first, width)
    keep(joint, works[at.RENT], trace[18], first, width)
    keep(joint, works[at.GUARANTEE], trace[19], first, width)
    keep(1.0 if terms.with_cloud else 0.0, ledger[at.CLOUD], trace[20], first, width)
    keep(1.0 if lets else 0.0, ledger[at.LEASE], trace[21], first, width)
    keep(1.0, ledger[at.EQUITY], trace[22], first, width)
    keep(1.0, ledger[at.PROFIT], trace[23], first, width)
    keep(1.0 if terms.with_jv or terms.with_cloud else 0.0, ledger[at.OWED], trace[24], first, width)
    keep(1.0, ledger[at.DRAWN_INTEREST], trace[25], first, width)
    cumulative[:] = 0.0
    for m in range(trace.shape[1]):
        for lane in range(width):
            path = first + lane
            cumulative[lane] += ledger[at.CASH_FLOW, m, lane]
            trace[1, m, path] = cumulative[lane]
            trace[14, m, path] = 1.0 if m >= breach_month[lane] else 0.0
            trace[16, m, path] = trace[15, m, path] - scale * spent[m, lane]
