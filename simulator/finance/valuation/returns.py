"""Internal rate of return of a block of paths.

A rate counts only where the present value changes sign exactly once on a grid from -90 % to 100 % a year; paths without
a single root are undefined and counted, never dropped.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.finance.workspace import Lanes, Monthly
from simulator.numerics.jit import inner
from simulator.numerics.special_functions import exp, log

__all__: list[str] = []  # used in this folder only

_LOWEST, _HIGHEST, _STEPS, _HALVINGS = -0.90, 1.00, 38, 28
IRR_ROWS = 9  # of scratch


@inner
def present_value(rate: Lanes, cash_flow: Monthly, end: Lanes, step: Lanes, discount: Lanes, out: Lanes) -> None:
    """Fill the present value at an annual `rate` by lane, with terminal value `end`; `step`, `discount` are scratch."""
    months, lanes = cash_flow.shape
    for lane in range(lanes):
        step[lane] = exp(log(1.0 + rate[lane]) / -12.0)
        discount[lane] = 1.0
        out[lane] = 0.0
    for m in range(months):
        for lane in range(lanes):
            discount[lane] *= step[lane]
            out[lane] += discount[lane] * cash_flow[m, lane]
    for lane in range(lanes):
        out[lane] += discount[lane] * end[lane]


@inner
def compute_internal_rate(cash_flow: Monthly, end: Lanes, scratch: NDArray[np.float64], out: Lanes) -> None:
    """Fill the IRR per year, NaN where there is no single root."""
    rate, step, now, before = scratch[0], scratch[1], scratch[2], scratch[3]
    low, high, roots, sign = scratch[4], scratch[5], scratch[6], scratch[7]
    discount = scratch[8]
    roots[:] = 0.0
    low[:] = _LOWEST
    high[:] = _HIGHEST
    for k in range(_STEPS + 1):
        rate[:] = _LOWEST + (_HIGHEST - _LOWEST) * k / _STEPS
        present_value(rate, cash_flow, end, step, discount, now)
        if k > 0:
            for lane in range(out.size):
                crossed = (now[lane] < 0.0) != (before[lane] < 0.0)
                roots[lane] += 1.0 if crossed else 0.0
                high[lane] = rate[lane] if crossed else high[lane]
                sign[lane] = before[lane] if crossed else sign[lane]
        for lane in range(out.size):
            before[lane] = now[lane]
    for lane in range(out.size):
        low[lane] = high[lane] - (_HIGHEST - _LOWEST) / _STEPS
    for _ in range(_HALVINGS):
        for lane in range(out.size):
            rate[lane] = 0.5 * (low[lane] + high[lane])
        present_value(rate, cash_flow, end, step, discount, now)
        for lane in range(out.size):
            above = (now[lane] < 0.0) == (sign[lane] < 0.0)
            low[lane] = rate[lane] if above else low[lane]
            high[lane] = high[lane] if above else rate[lane]
    for lane in range(out.size):
        out[lane] = 0.5 * (low[lane] + high[lane]) if roots[lane] == 1.0 else np.nan
