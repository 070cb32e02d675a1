"""The contest: the flagship programme under one plan, and the figures that every contestant must agree on."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.config import freeze, load
from simulator.drivers.price import JUMP
from simulator.engine.scenario_samples import only_plan
from simulator.finance.plan.variant import BOOK, COMMITTED
from simulator.model import Model

CONFIG = Path(__file__).parents[1] / "configs" / "hyperscaler.toml"
PLAN = "own"
NOT_RACED = (
    "irr",  # the kernel computes it for the stored sample only
    *("idle_sponsor", "lease_income", "cloud_cost", "equity_sold", "uncured"),  # of levers that plan `own` does not use
    *("partner_npv", "partner_irr", "guarantee", "exits"),
)
SAME = 5.0  # largest |z| of a mean that counts as the same answer: by chance 6e-7 a figure


class Race(NamedTuple):
    """The model of one plan and the names of its figures, in the kernel's row order."""

    model: Model
    names: tuple[str, ...]


def flagship(overrides: tuple[str, ...] = ()) -> Race:
    """The flagship with plan `own` alone, and without the contract prices that it does not read."""
    frozen = freeze(load(CONFIG, overrides))
    names = [metric.name for metric in (*frozen.world, *frozen.plan)]
    model = only_plan(frozen.model, list(frozen.plans).index(PLAN))
    nothing = model.price.curves._replace(numbers=np.zeros((0, 0)))
    price = model.price._replace(tenors=np.zeros(0, np.int64), curves=nothing)
    return Race(model._replace(price=price), tuple(names))


def require_supported(model: Model) -> None:
    """ValueError unless the config is one that the baselines can do: they have what the flagship uses and no more."""
    plans, tranches = model.plans, model.plans.notes.tranches
    bullets = not tranches.kind.any() and not tranches.floating.any() and not tranches.issue.any()
    supported = {
        "one plan": plans.order.size == 1,
        "price model = jump": model.price.model == JUMP,
        "chips = committed": (plans.variant.chips == COMMITTED).all(),
        "refresh = book": (plans.variant.refresh == BOOK).all(),
        "fixed bullets issued in month 0 and refinanced": bullets and tranches.refinance.all(),
        "notes that are refinanced at most once": (tranches.maturity + 120 >= model.months).all(),
        "every site planned inside the horizon": (model.grid.planned <= model.months).all(),
        "no penalty": not plans.liquidity.penalty.any(),
        "a test every quarter from the second year on": _quarterly(model.finance.test_months),
        "covenants on DSCR, leverage and cash": plans.covenants.dscr.all() and plans.covenants.leverage.all(),
    }
    missing = [what for what, holds in supported.items() if not holds]
    if missing:
        raise ValueError(f"the baselines need: {', '.join(missing)}")


def _quarterly(tests: NDArray[np.int64]) -> bool:
    return tests.size > 2 and tests[0] >= 11 and bool((np.diff(tests) == 3).all())


def exponential_rate(model: Model, marginal: int) -> float:
    """Events a year of an exponential gap whose quantile table the model holds: ln 2 / median."""
    m = model.marginals
    row = m.numbers[m.first[marginal] : m.first[marginal] + m.count[marginal]].reshape(-1, 4)
    middle = row[len(row) // 2, 0]  # at score 0
    median = np.exp(middle) if m.kind[marginal] == 5 else middle
    return float(np.log(2.0) / median)


def moments(figures: NDArray[np.float64]) -> NDArray[np.float64]:
    """(3, figures): paths on which each figure is defined, its mean and its standard deviation there."""
    defined = ~np.isnan(figures)
    count = defined.sum(axis=1)
    some = np.maximum(count, 1)
    mean = np.where(defined, figures, 0.0).sum(axis=1) / some
    deviation = np.where(defined, figures - mean[:, None], 0.0)
    return np.array([count, mean, np.sqrt((deviation**2).sum(axis=1) / some)])


def disagreement(ours: NDArray[np.float64], theirs: NDArray[np.float64], paths: tuple[int, int]) -> NDArray[np.float64]:
    """(2, figures): z of the difference of means, and of the shares of paths on which the figure is defined.

    Arguments are two results of `moments` and the paths behind them. Figures that do not vary must be equal to 1e-9.
    """
    (n1, mean1, sd1), (n2, mean2, sd2) = ours, theirs
    error = np.sqrt(sd1**2 / np.maximum(n1, 1) + sd2**2 / np.maximum(n2, 1))
    floor = 1e-9 * np.maximum(np.abs(mean1), 1.0) / SAME
    share1, share2 = n1 / paths[0], n2 / paths[1]
    pooled = (n1 + n2) / sum(paths)
    error_share = np.sqrt(pooled * (1.0 - pooled) * (1.0 / paths[0] + 1.0 / paths[1]))
    return np.array([(mean1 - mean2) / (error + floor), (share1 - share2) / (error_share + 1e-12)])
