"""The company under a plan: tax, notes, cash, revolver, equity and covenants, month by month."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.naive.covenants import Covenants, Rows
from tests.naive.marginals import Array
from tests.naive.notes import Ladder, Note, Refinancing
from tests.naive.operations import Operations
from tests.naive.world import World


@dataclass
class Books:
    """The company's accounts."""

    monthly: dict[str, Array]  # (months, paths)
    notes: list[Note]
    refinancings: list[Refinancing]
    shield: Array  # present value of tax on note interest, each at its own rate
    covenants: Covenants


class Company:
    """Cash, revolver and shares on every path, as of the last month stepped. USD bn, bn shares."""

    def __init__(self, model: Any, world: World, plan: int, operations: Operations) -> None:
        self.model, self.world, self.plan, self.operations = model, world, plan, operations
        self.plans = model.plans
        self.ladder = Ladder(model, world, plan)
        self.cash = np.full(world.eps.shape, self.plans.liquidity.opening_cash[plan])
        self.revolver, self.sold = np.zeros_like(self.cash), np.zeros_like(self.cash)
        self.shares = np.full_like(self.cash, model.finance.shares)
        self.covenants = Covenants(model, plan, world.eps)
        self.rows: Rows = {}

    def step(self, m: int) -> None:
        """Live through month m: flows, revolver, equity, sweep, test and cure, in this order."""
        notes = self.ladder.step(m)
        row = notes | self._flows(m, notes)
        self._draw()
        equity = self._sell(np.maximum(self.plans.liquidity.floor[self.plan] - self.cash, 0.0))
        swept = self._sweep()
        row |= {"revolver": self.revolver, "notes": self.ladder.outstanding(), "swept": swept}
        self._note(row | {name: self.operations.monthly[name][m] for name in KEPT})
        shares = self.shares
        if m in self.model.finance.test_months:
            now = {"cash": self.cash, "revolver": self.revolver, "notes": row["notes"]}
            now["bullet_service"] = self.ladder.bullet_service()
            room = self.plans.equity.limit[self.plan] - self.sold
            injected = self.covenants.test(m, self.rows, now, room)
            equity = equity + injected
            self.cash, self.sold = self.cash + injected, self.sold + injected
        self._note({
            "cash": self.cash,
            "equity": equity,
            "shares": shares,
            "eps": self._earnings_per_share(row["profit"]),
            "breached": (self.covenants.first <= m).astype(float),
            "shortfall": np.maximum(self.plans.liquidity.floor[self.plan] - self.cash, 0.0),
        })  # fmt: skip
        self.shares = self.shares + self._new_shares(equity)

    def _note(self, row: dict[str, Array]) -> None:
        for name, values in row.items():
            self.rows.setdefault(name, []).append(values)

    def _flows(self, m: int, notes: dict[str, Array]) -> dict[str, Array]:
        """Everything that moves cash before the revolver does."""
        finance, arpu, plans, plan = self.model.finance, self.model.arpu, self.plans, self.plan
        month = {name: values[m] for name, values in self.operations.monthly.items()}
        tax, boom, margin = finance.tax, self.world.boom[m], self.world.margin
        drawn = self.revolver * (self.world.opening_rs[m] + plans.liquidity.revolver_margin[plan]) / 12.0
        taxed = month["taxable"] - month["rent"] - month["guarantee"] - notes["interest"] - drawn
        cfads = month["ebitda"] - month["rent"] - tax * taxed
        base = finance.base_cash_flow_monthly + margin * (1.0 - tax) * arpu.revenue0_by_month[m] * (boom - 1.0)
        income = (1.0 - tax) * plans.liquidity.cash_rate[plan] / 12.0 * self.cash
        penalty = plans.liquidity.penalty[plan] if m == plans.liquidity.penalty_month[plan] else 0.0
        self.cash = self.cash + base + income + cfads - month["capex"] + month["sale"] - penalty
        self.cash = self.cash + month["partner"] - month["guarantee"]
        self.cash = self.cash - notes["interest"] - drawn + notes["issues"] - notes["repayments"]
        moved = (base, income, month["ebitda"], month["rent"], tax * taxed, notes["interest"], drawn, notes["issues"])
        turnover = sum(abs(flow) for flow in moved) + month["capex"] + month["sale"] + notes["repayments"] + penalty
        return {
            "profit": (1.0 - tax) * taxed,
            "operating_profit": (1.0 - tax) * (month["taxable"] - month["rent"] - month["guarantee"]),
            "cfads": cfads,
            "drawn_interest": drawn,
            "turnover": turnover + month["partner"] + month["guarantee"] + abs(month["lease"]) + month["cloud"],
            "other": base + income - penalty,
        }

    def _draw(self) -> None:
        """The revolver keeps cash at the floor, or is repaid from what lies above."""
        wanted = np.maximum(self.plans.liquidity.floor[self.plan] - self.cash, -self.revolver)  # negative: repay
        draw = np.minimum(wanted, self.plans.liquidity.revolver[self.plan] - self.revolver)
        self.cash, self.revolver = self.cash + draw, self.revolver + draw

    def _sell(self, wanted: Array) -> Array:
        """Sell shares for what is still missing, up to the limit."""
        raised = np.minimum(wanted, self.plans.equity.limit[self.plan] - self.sold)
        self.cash, self.sold = self.cash + raised, self.sold + raised
        return raised

    def _sweep(self) -> Array:
        """After an uncured breach, what lies above the floor prepays notes."""
        above = np.maximum(self.cash - self.plans.liquidity.floor[self.plan], 0.0)
        paid = self.ladder.sweep(np.where(self.covenants.sweeping, above, 0.0))
        self.cash = self.cash - paid
        return paid

    def _new_shares(self, raised: Array) -> Array:
        return raised / self.plans.equity.price_net[self.plan] if self.plans.equity.limit[self.plan] else 0.0 * raised

    def _earnings_per_share(self, profit: Array) -> Array:
        """Effect of the month on earnings per share: the programme's profit, and the base's on more shares."""
        diluted = 1.0 - self.model.finance.shares / self.shares
        return profit / self.shares - self.plans.equity.base_eps[self.plan] / 12.0 * diluted


KEPT = ("ebitda", "rent", "cloud", "ads", "owed", "reserve")  # what covenants look at besides the company's own rows


def run_company(model: Any, world: World, plan: int, operations: Operations) -> Books:
    """Accounts of a plan over the horizon."""
    company = Company(model, world, plan, operations)
    for m in range(model.months):
        company.step(m)
    series = {name: np.array(values) for name, values in company.rows.items()}
    return Books(series, company.ladder.notes, company.ladder.refinancings, company.ladder.shield, company.covenants)
