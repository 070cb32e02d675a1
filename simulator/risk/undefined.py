"""Why a metric of a plan is undefined: covenants that nobody tests, and levers that the plan does not have."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulator.model import Model

__all__ = ["blank_untested", "untested_plans"]


Floats = NDArray[np.float64]
COVENANTS = ("breach", "breach_month", "uncured")  # metrics that only a test can find
UNTESTED = "no covenant is tested within the horizon"
NONE_SET = "the plan has no covenant"
_OF_NOTES = ("dscr_min", "dscr_reserve_min", "icr_min", "llcr", "refinancing_gap", "duration_gap", "wam_gap")
_OF_PARTNER = ("partner_npv", "partner_irr")

_WHEN = {
    "price_m12": "beyond the horizon",
    "price_m36": "beyond the horizon",
    "price_m60": "beyond the horizon",
    "irr": "where cash flows have no single root",
    "dscr_min": "without notes or a covenant test within the horizon",
    "dscr_reserve_min": "without notes or a covenant test within the horizon",
    "fccr_min": "without anything to pay or a covenant test within the horizon",
    "icr_min": "without notes or a covenant test within the horizon",
    "llcr": "without notes or a covenant test within the horizon",
    "leverage_max": "without a covenant test within the horizon",
    "breach_cured": "without a breach",
    "refinancing_gap": "without a refinancing within the horizon",
    "duration_gap": "without notes or owned sites",
    "wam_gap": "without notes or owned sites",
    "debt_at_end": "where the assets' economic end never comes within the horizon",
    "asset_life": "where nothing is owned or in service",
    "roic": "without a book of the sponsor's own",
    "partner_npv": "without a JV",
    "partner_irr": "without a JV",
}


def untested_plans(model: Model, plans: Sequence[str]) -> dict[str, str]:
    """The reason by plan, of the `plans` (ids, in the model's order) in which no test can find a breach."""
    if model.finance.test_months.size == 0:
        return dict.fromkeys(plans, UNTESTED)
    p = model.plans
    coverage = np.where(p.notes.on, p.covenants.dscr, p.covenants.fccr)
    limits = coverage + p.covenants.leverage + p.covenants.cash  # none of them is negative
    return {plan: NONE_SET for plan, limit in zip(plans, limits, strict=True) if limit == 0.0}


def undefined_metrics(model: Model, plans: Sequence[str]) -> dict[str, dict[str, str]]:
    """The reason by plan and metric, of what is undefined on every path since the plan lacks what it needs."""
    untested = untested_plans(model, plans)
    reasons: dict[str, dict[str, str]] = {}
    for k, plan in enumerate(plans):
        reasons[plan] = dict.fromkeys(COVENANTS, untested[plan]) if plan in untested else {}
        if not model.plans.notes.on[k]:
            reasons[plan] |= dict.fromkeys(_OF_NOTES, "the plan has no notes")
        if not model.plans.jv.on[k]:
            reasons[plan] |= dict.fromkeys(_OF_PARTNER, "the plan has no JV")
    return reasons


def blank_untested(values: Floats, metric: str, why: str | None) -> Floats:
    """The values (n,) of a metric; NaN where only a covenant test can find it and `why` says that none can."""
    return np.full_like(values, np.nan) if why and metric in COVENANTS else values


def undefined_reason(metric: str) -> str:
    """The condition under which a metric is undefined: `without a JV`; empty where it always is defined."""
    return _WHEN.get(metric, "")
