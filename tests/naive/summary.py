"""The figures of a path under a plan, from its monthly accounts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tests.naive.company import Books
from tests.naive.covenants import SLACK, ratio, trailing
from tests.naive.marginals import Array
from tests.naive.notes import Note
from tests.naive.operations import Operations
from tests.naive.sites import SiteFlows
from tests.naive.world import World

COVER = 1.2  # debt service cover that a lender asks of a refinancing
RATES = np.linspace(-0.90, 1.00, 191)  # where roots of the IRR are looked for

Figures = dict[str, Array]


def plan_figures(
    model: Any, world: World, plan: int, operations: Operations, books: Books, years: Sequence[int]
) -> tuple[Figures, Figures]:
    """Every figure of a plan and, for its amounts, the sum of absolute flows that entered."""
    parts = [
        _value(model, plan, operations, books),
        _liquidity(model, plan, books),
        _tests(model, books),
        _refinancing(books),
        _lives(model, world, operations, books),
        _assets(world, operations, books),
        _levers(operations, books),
        _partner(model, plan, operations),
        _earnings(model, plan, books, years),
    ]
    figures: Figures = {}
    scales: Figures = {}
    for values, flows in parts:
        figures |= values
        scales |= flows
    return figures, scales


def _value(model: Any, plan: int, operations: Operations, books: Books) -> tuple[Figures, Figures]:
    """Present values, rate of return and funding need."""
    finance, monthly = model.finance, operations.monthly
    cf, end, owed = monthly["cf"], operations.terminal, operations.owed_after_tax
    cumulative = monthly["cumulative"]
    trough = cumulative.min(axis=0)
    trough_month = cumulative.argmin(axis=0)
    payback = np.full(trough.shape, float(model.months))
    for m in reversed(range(model.months)):
        payback = np.where((m > trough_month) & (cumulative[m] >= 0.0), float(m), payback)
    rented = model.plans.jv.discount[plan]
    shared = (rented[:, None] * monthly["with_partner"]).sum(axis=0) - rented[-1] * owed
    sizes = monthly["capex"] + monthly["sale"] + abs(monthly["ebitda"]) + abs(monthly["taxable"]) + monthly["lease"]
    passed = monthly["partner"] + monthly["rent"] + monthly["guarantee"]

    def present(discount: Array) -> Array:
        return (discount[:, None] * monthly["project"]).sum(axis=0) + discount[-1] * end + shared

    def scale(discount: Array) -> Array:
        return (discount[:, None] * sizes + rented[:, None] * passed).sum(axis=0) + operations.terminal_flows + owed

    figures = {
        "npv": present(finance.wacc_discount),
        "apv": present(finance.unlevered_cost_discount) + books.shield,
        "irr": irr(cf, end - owed),
        "payback": payback,
        "peak_funding": np.maximum(-trough, 0.0),
        "peak_month": trough_month.astype(float),
    }
    flows = {
        "npv": scale(finance.wacc_discount),
        "apv": scale(finance.unlevered_cost_discount) + abs(books.shield),
        "peak_funding": (sizes + passed).sum(axis=0),
    }
    return figures, flows


def irr(cf: Array, end: Array) -> Array:
    """Annual rate at which flows (months, paths) and the value at the end are worth nothing; NaN unless just one."""
    flows = cf.copy()
    flows[-1] += end
    t = (np.arange(len(flows)) + 1) / 12.0
    worth = np.array([((1.0 + rate) ** -t) @ flows for rate in RATES])
    change = (worth[:-1] > 0.0) != (worth[1:] > 0.0)
    place = change.argmax(axis=0)
    low, high = RATES[place], RATES[place + 1]
    rising = np.take_along_axis(worth, place[None], axis=0)[0] <= 0.0
    for _ in range(60):
        middle = (low + high) / 2.0
        now = (flows * (1.0 + middle) ** -t[:, None]).sum(axis=0)
        above = (now > 0.0) == rising
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return np.where(change.sum(axis=0) == 1, (low + high) / 2.0, np.nan)


def _liquidity(model: Any, plan: int, books: Books) -> tuple[Figures, Figures]:
    """Cash, revolver and shortfall."""
    shortfall = books.monthly["shortfall"]
    turnover = abs(model.plans.liquidity.opening_cash[plan]) + books.monthly["turnover"].sum(axis=0)
    figures = {
        "min_cash": books.monthly["cash"].min(axis=0),
        "shortfall": (shortfall.max(axis=0) > SLACK).astype(float),
        "shortfall_depth": shortfall.max(axis=0),
        "shortfall_months": (shortfall > SLACK).sum(axis=0).astype(float),
        "revolver_peak": books.monthly["revolver"].max(axis=0),
    }
    return figures, dict.fromkeys(("min_cash", "shortfall_depth", "revolver_peak"), turnover)


def _lowest(values: list[Array], like: Array) -> Array:
    """Lowest of the tests; NaN where none is defined."""
    lowest = np.full(like.shape, np.inf)
    for value in values:
        lowest = np.fmin(lowest, value)
    return np.where(np.isinf(lowest), np.nan, lowest)


def _tests(model: Any, books: Books) -> tuple[Figures, Figures]:
    """Covenants at every test month."""
    tested, like = books.covenants, books.shield
    never = float(model.months)
    figures = {
        "dscr_min": _lowest(tested.dscr, like),
        "dscr_reserve_min": _lowest(tested.dscr_reserve, like),
        "fccr_min": _lowest(tested.fccr, like),
        "icr_min": _lowest(tested.icr, like),
        "llcr": _loan_life_cover(model, books, like),
        "leverage_max": np.max(tested.leverage, axis=0) if tested.leverage else np.full_like(like, np.nan),
        "breach": (tested.first < never).astype(float),
        "breach_month": tested.first,
        "breach_cured": tested.cured,
        "uncured": (tested.uncured | (tested.watch > 0)).astype(float),
    }
    return figures, {}


def _loan_life_cover(model: Any, books: Books, like: Array) -> Array:
    """Present value of later CFADS over the notes at the first test."""
    months = [int(m) for m in model.finance.test_months]
    issued = [note for note in books.notes if note.issue < model.months]
    total = sum(note.amount for note in issued)
    coupon = sum(note.amount * expected_rate(model, note) for note in issued) / total if total else 0.0
    if not months or months[0] >= model.months:
        return np.full(like.shape, np.nan)
    first, present = months[0], np.zeros_like(like)
    for m in range(first + 1, model.months):
        present = present + books.monthly["cfads"][m] * (1.0 + coupon) ** (-(m - first) / 12.0)
    return ratio(present, books.monthly["notes"][first])


def _refinancing(books: Books) -> tuple[Figures, Figures]:
    """Balance that could not be refinanced at the lender's cover."""
    if not books.refinancings:
        return {"refinancing_gap": np.full(books.shield.shape, np.nan)}, {}
    gap, scale = np.zeros_like(books.shield), np.zeros_like(books.shield)
    for event in books.refinancings:
        annual = event.rate + 0.1  # interest and a tenth of principal
        cash = trailing(books.monthly["cfads"], event.month) / COVER
        capacity = np.maximum((cash - event.service) / annual, 0.0)
        gap = gap + np.maximum(event.amount - capacity, 0.0)
        size = trailing(abs(books.monthly["cfads"]), event.month) / COVER
        scale = scale + event.amount + (size + event.service) / abs(annual)
    return {"refinancing_gap": gap}, {"refinancing_gap": scale}


