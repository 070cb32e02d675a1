"""The cash waterfall again, one path at a time: notes as amounts of money, trailing sums added up at every test."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tests.naive.marginals import Array

SLACK = 1e-9
NEVER = np.nan


class Note(NamedTuple):
    """One tranche, as the plans hold it."""

    amount: float
    issue: int
    maturity: int
    rate: float
    floating: bool
    margin: float
    term: float
    refinance: bool
    amortising: bool


class Terms(NamedTuple):
    """The terms of a plan: liquidity, covenants, equity."""

    opening_cash: float
    other_debt: float
    cash_floor: float
    revolver: float
    revolver_margin: float
    cash_rate: float
    penalty: float
    penalty_month: int
    covenant_dscr: float
    covenant_fccr: float
    covenant_leverage: float
    covenant_cash: float
    refit: float
    own: float
    with_jv: bool
    with_cloud: bool
    equity_limit: float
    equity_price: float
    base_eps: float
    cures: int
    sweep: bool


class Path(NamedTuple):
    """The series of a path by month."""

    planes: dict[str, Array]
    base: Array
    noise: Array
    funding: Array
    service: Array
    margin: float
    cost: float


class Debt:
    """The ladder before any prepayment: what every month's notes would do."""

    def __init__(self, notes: Sequence[Note], funding: Array, months: int, tax: float) -> None:
        self.issued, self.repaid, self.amortised, self.interest, self.shield, self.balance, self.bullets = np.zeros(
            (7, months)
        )
        self.rolled: list[tuple[int, float, float, float]] = []  # month, amount, old and new rate
        for note in notes:
            if note.issue < months:
                self._run(note, funding, months, tax)

    def _run(self, note: Note, funding: Array, months: int, tax: float) -> None:
        rate = note.rate + (funding[note.issue] if note.floating else 0.0)
        owed, maturity, term = note.amount, note.maturity, note.term
        self.issued[note.issue] += note.amount
        for m in range(note.issue, months):
            due = owed * rate / 12.0
            self.interest[m] += due
            self.shield[m] += tax * due * (1.0 + rate) ** (-(m + 1) / 12.0)
            if note.amortising and m <= maturity:
                part = note.amount / (maturity - note.issue + 1)
                owed = note.amount * (maturity - m) / (maturity - note.issue + 1)
                self.repaid[m] += part
                self.amortised[m] += part
            elif m == maturity and note.refinance:
                new = funding[m + 1] + note.margin
                self.rolled.append((m, owed, rate, new))
                rate, maturity, term = new, m + 120, 10.0
            elif m == maturity:
                self.repaid[m] += owed
                owed = 0.0
            self.balance[m] += owed
            self.bullets[m] += 0.0 if note.amortising else owed / term


def year(series: Sequence[float] | Array, m: int) -> float:
    """Plain sum of the twelve months up to m."""
    return float(sum(series[max(0, m - 11) : m + 1]))


class Story:
    """Breaches and what becomes of them."""

    def __init__(self, months: int) -> None:
        self.month, self.cured, self.uncured = months, NEVER, 0.0
        self.waits, self.cures, self.sweeping = 0, 0, False

    def test(self, m: int, failed: bool, injected: bool) -> None:
        if failed and np.isnan(self.cured):
            self.month, self.cured = m, 0.0
            self.cured = 1.0 if injected else 0.0
        if failed and not injected:
            if self.waits:
                self.uncured, self.sweeping = 1.0, True
            self.waits = 2
        elif self.waits:
            self.waits -= 1
            if self.waits == 0:
                self.sweeping = False
                self.cured = self.cured if self.uncured else 1.0

    def end(self) -> None:
        self.uncured = 1.0 if self.waits else self.uncured


