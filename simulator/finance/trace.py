"""What a trace keeps of a plan's months, in the order of PLAN_SERIES."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import inner
from simulator.finance.ledger import Lanes, Ledger


@inner
def trace_plan(
    balance: NDArray[np.float64],
    ledger: Ledger,
    breach_month: Lanes,
    cumulative: Lanes,
    trace: NDArray[np.float64],
    first: int,
    width: int,
) -> None:
    """Copy a plan's months into `trace` (series, months, paths), from path `first` on; `cumulative` is scratch."""
    cumulative[:] = 0.0
    for m in range(balance.size):
        for lane in range(width):
            at = first + lane
            cumulative[lane] += ledger.cash_flow[m, lane]
            trace[0, m, at] = ledger.cash_flow[m, lane]
            trace[1, m, at] = cumulative[lane]
            trace[2, m, at] = ledger.ebitda[m, lane]
            trace[3, m, at] = ledger.cash[m, lane]
            trace[4, m, at] = ledger.revolver[m, lane]
            trace[5, m, at] = balance[m]
            trace[6, m, at] = ledger.interest[m, lane]
            trace[7, m, at] = ledger.cfads[m, lane]
            trace[8, m, at] = ledger.effective[m, lane]
            trace[9, m, at] = ledger.service[m, lane]
            trace[10, m, at] = ledger.book[m, lane]
            trace[11, m, at] = ledger.asset[m, lane]
            trace[12, m, at] = ledger.idle[m, lane]
            trace[13, m, at] = ledger.stranded[m, lane]
            trace[14, m, at] = 1.0 if m >= breach_month[lane] else 0.0
