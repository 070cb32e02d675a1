"""Brent's root finder (Brent 1973, Algorithms for Minimization without Derivatives, ch. 4), step for step SciPy's.

It saves the import of scipy.optimize, a quarter of a second of start-up.
"""

from __future__ import annotations

import math
from collections.abc import Callable

__all__: list[str] = []  # used in this folder only


_RELATIVE = 8.881784197001252e-16  # tolerance: 4 units in the last place


def find_root(
    function: Callable[[float], float], left: float, right: float, tolerance: float, steps: int = 100
) -> float:
    """Return x in [left, right] with function(x) = 0, to `tolerance`; after so many steps the nearest x so far.

    ValueError if the function has the same sign at both ends.
    """
    previous, current = left, right
    f_previous, f_current = function(previous), function(current)
    if f_previous == 0.0:
        return previous
    if f_current == 0.0:
        return current
    if math.copysign(1.0, f_previous) == math.copysign(1.0, f_current):
        raise ValueError("function(left) and function(right) must have different signs")
    bracket = f_bracket = step_before = step = 0.0  # the root lies between `current` and `bracket`
    for _ in range(steps):
        if f_previous != 0.0 and f_current != 0.0 and (f_previous < 0.0) != (f_current < 0.0):
            bracket, f_bracket = previous, f_previous
            step_before = step = current - previous
        if abs(f_bracket) < abs(f_current):
            previous, current, bracket = current, bracket, current
            f_previous, f_current, f_bracket = f_current, f_bracket, f_current
        delta = (tolerance + _RELATIVE * abs(current)) / 2.0
        bisection = (bracket - current) / 2.0
        if f_current == 0.0 or abs(bisection) < delta:
            return current
        trial = math.inf
        if abs(step_before) > delta and abs(f_current) < abs(f_previous):
            if previous == bracket:  # secant
                trial = -f_current * (current - previous) / (f_current - f_previous)
            else:  # inverse quadratic
                slope = (f_previous - f_current) / (previous - current)
                other = (f_bracket - f_current) / (bracket - current)
                numerator = -f_current * (f_bracket * other - f_previous * slope)
                denominator = other * slope * (f_bracket - f_previous)
                trial = numerator / denominator if denominator else math.inf
        if 2.0 * abs(trial) < min(abs(step_before), 3.0 * abs(bisection) - delta):
            step_before, step = step, trial
        else:
            step_before = step = bisection
        previous, f_previous = current, f_current
        current += step if abs(step) > delta else math.copysign(delta, bisection)
        f_current = function(current)
    return current