class Company:
    """Cash, revolver, notes and shares of one path."""

    def __init__(self, path: Path, terms: Terms, notes: Sequence[Note], programme: Any, finance: Any) -> None:
        self.path, self.terms, self.programme, self.finance = path, terms, programme, finance
        self.months = path.base.size
        self.debt = Debt(notes, path.funding, self.months, finance.tax)
        self.cash, self.drawn, self.owed, self.sold = terms.opening_cash, 0.0, 0.0, 0.0
        self.apv, self.earnings = 0.0, np.zeros(finance.fiscal_years)
        self.series: dict[str, list[float]] = {}
        self.story = Story(self.months)
        self.worst: dict[str, float] = {}

    def plane(self, name: str, m: int) -> float:
        off = name in ("RENT_PAID", "PARTNER_FLOW", "GUARANTEED") and not self.terms.with_jv
        off |= name == "CLOUD" and not self.terms.with_cloud
        off |= name == "OWED" and not (self.terms.with_jv or self.terms.with_cloud)
        return 0.0 if off else float(self.path.planes[name][m])

    def step(self, m: int) -> None:
        """One month."""
        t, f, debt, path = self.terms, self.finance, self.debt, self.path
        scheduled = (debt.balance[m - 1] if m else 0.0) + debt.issued[m]
        self.owed += debt.issued[m]
        left = self.owed / scheduled if scheduled else 0.0
        interest, repaid = left * debt.interest[m], left * debt.repaid[m]
        self.apv += left * debt.shield[m]
        self.owed -= repaid
        drawn_interest = self.drawn * (path.funding[m] + t.revolver_margin) / 12.0
        rent, guarantee = self.plane("RENT_PAID", m), self.plane("GUARANTEED", m)
        taxed = self.plane("TAXABLE", m) - rent - guarantee - interest - drawn_interest
        cfads = self.plane("EBITDA", m) - rent - f.tax * taxed
        shares = f.shares + self.sold / t.equity_price
        diluted = t.base_eps / 12.0 * (1.0 - f.shares / shares)
        self.earnings[f.fiscal_year[m]] += (1.0 - f.tax) * taxed / shares - diluted
        self.cash += (1.0 - f.tax) * t.cash_rate / 12.0 * self.cash
        self.cash += f.base_cash_flow_monthly + path.margin * (1.0 - f.tax) * path.base[m] * (path.noise[m] - 1.0)
        self.cash += cfads - self.plane("NET", m) + self.plane("PARTNER_FLOW", m) - guarantee - interest
        self.cash += debt.issued[m] - repaid - drawn_interest - (t.penalty if m == t.penalty_month else 0.0)
        draw = min(max(t.cash_floor - self.cash, -self.drawn), t.revolver - self.drawn)
        self.cash, self.drawn = self.cash + draw, self.drawn + draw
        missing = t.cash_floor - self.cash
        raised = min(missing, t.equity_limit - self.sold) if missing > SLACK else 0.0
        self.cash, self.sold = self.cash + raised, self.sold + raised
        if t.sweep and self.story.sweeping:
            paid = min(max(self.cash - t.cash_floor, 0.0), self.owed)
            self.cash, self.owed = self.cash - paid, self.owed - paid
        row = {
            "INTEREST": interest, "CFADS": cfads, "PROFIT": (1.0 - f.tax) * taxed, "DRAWN_INTEREST": drawn_interest,
            "amortised": left * debt.amortised[m], "ads": path.base[m] * path.noise[m], "rent": rent,
            "EBITDA": self.plane("EBITDA", m), "cloud": self.plane("CLOUD", m), "EQUITY": raised,
            "NOTES": self.owed, "REVOLVER": self.drawn, "CASH": self.cash,
        }  # fmt: skip
        for name, value in row.items():
            self.series.setdefault(name, []).append(value)
        if m in f.test_months:
            self.test(m)

    def ratio(self, name: str, top: float, bottom: float) -> None:
        """Lower a cover where something is to be served."""
        if bottom > 0.0:
            self.worst[name] = min(self.worst.get(name, np.inf), top / bottom)

    def test(self, m: int) -> None:
        """The covenants at a quarter-end."""
        t, p, series = self.terms, self.programme, self.series
        cfads, interest, ebitda = (year(series[name], m) for name in ("CFADS", "INTEREST", "EBITDA"))
        rent, cloud, ads = (year(series[name], m) for name in ("rent", "cloud", "ads"))
        scheduled = self.debt.balance[m]
        service = interest + year(series["amortised"], m)
        service += self.debt.bullets[m] * (self.owed / scheduled if scheduled else 0.0)
        fixed = service + rent + cloud
        refresh = (
            (p.compute_cost_per_mw + t.refit * p.shell_cost_per_mw * p.cost_growth_by_month[m]) * self.path.cost * t.own
        )
        reserve = refresh * self.path.service[m] * 12.0 / p.compute_life
        net = t.other_debt + self.owed + self.drawn + self.plane("OWED", m) - self.cash
        earned = self.finance.ebitda_share * ads + ebitda
        self.ratio("dscr", cfads, service)
        self.ratio("reserve", cfads - reserve, service)
        self.ratio("fccr", cfads + rent + cloud, fixed)
        self.ratio("icr", ebitda - rent, interest)
        level = net / earned if earned > 0.0 else 999.0
        self.worst["leverage"] = max(self.worst.get("leverage", -np.inf), level)
        lacks = [0.0]
        if t.covenant_dscr and service > 0.0:
            lacks.append(t.covenant_dscr * service - cfads)
        if t.covenant_fccr and fixed > 0.0:
            lacks.append(t.covenant_fccr * fixed - (cfads + rent + cloud))
        if t.covenant_leverage:
            lacks.append(net - t.covenant_leverage * earned if earned > 0.0 else np.inf)
        if t.covenant_cash and t.covenant_cash - self.cash > SLACK:
            lacks.append(t.covenant_cash - self.cash)
        need = max(lacks)
        able = 0.0 < need <= t.equity_limit - self.sold and self.story.cures < t.cures
        if able:
            self.cash, self.sold, self.story.cures = self.cash + need, self.sold + need, self.story.cures + 1
            series["CASH"][m], series["EQUITY"][m] = self.cash, series["EQUITY"][m] + need
        self.story.test(m, need > 0.0, able)

    def loan_life_cover(self, coupon: float) -> float:
        """Later CFADS over the notes at the first test."""
        tests = self.finance.test_months
        if not len(tests) or not self.debt.balance[tests[0]] > 0.0:
            return NEVER
        first = tests[0]
        later = range(first + 1, self.months)
        return float(
            sum(self.series["CFADS"][m] * (1.0 + coupon) ** (-(m - first) / 12.0) for m in later)
            / self.series["NOTES"][first]
        )

    def refinancing_gap(self) -> float:
        """The refinancing gap: the part of the balances that lenders would not have lent."""
        gap = 0.0 if self.debt.rolled else NEVER
        for m, amount, old, new in self.debt.rolled:
            left = self.series["NOTES"][m] / self.debt.balance[m]
            others = self.debt.bullets[m] + 12.0 * self.debt.amortised[m] - amount / 10.0
            service = 12.0 * self.series["INTEREST"][m] - old * left * amount + left * others
            capacity = max(year(self.series["CFADS"], m) / 1.2 - service, 0.0) / (new + 0.1)
            gap += max(left * amount - capacity, 0.0)
        return gap


