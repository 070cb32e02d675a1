"""The pool held for sale: written down at once, sold if the sale closes, else back in use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.naive.marginals import Array, quantile
from tests.naive.world import World


@dataclass
class Pool:
    """Its accounts, USD bn."""

    monthly: dict[str, Array]  # sale, gain, dep and book, (months, paths)
    write_offs: Array
    flows: Array  # carrying value and price
    terminal: Array  # proceeds at the horizon after tax


def run_pool(model: Any, world: World, plan: int, z: Array) -> Pool:
    """The pool of a plan over the horizon; nothing without one."""
    plans, p, n = model.plans, model.programme, world.eps.size
    rows: dict[str, list[Array]] = {"sale": [], "gain": [], "dep": [], "book": []}
    carrying = float(plans.disposal.carrying[plan])
    ratio, closing = np.ones(n), np.full(n, model.months)
    if carrying:
        ratio = quantile(model.marginals, plans.disposal.ratio_marginal[plan], z[p.disposal_ratio_row])
        when = np.floor(
            quantile(model.marginals, plans.disposal.months_marginal[plan], z[p.disposal_months_row])
        ).astype(int)
        closing = np.where(
            z[p.disposal_probability_row] < plans.disposal.probability_threshold[plan], when, model.months
        )
    written = carrying * np.minimum(1.0, ratio)
    book = written.copy()
    for m in range(model.months):
        closes = closing == m
        held = closing > m
        returned = closing >= model.months  # it never closes within the horizon
        used = returned & (m >= plans.disposal.months[plan]) & (m < plans.disposal.months[plan] + p.shell_life)
        dep = np.where(used, written / p.shell_life, 0.0)
        book = np.where(held, book - dep, 0.0)
        rows["sale"].append(np.where(closes, carrying * ratio, 0.0))
        rows["gain"].append(np.where(closes, carrying * ratio - written, 0.0) - (carrying - written if m == 0 else 0.0))
        rows["dep"].append(dep)
        rows["book"].append(book)
    worth = book * np.minimum(1.0, world.p12[-1] / p.shell_price)
    series = {name: np.array(values) for name, values in rows.items()}
    return Pool(series, carrying - written, carrying * (1.0 + abs(ratio)), worth - model.finance.tax * (worth - book))
