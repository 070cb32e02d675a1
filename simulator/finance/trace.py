"""What a trace keeps of a plan's months, in the order of PLAN_SERIES."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import inner
from simulator.finance import ledger as at
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
            path = first + lane
            cumulative[lane] += ledger[at.CASH_FLOW, m, lane]
            trace[0, m, path] = ledger[at.CASH_FLOW, m, lane]
            trace[1, m, path] = cumulative[lane]
            trace[2, m, path] = ledger[at.EBITDA, m, lane]
            trace[3, m, path] = ledger[at.CASH, m, lane]
            trace[4, m, path] = ledger[at.REVOLVER, m, lane]
            trace[5, m, path] = balance[m]
            trace[6, m, path] = ledger[at.INTEREST, m, lane]
            trace[7, m, path] = ledger[at.CFADS, m, lane]
            trace[8, m, path] = ledger[at.EFFECTIVE, m, lane]
            trace[9, m, path] = ledger[at.SERVICE, m, lane]
            trace[10, m, path] = ledger[at.BOOK, m, lane]
            trace[11, m, path] = ledger[at.ASSET, m, lane]
            trace[12, m, path] = ledger[at.IDLE, m, lane]
            trace[13, m, path] = ledger[at.STRANDED, m, lane]
            trace[14, m, path] = 1.0 if m >= breach_month[lane] else 0.0
