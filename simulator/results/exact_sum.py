r"""Exact sums of float64 numbers: the same bits in any order.

A superaccumulator (Neal 2015, arXiv:1505.05571): a fixed-point number with 32 bits a limb, wide enough for any sum of
float64 numbers. Limb i of `limbs` (int64, (..., LIMBS)) counts units of 2^(32 i - 1074); the 32 upper bits of each limb
collect carries, so that 2^29 numbers may be added between two calls of `normalise`.

In canonical form all limbs but the last lie in [0, 2^32) and the last carries the sign: equal sums have equal limbs.
Numbers must be finite; the caller checks.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import njit

__all__ = ["total"]


LIMBS = 68  # 2046 exponents + 53 bits in 66 limbs, two more for carries
_BITS = 32
_LOW = (1 << _BITS) - 1
_FRACTION = (1 << 52) - 1
_HIDDEN = 1 << 52
_EXPONENT = 0x7FF
UNITS = 1 << 1074  # a limb 0 counts one of so many in 1


def zeros(*shape: int) -> NDArray[np.int64]:
    """Empty sums, (*shape, LIMBS)."""
    return np.zeros((*shape, LIMBS), dtype=np.int64)


@njit
def add_all(limbs: NDArray[np.int64], x: NDArray[np.float64]) -> None:
    """Add the numbers `x` (n,) to one sum (LIMBS,); not normalised."""
    bits = x.view(np.int64)
    for i in range(bits.shape[0]):
        exponent = (bits[i] >> 52) & _EXPONENT
        mantissa = bits[i] & _FRACTION
        if exponent > 0:
            mantissa = mantissa | _HIDDEN
            exponent = exponent - 1
        k = exponent >> 5
        shift = exponent & 31
        low = (mantissa & _LOW) << shift
        high = (mantissa >> _BITS) << shift
        sign = -1 if bits[i] < 0 else 1
        limbs[k] += sign * (low & _LOW)
        limbs[k + 1] += sign * ((low >> _BITS) + (high & _LOW))
        limbs[k + 2] += sign * (high >> _BITS)


@njit
def normalise(limbs: NDArray[np.int64]) -> None:
    """Carry one sum (LIMBS,) into its canonical form."""
    for k in range(LIMBS - 1):
        limbs[k + 1] += limbs[k] >> _BITS  # an arithmetic shift: floor, so that the rest is not negative
        limbs[k] &= _LOW


@njit
def merge(limbs: NDArray[np.int64], other: NDArray[np.int64]) -> None:
    """Add the sum `other` to `limbs`, both (LIMBS,) and canonical; the result is canonical."""
    for k in range(LIMBS):
        limbs[k] += other[k]
    normalise(limbs)


def units(limbs: NDArray[np.int64]) -> int:
    """The sum (LIMBS,), in canonical form or not, in units of 2^-1074."""
    filled = limbs.nonzero()[0]
    return sum(limb << (_BITS * k) for k, limb in zip(filled.tolist(), limbs[filled].tolist(), strict=True))


def exact(limbs: NDArray[np.int64]) -> Fraction:
    """The sum (LIMBS,) as an exact fraction."""
    return Fraction(units(limbs), UNITS)


def value(limbs: NDArray[np.int64]) -> float:
    """The sum (LIMBS,), rounded once (to nearest, ties to even); OverflowError beyond the float64 range."""
    return units(limbs) / UNITS


def total(x: NDArray[np.float64]) -> float:
    """The sum of `x` (n,), rounded once: the bits of math.fsum in a tenth of its time; not finite as in x.sum()."""
    if not np.isfinite(x).all():
        return float(x.sum())
    limbs = zeros()
    add_all(limbs, np.ascontiguousarray(x))
    return value(limbs)
