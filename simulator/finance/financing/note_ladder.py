"""Closed forms of a ladder of notes: duration, maturity and coupon at issue."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def _macaulay(coupon: float, years: float) -> float:
    """Macaulay duration in years of a bullet at par with semi-annual coupons (yield = coupon, per year).

    D = (1 + c/2) / c (1 - (1 + c/2)^-2T), the sum over n = 2T coupons in closed form; a zero coupon has D = T.
    """
    if coupon == 0.0:
        return years
    half = coupon / 2.0
    return float((1.0 + half) / coupon * (1.0 - (1.0 + half) ** (-2.0 * years)))


def modified(coupon: float, years: float) -> float:
    """Modified duration in years, -dP/dy at par: the Macaulay duration over 1 + c/2."""
    return _macaulay(coupon, years) / (1.0 + coupon / 2.0)


def ladder(amounts: Sequence[float], coupons: Sequence[float], years: Sequence[float]) -> tuple[float, float, float]:
    """Weighted coupon (per year), Macaulay duration and maturity (years) of notes; zeros without notes."""
    total = sum(amounts)
    if total <= 0.0:
        return 0.0, 0.0, 0.0
    weight = np.asarray(amounts) / total
    durations = [_macaulay(coupon, term) for coupon, term in zip(coupons, years, strict=True)]
    return float(weight @ np.asarray(coupons)), float(weight @ np.asarray(durations)), float(weight @ np.asarray(years))
