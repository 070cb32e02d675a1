"""Closed forms of a ladder of notes: duration, maturity and coupon at issue."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def macaulay(coupon: float, years: float) -> float:
    """Macaulay duration in years of a bullet at par with semi-annual coupons (yield = coupon, per year).

    D = sum_k (k / 2) c/2 v^k + (n / 2) v^n with v = 1 / (1 + c / 2), n = 2 years rounded; a zero coupon has D = years.
    """
    periods = max(round(2.0 * years), 1)
    if coupon == 0.0:
        return years
    k = np.arange(1, periods + 1)
    v = (1.0 + coupon / 2.0) ** -k
    return float(np.sum(k / 2.0 * v) * coupon / 2.0 + periods / 2.0 * v[-1])


def modified(coupon: float, years: float) -> float:
    """Modified duration in years, -dP/dy at par: the Macaulay duration over 1 + c/2."""
    return macaulay(coupon, years) / (1.0 + coupon / 2.0)


def ladder(amounts: Sequence[float], coupons: Sequence[float], years: Sequence[float]) -> tuple[float, float, float]:
    """Weighted coupon (per year), Macaulay duration and maturity (years) of notes; zeros without notes."""
    total = sum(amounts)
    if total <= 0.0:
        return 0.0, 0.0, 0.0
    weight = np.asarray(amounts) / total
    durations = [macaulay(coupon, term) for coupon, term in zip(coupons, years, strict=True)]
    return float(weight @ np.asarray(coupons)), float(weight @ np.asarray(durations)), float(weight @ np.asarray(years))
