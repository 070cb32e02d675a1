"""A plan valued in a block of worlds in NumPy: cash flow, financing and every figure but the IRR."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.ladder import ladder
from benchmarks.numpy_sites import ACTIVE, COST, DEPRECIATION, FIRST, SERVICE, Sites
from benchmarks.numpy_tables import Array, running
from benchmarks.numpy_world import VALUE, WORK, World
from simulator.finance import metrics as row
from simulator.finance.financing.covenants import NO_EARNINGS
from simulator.finance.financing.debt import REFINANCED_MONTHS, REFINANCING_DSCR
from simulator.finance.tolerances import MONEY_TOLERANCE_USD_BN
from simulator.model import Model


class Plan:
    """Buffers for one plan on a block of paths and the code that values it."""

    def __init__(self, model: Model, world: World) -> None:
        self.model, self.world, self.sites = model, world, Sites(model, world)
        months, n = model.months, world.paths
        self.ebitda, self.ads, self.cash_flow, self.capital, self.interest, self.drawn = np.empty((6, months, n))
        self.cash, self.revolver, self.cfads, self.wide, self.other = np.empty((5, months, n))
        self.mask = np.empty((months, n), bool)
        self.countdown = np.arange(months, 0, -1, dtype=np.int16)[:, None]
        self.counts = np.empty((months, n), np.int16)
        self.fixed, self.notes, self.bullets, self.shield = ladder(model)
        self.refinanced = np.flatnonzero(model.plans.notes.tranches.maturity < months)
        self.present = np.array([model.finance.wacc_discount, model.finance.unlevered_cost_discount])

    def _years(self, series: Array) -> Array:
        """(tests, paths) sums of the twelve months up to each test; tests are quarter-ends, so first by quarter."""
        tests = self.model.finance.test_months
        quarters = series[tests[0] - 11 : tests[-1] + 1].reshape(-1, 3, series.shape[1]).sum(axis=1)
        years: Array = quarters[:-3] + quarters[1:-2]
        years += quarters[2:-1]
        years += quarters[3:]
        return years

    def first(self, mask: NDArray[np.bool_]) -> Array:
        """The first month in which `mask` (months, paths) holds, the horizon if none: 3 times as fast as argmax."""
        np.multiply(mask, self.countdown, out=self.counts)
        return self.model.months - self.counts.max(axis=0).astype(float)

    def value(self, figures: Array) -> None:
        """Fill the plan's figures (figures, paths) from the world drawn last."""
        figures[row.IRR] = np.nan
        self.sites.build()
        running(self.sites.level[:-1])
        self._operate()
        self._settle(figures)
        self._asset_end(figures)
        self._interest(figures)
        self._cash(figures)
        self._tests(figures)
        self._refinancing(figures)
        self._earnings(figures)

    def _operate(self) -> None:
        """EBITDA: margin base exp(x) (exp(eps L) - 1) less operating cost."""
        a, world, level = self.model.arpu, self.world, self.sites.level[:-1]
        lift, grow = self.ebitda, self.model.programme.cost_growth_by_month / 12e3
        np.multiply(level[:, ACTIVE], world.silicon[:-1, WORK], out=lift)
        lift *= 1.0 / a.fleet0_by_month[:, None]
        np.log1p(lift, out=lift)
        lift *= a.lag_share
        keep, step = 1.0 - a.lag_share, np.empty(world.paths)
        for m in range(1, len(lift)):
            np.multiply(lift[m - 1], keep, out=step)
            lift[m] += step
        lift *= world.epsilon
        np.expm1(lift, out=lift)
        np.multiply(world.noise, a.revenue0_by_month[:, None], out=self.ads)
        lift *= self.ads
        lift *= world.margin
        level[:, COST] *= grow[:, None]
        lift -= level[:, COST]

    def _settle(self, figures: Array) -> None:
        """Unlevered cash flow and the figures that follow from it. `capital` is depreciation less gain."""
        f, world, sites, months = self.model.finance, self.world, self.sites, self.model.months
        np.subtract(sites.level[:-1, DEPRECIATION], sites.gain[:-1], out=self.capital)
        sites.spend *= world.cost
        weights = np.arange(months, 0, -1) / months
        invested = world.cost * (sites.sunk - weights @ self.capital) + weights @ sites.spend[:-1]
        self.capital *= world.cost
        np.subtract(self.ebitda, self.capital, out=self.wide)
        some = invested > 0.0
        earned = 12.0 / months * (1.0 - f.tax) * self.wide.sum(axis=0)
        figures[row.ROIC] = earned / np.where(some, invested, 1.0)
        self.wide *= f.tax
        np.subtract(self.ebitda, self.wide, out=self.cash_flow)
        self.cash_flow -= sites.spend[:-1]
        figures[row.NPV : row.APV + 1] = self.present @ self.cash_flow
        end = self._terminal()
        figures[row.NPV] += f.wacc_discount[-1] * end
        figures[row.APV] += f.unlevered_cost_discount[-1] * end
        running(self.cash_flow)
        self._funding_need(figures)
        figures[row.IDLE_CAPITAL] = sites.idle * world.cost / 12.0
        figures[row.IDLE_COST] = sites.idle_cost * world.cost / 12.0
        figures[row.STRANDED_PEAK] = sites.stranded.max(axis=0) * world.cost
        figures[row.STRANDED_RETIRED] = sites.retired * world.cost
        figures[row.WRITE_OFFS] = 0.0  # at book life nothing is left to write off

    def _terminal(self) -> Array:
        world, sites = self.world, self.sites
        share = np.minimum(1.0, world.trailing[-1] / self.model.programme.shell_price)
        brings = sites.compute_value * world.resale + sites.shell_book * share
        return world.cost * (brings - self.model.finance.tax * (brings - sites.compute_book - sites.shell_book))

    def _funding_need(self, figures: Array) -> None:
        """Peak funding and payback from `cash_flow`, which holds the cumulative flow here."""
        flow = self.cash_flow
        trough = flow.min(axis=0)
        figures[row.PEAK_FUNDING] = np.maximum(-trough, 0.0)
        month = self.first(np.equal(flow, trough, out=self.mask))
        figures[row.PEAK_MONTH] = month
        np.greater_equal(flow, 0.0, out=self.mask)
        self.mask &= np.arange(len(flow), dtype=np.int16)[:, None] > month.astype(np.int16)
        figures[row.PAYBACK] = self.first(self.mask)

    def _asset_end(self, figures: Array) -> None:
        """Economic end of the first vintages, their life, and the debt that outlives them."""
        p, plans, months = self.model.programme, self.model.plans, self.model.months
        world, sites = self.world, self.sites
        level = sites.level[:-1]
        worth, service = level[:, FIRST], level[:, SERVICE]
        worth *= world.silicon[:-1, VALUE]
        np.multiply(world.trailing, worth, out=self.wide)
        np.multiply(service, p.cost_growth_by_month[:, None], out=self.other)
        self.other *= world.operating_cost
        end = self.first(np.less(self.wide, self.other, out=self.mask))
        held = np.greater(end, np.arange(months)[:, None], out=self.mask)
        some = sites.in_service > 0.0
        scale = np.where(some, 1.0 / np.where(some, 12.0 * sites.in_service, 1.0), np.nan)
        figures[row.ASSET_LIFE] = np.multiply(worth, held, out=self.wide).sum(axis=0) * scale
        asset = np.multiply(service, held, out=self.wide).sum(axis=0) * scale
        figures[row.DURATION_GAP] = plans.notes.duration[0] - figures[row.ASSET_LIFE]
        figures[row.WAM_GAP] = plans.notes.term_mean[0] - asset
        owed = np.append(self.notes, np.nan)
        figures[row.DEBT_AT_END] = owed[end.astype(np.intp)]

    def _interest(self, figures: Array) -> None:
        """Interest on notes by month, and the present value of its tax shield at each note's own rate."""
        plans, months, interest = self.model.plans, self.model.months, self.interest
        interest[:] = self.fixed[:, None]
        figures[row.APV] += self.shield
        for k in self.refinanced:
            mature, amount = plans.notes.tranches.maturity[k], plans.notes.tranches.amount[k]
            rate = self.world.opening[mature + 1] + plans.notes.tranches.refinance_margin[k]
            yearly = amount * rate
            interest[mature + 1 :] += yearly / 12.0
            month = np.exp(np.log1p(rate) / -12.0)
            annuity = (month ** (mature + 2) - month ** (months + 1)) / (1.0 - month)
            figures[row.APV] += self.model.finance.tax / 12.0 * yearly * annuity

    def _cash(self, figures: Array) -> None:
        """Cash and revolver month by month; `drawn` is the interest on the revolver."""
        f, plans, world = self.model.finance, self.model.plans, self.world
        floor, limit, kept = plans.liquidity.floor[0], plans.liquidity.revolver[0], 1.0 - f.tax
        flow = self.wide
        np.subtract(self.ebitda, self.interest, out=self.cfads)
        np.multiply(self.cfads, kept, out=flow)
        flow += np.multiply(self.capital, f.tax, out=self.other)
        flow -= self.sites.spend[:-1]
        flow += f.base_cash_flow_monthly
        flow[0] += plans.notes.tranches.amount.sum()
        self.other[:] = self.ads
        self.other -= self.model.arpu.revenue0_by_month[:, None]
        self.other *= kept * world.margin
        flow += self.other
        np.add(world.opening[:-1], plans.liquidity.revolver_margin[0], out=self.drawn)
        self.drawn *= 1.0 / 12.0
        grows = 1.0 + kept * plans.liquidity.cash_rate[0] / 12.0
        cash, revolver = np.full(world.paths, plans.liquidity.opening_cash[0]), np.zeros(world.paths)
        step, wanted = np.empty(world.paths), np.empty(world.paths)
        for m in range(self.model.months):
            drawn = self.drawn[m]
            drawn *= revolver
            np.multiply(cash, grows, out=step)
            step += flow[m]
            np.multiply(drawn, kept, out=wanted)
            step -= wanted
            step -= revolver  # cash before drawing
            np.subtract(floor, step, out=wanted)
            np.maximum(wanted, 0.0, out=wanted)
            revolver = np.minimum(wanted, limit, out=self.revolver[m])
            cash = np.add(step, revolver, out=self.cash[m])
        self._liquidity(floor, figures)

    def _liquidity(self, floor: float, figures: Array) -> None:
        self.cash.min(axis=0, out=figures[row.MIN_CASH])
        self.revolver.max(axis=0, out=figures[row.REVOLVER_PEAK])
        depth = floor - figures[row.MIN_CASH]
        short = depth > MONEY_TOLERANCE_USD_BN
        figures[row.SHORTFALL] = short
        figures[row.SHORTFALL_DEPTH] = np.where(short, depth, 0.0)
        np.less(self.cash, floor - MONEY_TOLERANCE_USD_BN, out=self.mask).sum(axis=0, out=figures[row.SHORTFALL_MONTHS])

    def _tests(self, figures: Array) -> None:
        """Ratios and covenants at the test months. CFADS = EBITDA - tax (EBITDA - capital - interest)."""
        p, f, plans, world = self.model.programme, self.model.finance, self.model.plans, self.world
        tests, cfads = f.test_months, self.cfads  # EBITDA less note interest so far
        cfads -= self.drawn
        cfads -= self.capital
        cfads *= -f.tax
        cfads += self.ebitda
        sums, interest, ebitda = self._years(cfads), self._years(self.interest), self._years(self.ebitda)
        service = interest + self.bullets[tests, None]
        dscr = sums / service
        figures[row.DSCR_MIN] = figures[row.FCCR_MIN] = dscr.min(axis=0)
        figures[row.ICR_MIN] = (ebitda / interest).min(axis=0)
        reserve = (
            (p.compute_cost_per_mw + plans.variant.refit[0] * p.shell_cost_per_mw * p.cost_growth_by_month[tests])
            * 12.0
            / p.compute_life
        )
        reserve = reserve[:, None] * self.sites.level[tests, SERVICE] * world.cost
        figures[row.DSCR_RESERVE_MIN] = ((sums - reserve) / service).min(axis=0)
        earned = f.ebitda_share * self._years(self.ads) + ebitda
        net = plans.liquidity.other_debt[0] + self.notes[tests, None] + self.revolver[tests] - self.cash[tests]
        leverage = np.where(earned > 0.0, net / earned, NO_EARNINGS)
        leverage.max(axis=0, out=figures[row.LEVERAGE_MAX])
        failed = dscr < plans.covenants.dscr[0]
        failed |= leverage > plans.covenants.leverage[0]
        failed |= self.cash[tests] < plans.covenants.cash[0] - MONEY_TOLERANCE_USD_BN
        self._breach(failed, figures)
        life = (1.0 + plans.notes.coupon_mean[0]) ** (-np.arange(1, self.model.months - tests[0]) / 12.0)
        figures[row.LLCR] = life @ cfads[tests[0] + 1 :] / self.notes[tests[0]]

    def _breach(self, failed: NDArray[np.bool_], figures: Array) -> None:
        months, tests = self.model.months, self.model.finance.test_months
        breach, place = failed.any(axis=0), failed.argmax(axis=0)
        figures[row.BREACH] = breach
        figures[row.BREACH_MONTH] = np.where(breach, tests[place], months)
        passes = np.zeros_like(failed)
        passes[:-2] = ~(failed[1:-1] | failed[2:])
        figures[row.BREACH_CURED] = np.where(breach, passes[place, self.world.columns], np.nan)

    def _refinancing(self, figures: Array) -> None:
        """Balance above what CFADS carry at the new rate, over all refinancings."""
        plans = self.model.plans
        gap = figures[row.REFINANCING_GAP]
        gap[:] = 0.0 if self.refinanced.size else np.nan
        for k in self.refinanced:
            m, amount, term = plans.notes.tranches.maturity[k], plans.notes.tranches.amount[k], REFINANCED_MONTHS / 12.0
            year = self.cfads[max(m - 11, 0) : m + 1].sum(axis=0)
            service = 12.0 * self.interest[m] - amount * plans.notes.tranches.rate[k] + self.bullets[m] - amount / term
            rate = self.world.opening[m + 1] + plans.notes.tranches.refinance_margin[k]
            capacity = np.maximum(0.0, year / REFINANCING_DSCR - service) / (rate + 1.0 / term)
            gap += np.maximum(0.0, amount - capacity)

    def _earnings(self, figures: Array) -> None:
        """(1 - tax) (EBITDA - capital - interest) by fiscal year = EBITDA - tax (..) less what leaves before tax."""
        f = self.model.finance
        profit = self.cfads  # EBITDA less tax on what interest leaves
        profit -= self.interest
        profit -= self.drawn
        profit -= self.capital
        starts = np.flatnonzero(np.diff(f.fiscal_year, prepend=-1))
        for k, (a, b) in enumerate(zip(starts, [*starts[1:], self.model.months], strict=True)):
            np.multiply(profit[a:b].sum(axis=0), 1.0 / f.shares, out=figures[row.PLAN + k])
