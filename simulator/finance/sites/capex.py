"""How the money for a site is spent: shell along an S-curve, compute in a window before a date.

Where a JV owns the asset, its partner pays the share `part` of every month from 0 on, which accrues at the JV's rate:
`base` gathers the payments discounted to month 0, `decay[n]` = (1 + rate)^-(n / 12): a month's are made at its end.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.finance.workspace import Lanes, Monthly
from simulator.numerics.jit import inner


@inner
def _smoothstep(x: float) -> float:
    """Cumulative share of shell spend at the share x of the build time."""
    low = 0.0 if x < 0.0 else x
    t = 1.0 if low > 1.0 else low
    return t * t * (3.0 - 2.0 * t)


@inner
def _contribute(part: float, weight: float, amount: Lanes, partner: Lanes, base: Lanes) -> None:
    """The partner pays its part of an amount spent in one month."""
    for lane in range(amount.size):
        partner[lane] += part * amount[lane]
        base[lane] += part * amount[lane] * weight


@inner
def spend_shell(
    start: float,
    part: float,
    decay: NDArray[np.float64],
    shell: Lanes,
    built: Lanes,
    share: Lanes,
    spent: Lanes,
    capex: Monthly,
    sunk: Lanes,
    partner: Monthly,
    base: Lanes,
) -> None:
    """Book shell spend month by month; what fell before month 0 is sunk. Leaves the share spent by the horizon."""
    months = capex.shape[0]
    last = 0.0
    base[:] = 0.0
    for lane in range(shell.size):
        share[lane] = _smoothstep(-start / (built[lane] - start))
        spent[lane] = shell[lane] * share[lane]
        sunk[lane] += spent[lane]
        last = max(last, built[lane])
    if part > 0.0:
        _contribute(part, decay[1], spent, partner[0], base)
    for m in range(max(0, int(np.floor(start))), min(months, int(np.ceil(last)))):
        for lane in range(shell.size):
            now = _smoothstep((m + 1.0 - start) / (built[lane] - start))
            spent[lane] = shell[lane] * (now - share[lane])
            capex[m, lane] += spent[lane]
            share[lane] = now
        if part > 0.0:
            _contribute(part, decay[m + 1], spent, partner[m], base)


@inner
def spend_committed(
    planned: float,
    window: int,
    part: float,
    decay: NDArray[np.float64],
    compute: Lanes,
    share: Lanes,
    spent: Lanes,
    capex: Monthly,
    sunk: Lanes,
    partner: Monthly,
    base: Lanes,
) -> None:
    """Book compute linearly over the `window` months before the planned date, whatever the power."""
    months = capex.shape[0]
    first = int(planned) - window
    before = max(0, min(-first, window)) / window
    within = max(0, min(int(planned), months) - max(first, 0)) / window
    base[:] = 0.0
    for lane in range(compute.size):
        spent[lane] = compute[lane] * before
        sunk[lane] += spent[lane]
        share[lane] = before + within
    if part > 0.0:
        _contribute(part, decay[1], spent, partner[0], base)
    for lane in range(compute.size):
        spent[lane] = compute[lane] / window
    for m in range(max(first, 0), min(int(planned), months)):
        for lane in range(compute.size):
            capex[m, lane] += spent[lane]
        if part > 0.0:
            _contribute(part, decay[m + 1], spent, partner[m], base)


@inner
def spend_deferred(
    planned: float,
    window: int,
    fee_share: float,
    part: float,
    decay: NDArray[np.float64],
    energised: Lanes,
    compute: Lanes,
    share: Lanes,
    capex: Monthly,
    fee: Monthly,
    sunk: Lanes,
    partner: Monthly,
    base: Lanes,
) -> None:
    """Book compute linearly over the `window` months before max(E, planned), and the fee for ordering late."""
    months = capex.shape[0]
    for lane in range(compute.size):
        rate = compute[lane] / window
        date = max(energised[lane], planned)
        begin = date - window
        before = compute[lane] * min(max(-begin, 0.0), float(window)) / window
        sunk[lane] += before
        share[lane] = min(max(months - begin, 0.0), float(window)) / window
        base[lane] = part * before * decay[1]
        if part > 0.0:
            partner[0, lane] += part * before
        for m in range(max(int(np.floor(begin)), 0), min(int(np.ceil(date)), months)):
            overlap = min(m + 1.0, date) - max(float(m), begin)
            spent = rate * max(overlap, 0.0)
            capex[m, lane] += spent
            if part > 0.0:
                partner[m, lane] += part * spent
                base[lane] += part * spent * decay[m + 1]
        late = min(max((energised[lane] - planned) / window, 0.0), 1.0)
        if planned <= months:
            fee[int(planned) - 1, lane] += fee_share * compute[lane] * late