def _lives(model: Any, world: World, operations: Operations, books: Books) -> tuple[Figures, Figures]:
    """Lives of assets and notes, and what is owed when the assets end."""
    site_flows: SiteFlows = operations.site_flows
    like, served = site_flows.terminal, site_flows.served
    running = np.ones(like.shape, dtype=bool)  # no economic end so far
    never = float(model.months)
    value_years, capacity_years, end = np.zeros_like(like), np.zeros_like(like), np.full(like.shape, never)
    owed = np.full(like.shape, np.nan)
    for m in range(model.months):
        value = world.value[m] * site_flows.monthly["mw_value"][m]  # MW weighted by what is left of first chips
        capacity = site_flows.monthly["mw_in_service"][m]
        worth = world.p12[m] * value - world.operating_cost * model.programme.cost_growth_by_month[m] * capacity
        reached = running & (worth < 0.0)
        end = np.where(reached, float(m), end)
        owed = np.where(reached, books.monthly["notes"][m], owed)
        running &= ~reached
        value_years += np.where(running, value, 0.0) / 12.0
        capacity_years += np.where(running, capacity, 0.0) / 12.0
    life, use = ratio(value_years, served), ratio(capacity_years, served)
    issued = [note for note in books.notes if note.issue < model.months]
    total = sum(note.amount for note in issued)
    figures = {"asset_life": life, "debt_at_end": owed if total else np.full(like.shape, np.nan)}
    duration: Array = np.full(like.shape, np.nan)
    term = np.nan
    if total:
        duration = sum(note.amount * macaulay(expected_rate(model, note), note.first_term) for note in issued) / total
        term = sum(note.amount * note.first_term for note in issued) / total
    figures |= {"duration_gap": duration - life, "wam_gap": term - use}
    return figures, {"debt_at_end": np.full(like.shape, total)}


