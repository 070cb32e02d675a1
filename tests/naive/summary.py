"""The figures of a path under a plan, from its monthly accounts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tests.naive.company import Books, Note
from tests.naive.marginals import Array
from tests.naive.sites import Works
from tests.naive.world import World

SLACK = 1e-9  # USD bn, of events
COVER = 1.2  # debt service cover that a lender asks of a refinancing
NO_EARNINGS = 999.0  # leverage where earnings are not positive
RATES = np.linspace(-0.90, 1.00, 191)  # where roots of the IRR are looked for

Figures = dict[str, Array]


def trailing(series: Array, m: int) -> Array:
    """Sum over the twelve months that end with m."""
    return series[max(0, m - 11) : m + 1].sum(axis=0)


def plan_figures(
    model: Any, world: World, plan: int, works: Works, books: Books, years: Sequence[int]
) -> tuple[Figures, Figures]:
    """Every figure of a plan and, for its amounts, the sum of absolute flows that entered."""
    parts = [
        _value(model, works, books),
        _liquidity(model, plan, books),
        _tests(model, plan, works, books),
        _refinancing(books),
        _lives(model, world, works, books),
        _assets(model, world, works, books),
        _earnings(model, books, years),
    ]
    figures: Figures = {}
    scales: Figures = {}
    for values, flows in parts:
        figures |= values
        scales |= flows
    return figures, scales


def _value(model: Any, works: Works, books: Books) -> tuple[Figures, Figures]:
    """Present values, rate of return and funding need."""
    finance, cf, end = model.finance, books.monthly["cf"], works.terminal
    present, unlevered = finance.discount, finance.discount_unlevered
    cumulative = books.monthly["cumulative"]
    trough = cumulative.min(axis=0)
    trough_month = cumulative.argmin(axis=0)
    payback = np.full(trough.shape, float(model.months))
    for m in reversed(range(model.months)):
        payback = np.where((m > trough_month) & (cumulative[m] >= 0.0), float(m), payback)
    figures = {
        "npv": (present[:, None] * cf).sum(axis=0) + present[-1] * end,
        "apv": (unlevered[:, None] * cf).sum(axis=0) + unlevered[-1] * end + books.shield,
        "irr": irr(cf, end),
        "payback": payback,
        "peak_funding": np.maximum(-trough, 0.0),
        "peak_month": trough_month.astype(float),
    }
    flows = {
        "npv": (present[:, None] * abs(cf)).sum(axis=0) + present[-1] * abs(end),
        "apv": (unlevered[:, None] * abs(cf)).sum(axis=0) + unlevered[-1] * abs(end) + abs(books.shield),
        "peak_funding": abs(cf).sum(axis=0),
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
    turnover = abs(model.plans.opening_cash[plan]) + books.monthly["turnover"].sum(axis=0)
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


def _ratio(top: Array, bottom: Array) -> Array:
    """Cover; NaN where nothing is owed."""
    owed = bottom > 0.0
    return np.where(owed, top / np.where(owed, bottom, 1.0), np.nan)


def _tests(model: Any, plan: int, works: Works, books: Books) -> tuple[Figures, Figures]:
    """Covenants at every test month."""
    plans, series, months = model.plans, books.monthly, [int(m) for m in model.finance.test_months]
    cover, after_reserve, interest_cover, leverage, failed = [], [], [], [], []
    for m in months:
        interest = trailing(series["interest"], m)
        service = interest + series["bullet_service"][m] + trailing(series["amortised"], m)
        cfads, ebitda = trailing(series["cfads"], m), trailing(series["ebitda"], m)
        dscr = _ratio(cfads, service)
        earnings = model.finance.leverage_share * trailing(series["ads"], m) + ebitda
        net = plans.other_debt[plan] + series["notes"][m] + series["revolver"][m] - series["cash"][m]
        level = np.where(earnings > 0.0, net / np.where(earnings > 0.0, earnings, 1.0), NO_EARNINGS)
        fails = np.zeros(level.shape, dtype=bool)
        if plans.covenant_dscr[plan]:
            fails |= dscr < plans.covenant_dscr[plan]  # nothing owed: not tested
        if plans.covenant_leverage[plan]:
            fails |= level > plans.covenant_leverage[plan]
        if plans.covenant_cash[plan]:
            fails |= series["cash"][m] < plans.covenant_cash[plan] - SLACK
        cover.append(dscr)
        after_reserve.append(_ratio(cfads - works.monthly["reserve"][m], service))
        interest_cover.append(_ratio(ebitda, interest))
        leverage.append(level)
        failed.append(fails)
    like = works.terminal
    month, cured = _first_breach(months, failed, like, model.months)
    figures = {
        "dscr_min": _lowest(cover, like),
        "dscr_reserve_min": _lowest(after_reserve, like),
        "fccr_min": _lowest(cover, like),
        "icr_min": _lowest(interest_cover, like),
        "llcr": _loan_life_cover(model, months, books, like),
        "leverage_max": np.max(leverage, axis=0) if leverage else np.full_like(like, np.nan),
        "breach": (month < model.months).astype(float),
        "breach_month": month,
        "breach_cured": cured,
    }
    return figures, {}


def _first_breach(months: list[int], failed: list[Array], like: Array, never: int) -> tuple[Array, Array]:
    """Month of the first failed test and whether the next two tests passed (NaN without a breach)."""
    month, cured = np.full(like.shape, float(never)), np.full(like.shape, np.nan)
    for k in reversed(range(len(months))):
        month = np.where(failed[k], float(months[k]), month)
        passes = ~failed[k + 1] & ~failed[k + 2] if k + 2 < len(months) else np.zeros(like.shape, dtype=bool)
        cured = np.where(failed[k], passes.astype(float), cured)
    return month, cured


def _loan_life_cover(model: Any, months: list[int], books: Books, like: Array) -> Array:
    """Present value of later CFADS over the notes at the first test."""
    issued = [note for note in books.notes if note.issue < model.months]
    total = sum(note.amount for note in issued)
    coupon = sum(note.amount * expected_rate(model, note) for note in issued) / total if total else 0.0
    if not months or months[0] >= model.months:
        return np.full(like.shape, np.nan)
    first, present = months[0], np.zeros_like(like)
    for m in range(first + 1, model.months):
        present = present + books.monthly["cfads"][m] * (1.0 + coupon) ** (-(m - first) / 12.0)
    return _ratio(present, books.monthly["notes"][first])


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


def _lives(model: Any, world: World, works: Works, books: Books) -> tuple[Figures, Figures]:
    """Lives of assets and notes, and what is owed when the assets end."""
    like, served = works.terminal, works.served
    running = np.ones(like.shape, dtype=bool)  # no economic end so far
    never = float(model.months)
    value_years, capacity_years, end = np.zeros_like(like), np.zeros_like(like), np.full(like.shape, never)
    owed = np.full(like.shape, np.nan)
    for m in range(model.months):
        value = world.value[m] * works.monthly["mw_value"][m]  # MW weighted by what is left of first chips
        capacity = works.monthly["mw_in_service"][m]
        worth = world.p12[m] * value - world.operating_cost * model.programme.growth[m] * capacity
        ends = running & (worth < 0.0)
        end = np.where(ends, float(m), end)
        owed = np.where(ends, books.monthly["notes"][m], owed)
        running &= ~ends
        value_years += np.where(running, value, 0.0) / 12.0
        capacity_years += np.where(running, capacity, 0.0) / 12.0
    life, use = _ratio(value_years, served), _ratio(capacity_years, served)
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


def _assets(model: Any, world: World, works: Works, books: Books) -> tuple[Figures, Figures]:
    """Idle and stranded capital and the return on what is invested."""
    monthly = works.monthly
    idle_cost = (monthly["idle"] * world.opening_rs).sum(axis=0) / 12.0
    stranded = monthly["stranded"].max(axis=0)
    profit = books.monthly["operating_profit"].sum(axis=0) * 12.0 / model.months
    figures = {
        "idle_capital": works.idle_capital,
        "idle_cost": idle_cost,
        "stranded_peak": stranded,
        "stranded_retired": works.retired,
        "write_offs": works.write_offs,
        "roic": _ratio(profit, monthly["book"].mean(axis=0)),
    }
    flows = {
        "idle_capital": works.idle_capital,
        "idle_cost": (monthly["idle"] * abs(world.opening_rs)).sum(axis=0) / 12.0,
        "stranded_peak": works.compute,
        "stranded_retired": works.compute + works.write_off_flows,
        "write_offs": works.write_off_flows,
    }
    return figures, flows


def _earnings(model: Any, books: Books, years: Sequence[int]) -> tuple[Figures, Figures]:
    """Effect on earnings per share by fiscal year."""
    figures, flows = {}, {}
    for k, year in enumerate(years):
        inside = model.finance.fiscal_year == k
        profit = books.monthly["profit"][inside]
        figures[f"eps_fy{year}"] = profit.sum(axis=0) / model.finance.shares
        flows[f"eps_fy{year}"] = books.monthly["turnover"][inside].sum(axis=0) / model.finance.shares
    return figures, flows
