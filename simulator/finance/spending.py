"""How the money for a site is spent: shell along an S-curve, compute in a window before a date."""

from __future__ import annotations

import numpy as np

from simulator.compiled import inner
from simulator.finance.ledger import Lanes, Monthly


@inner
def smoothstep(x: float) -> float:
    """Cumulative share of shell spend at the share x of the build time."""
    low = 0.0 if x < 0.0 else x
    t = 1.0 if low > 1.0 else low
    return t * t * (3.0 - 2.0 * t)


@inner
def spend_shell(start: float, shell: Lanes, built: Lanes, share: Lanes, capex: Monthly, sunk: Lanes) -> None:
    """Book shell spend month by month; what fell before month 0 is sunk. Leaves the share spent by the horizon."""
    months = capex.shape[0]
    last = 0.0
    for lane in range(shell.size):
        share[lane] = smoothstep(-start / (built[lane] - start))
        sunk[lane] += shell[lane] * share[lane]
        last = max(last, built[lane])
    for m in range(max(0, int(np.floor(start))), min(months, int(np.ceil(last)))):
        for lane in range(shell.size):
            now = smoothstep((m + 1.0 - start) / (built[lane] - start))
            capex[m, lane] += shell[lane] * (now - share[lane])
            share[lane] = now


@inner
def spend_committed(planned: float, window: int, compute: Lanes, share: Lanes, capex: Monthly, sunk: Lanes) -> None:
    """Book compute linearly over the `window` months before the planned date, whatever the power."""
    months = capex.shape[0]
    first = int(planned) - window
    before = max(0, min(-first, window)) / window
    within = max(0, min(int(planned), months) - max(first, 0)) / window
    for lane in range(compute.size):
        sunk[lane] += compute[lane] * before
        share[lane] = before + within
    for m in range(max(first, 0), min(int(planned), months)):
        for lane in range(compute.size):
            capex[m, lane] += compute[lane] / window


@inner
def spend_deferred(
    planned: float,
    window: int,
    fee_share: float,
    energised: Lanes,
    compute: Lanes,
    share: Lanes,
    capex: Monthly,
    fee: Monthly,
    sunk: Lanes,
) -> None:
    """Book compute linearly over the `window` months before max(E, planned), and the fee for ordering late."""
    months = capex.shape[0]
    for lane in range(compute.size):
        date = max(energised[lane], planned)
        begin = date - window
        before = min(max(-begin, 0.0), float(window)) / window
        sunk[lane] += compute[lane] * before
        share[lane] = min(max(months - begin, 0.0), float(window)) / window
        for m in range(max(int(np.floor(begin)), 0), min(int(np.ceil(date)), months)):
            overlap = min(m + 1.0, date) - max(float(m), begin)
            capex[m, lane] += compute[lane] * max(overlap, 0.0) / window
        late = min(max((energised[lane] - planned) / window, 0.0), 1.0)
        if planned <= months:
            fee[int(planned) - 1, lane] += fee_share * compute[lane] * late