def expected_rate(model: Any, note: Note) -> float:
    """Annual rate of a note seen from month 0: its coupon, or its margin over the curve of that day."""
    return note.coupon + (model.funding.rate0 + model.funding.spread0 if note.floating else 0.0)


def macaulay(rate: float, term: float) -> Array:
    """Years: Macaulay duration of a bullet at par, coupon = yield, paid twice a year, `term` years long."""
    y = np.where(rate == 0.0, 1.0, rate)
    annuity = -np.expm1(-2.0 * term * np.log1p(y / 2.0)) / y  # of 1 a year in half-yearly parts
    return np.where(rate == 0.0, term, (1.0 + y / 2.0) * annuity)


def _assets(world: World, operations: Operations, books: Books) -> tuple[Figures, Figures]:
    """Idle and stranded capital and the return on what is invested."""
    site_flows, monthly = operations.site_flows, operations.monthly
    profit = books.monthly["operating_profit"].sum(axis=0) * 12.0 / len(monthly["idle"])
    figures = {
        "idle_capital": site_flows.idle_capital,
        "idle_cost": (monthly["idle"] * world.opening_rs).sum(axis=0) / 12.0,
        "stranded_peak": monthly["stranded"].max(axis=0),
        "stranded_retired": site_flows.retired,
        "write_offs": operations.write_offs,
        "roic": ratio(profit, monthly["book"].mean(axis=0)),
        "idle_sponsor": site_flows.idle_sponsor,
    }
    flows = {
        "idle_capital": site_flows.idle_capital,
        "idle_cost": (monthly["idle"] * abs(world.opening_rs)).sum(axis=0) / 12.0,
        "stranded_peak": site_flows.compute,
        "stranded_retired": site_flows.compute + operations.write_off_flows,
        "write_offs": operations.write_off_flows,
        "idle_sponsor": site_flows.idle_capital,
    }
    return figures, flows


def _levers(operations: Operations, books: Books) -> tuple[Figures, Figures]:
    """Figures of leasing, cloud and shares sold."""
    monthly, company = operations.monthly, books.monthly
    figures = {
        "lease_income": monthly["lease"].sum(axis=0),
        "cloud_cost": monthly["cloud"].sum(axis=0),
        "equity_sold": company["equity"].sum(axis=0),
    }
    return figures, {"equity_sold": company["turnover"].sum(axis=0)}


def _partner(model: Any, plan: int, operations: Operations) -> tuple[Figures, Figures]:
    """The JV seen by its partner, before tax."""
    site_flows, monthly, plans = operations.site_flows, operations.monthly, model.plans
    flow = monthly["rent"] + monthly["guarantee"] + monthly["returned"] - monthly["partner"]
    end = site_flows.owed + site_flows.kept
    figures = {"guarantee": monthly["guarantee"].sum(axis=0) + site_flows.owed, "exits": site_flows.exits}
    none = np.full(end.shape, np.nan)
    if not plans.jv.share[plan]:
        return figures | {"partner_npv": none, "partner_irr": none}, {}
    t = (np.arange(model.months) + 1)[:, None] / 12.0
    discount = (1.0 + plans.jv.rate[plan]) ** -t
    figures |= {"partner_npv": (discount * flow).sum(axis=0) + discount[-1] * end, "partner_irr": irr(flow, end)}
    sizes = monthly["rent"] + monthly["guarantee"] + monthly["returned"] + monthly["partner"]
    owing = (monthly["guarantee"] > 0.0).any(axis=0) | (site_flows.owed > 0.0)
    paid_in = monthly["partner"].sum(axis=0) * (1.0 + plans.jv.rate[plan]) ** (model.months / 12.0)
    scale = (discount * sizes).sum(axis=0) + end
    return figures, {"partner_npv": scale, "guarantee": np.where(owing, paid_in, 0.0) + figures["guarantee"]}


def _earnings(model: Any, plan: int, books: Books, years: Sequence[int]) -> tuple[Figures, Figures]:
    """Effect on earnings per share by fiscal year."""
    figures, flows = {}, {}
    for k, year in enumerate(years):
        inside = model.finance.fiscal_year == k
        figures[f"eps_fy{year}"] = books.monthly["eps"][inside].sum(axis=0)
        scale = books.monthly["turnover"][inside].sum(axis=0) / model.finance.shares
        flows[f"eps_fy{year}"] = scale + model.plans.equity.base_eps[plan]
    return figures, flows