def run_path(
    path: Path, terms: Terms, notes: Sequence[Note], programme: Any, finance: Any, coupon: float
) -> dict[str, Any]:
    """Every figure and series of the path."""
    company = Company(path, terms, notes, programme, finance)
    for m in range(company.months):
        company.step(m)
    story, series = company.story, company.series
    story.end()
    cash, short = np.array(series["CASH"]), terms.cash_floor - np.array(series["CASH"])
    names = ("INTEREST", "NOTES", "CFADS", "CASH", "REVOLVER", "EQUITY", "PROFIT", "DRAWN_INTEREST")
    return {
        **{name: company.worst.get(name, NEVER) for name in ("dscr", "reserve", "fccr", "icr", "leverage")},
        "breach": 0.0 if np.isnan(story.cured) else 1.0, "month": story.month, "cured": story.cured,
        "uncured": story.uncured, "sold": company.sold, "apv": company.apv, "earnings": company.earnings,
        "llcr": company.loan_life_cover(coupon), "gap": company.refinancing_gap(),
        "least": cash.min(), "short": float(short.max() > SLACK),
        "depth": max(short.max(), 0.0) if short.max() > SLACK else 0.0, "months": float((short > SLACK).sum()),
        "drawn": max(series["REVOLVER"]), **{name: np.array(series[name]) for name in names},
    }  # fmt: skip
