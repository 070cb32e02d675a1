"""A plan valued in a batch of worlds in JAX: sites as elementwise expressions, one scan over months, then the tests."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax

from benchmarks.jax_world import World
from benchmarks.ladder import Ladder, ladder
from simulator.finance.financing.covenants import NO_EARNINGS
from simulator.finance.financing.debt import REFINANCED_MONTHS, REFINANCING_DSCR
from simulator.finance.tolerances import MONEY_TOLERANCE_USD_BN
from simulator.model import Model

Array = Any


class Books(NamedTuple):
    """Sums over sites by month, (months, paths); money per unit of the cost multiplier, except `cost`."""

    spend: Array  # capex less sales
    capital: Array  # depreciation less gain
    cost: Array  # USD m a year before growth
    active: Array
    service: Array
    first: Array
    stranded: Array
    idle: Array


class SiteTotals(NamedTuple):
    """Sums over sites, (paths,), per unit of the cost multiplier."""

    sunk: Array
    value: Array
    compute: Array
    shell: Array
    idle: Array
    retired: Array
    in_service: Array


def smoothstep(x: Array) -> Array:
    """Cumulative share of shell spend."""
    t = jnp.clip(x, 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def _at(series: Array, month: Array) -> Array:
    """series[month, path] by path."""
    return jnp.take_along_axis(series, month.astype(jnp.int32)[None], axis=0, mode="clip")[0]


def _site(model: Model, w: World, i: int, m: Array) -> tuple[Books, Array, SiteTotals]:
    """One site; `m` is the column of months. Also the shell spent by each month-end, whose steps are spend."""
    p, g, months = model.programme, model.grid, model.months
    mw, planned, start = g.mw[i], int(g.planned[i]), g.start[i]
    shell, compute, delivered = p.shell_cost_per_mw * mw, p.compute_cost_per_mw * mw, planned - 1
    service = jnp.clip(jnp.ceil(w.energised[i]) - 1.0, delivered, months)
    finished = jnp.minimum(jnp.maximum(jnp.ceil(w.built[i]) - 1.0, 0.0), service)
    dates = jnp.arange(months + 1.0)[:, None]
    share = shell * smoothstep((dates - start) / (w.built[i] - start))
    runs, delivery = m >= service, m >= delivered
    old = mw * w.efficiency[delivered] / w.work[delivered]
    inverse, since, effective = 1.0 / w.value[delivered], service, jnp.where(m >= service + p.work_delay[i], old, 0.0)
    scale = jnp.broadcast_to(inverse, (months, inverse.size))
    book = jnp.where(runs, 1.0 - (m - service + 1.0) / p.compute_life, 1.0)
    depreciation = jnp.where(runs, shell / p.shell_life + compute / p.compute_life, 0.0)
    spend = jnp.asarray(np.where((m < planned) & (m >= planned - p.delivery_months), compute / p.delivery_months, 0.0))
    gain, refit, last = 0.0, 0.0, jnp.zeros_like(service)
    growth = jnp.asarray(p.cost_growth_by_month)
    for _ in range((months - planned) // p.compute_life):
        swap = since + p.compute_life
        at, now = swap < months, _at(w.value, swap)
        proceeds = compute * now * inverse * w.resale
        refit = jnp.where(at, model.plans.variant.refit[0] * shell * growth[swap.astype(jnp.int32)], refit)
        spend = spend + jnp.where(m == swap, compute + refit - proceeds, 0.0)
        gain = gain + jnp.where(m == swap, proceeds, 0.0)
        later = m >= swap
        depreciation = depreciation + jnp.where(later, (refit - last) / p.compute_life, 0.0)
        effective = jnp.where(later, mw * _at(w.efficiency, swap) / _at(w.work, swap), effective)
        scale = jnp.where(later, 1.0 / now, scale)
        book = jnp.where(later, 1.0 - (m - swap + 1.0) / p.compute_life, book)
        inverse, since, last = jnp.where(at, 1.0 / now, inverse), jnp.where(at, swap, since), refit
    inside = service < months
    left = jnp.where(inside, 1.0 - (months - since) / p.compute_life, 1.0)
    now = w.value[-1] * inverse
    operating = mw * w.operating_cost
    books = Books(
        spend, depreciation - gain,
        jnp.where(delivery, p.idle_share * operating, 0.0)
        + jnp.where(runs, (1.0 - p.idle_share) * operating + mw * p.behind_meter_cost * w.behind[i], 0.0),
        effective, jnp.where(runs, mw, 0.0), jnp.where(runs, mw / w.value[delivered], 0.0),
        jnp.where(delivery, compute * jnp.maximum(book - w.value * scale, 0.0), 0.0),
        jnp.where(runs, 0.0, jnp.where(m >= finished, shell, 0.0) + jnp.where(delivery, compute, 0.0)),
    )  # fmt: skip
    before = max(0, min(p.delivery_months - planned, p.delivery_months)) / p.delivery_months
    totals = SiteTotals(
        share[0] + compute * before, compute * now, compute * left,
        share[-1] * (1.0 - (months - service) / p.shell_life) + jnp.where(inside, refit * left, 0.0),
        shell * (service - finished) + compute * (service - delivered), compute * jnp.maximum(left - now, 0.0),
        jnp.where(inside, mw, 0.0),
    )  # fmt: skip
    return books, share, totals


def _sites(model: Model, w: World) -> tuple[Books, SiteTotals]:
    m = np.arange(float(model.months))[:, None]
    parts = [_site(model, w, i, m) for i in range(model.grid.mw.size)]
    books = Books(*(sum(part) for part in zip(*(books for books, _, _ in parts), strict=True)))
    totals = SiteTotals(*(sum(part) for part in zip(*(totals for _, _, totals in parts), strict=True)))
    share = sum(share for _, share, _ in parts)
    return books._replace(spend=books.spend + share[1:] - share[:-1]), totals


def _interest(model: Model, w: World, notes: Ladder) -> tuple[Array, Array]:
    """Interest on notes (months, paths) and the present value of its tax shield."""
    plans, months, f = model.plans, model.months, model.finance
    m = jnp.arange(months)[:, None]
    interest, shield = jnp.asarray(notes.fixed)[:, None], notes.shield
    for k in np.flatnonzero(plans.notes.tranches.maturity < months):
        mature = plans.notes.tranches.maturity[k]
        rate = w.opening[mature + 1] + plans.notes.tranches.refinance_margin[k]
        due = plans.notes.tranches.amount[k] * rate / 12.0
        interest = interest + jnp.where(m > mature, due, 0.0)
        step = jnp.exp(jnp.log1p(rate) / -12.0)
        shield = shield + f.tax * due * (step ** (mature + 2.0) - step ** (months + 1.0)) / (1.0 - step)
    return interest, shield


def _opening(model: Model, w: World, totals: SiteTotals) -> dict[str, Array]:
    """The state of the scan before the first month."""
    plans, zero = model.plans, jnp.zeros(w.epsilon.size)
    names = ("adopted", "npv", "apv", "flow", "low_month", "invested", "earned", "idle_cost", "stranded", "life")
    state = dict.fromkeys((*names, "maturity", "revolver", "most", "short"), zero)
    state |= {"back": zero + model.months, "trough": zero + jnp.inf, "book": w.cost * totals.sunk}
    return state | {
        "end": zero + model.months,
        "cash": zero + plans.liquidity.opening_cash[0],
        "min_cash": zero + jnp.inf,
    }


def value_plan(model: Model, w: World) -> list[Array]:
    """Figures of the plan in the kernel's row order."""
    p, f, plans, a, months = model.programme, model.finance, model.plans, model.arpu, model.months
    notes = ladder(model)
    books, totals = _sites(model, w)
    interest, shield = _interest(model, w, notes)
    kept, floor = 1.0 - f.tax, plans.liquidity.floor[0]
    growth, factors = p.cost_growth_by_month, [f.wacc_discount, f.unlevered_cost_discount]
    monthly = [np.arange(months), growth / 12e3, growth, a.revenue0_by_month, 1.0 / a.fleet0_by_month, *factors]
    tables = np.array(monthly).T
    issue = np.zeros(months)
    issue[0] = plans.notes.tranches.amount.sum()

    def month(state: dict[str, Array], inputs: Array) -> tuple[dict[str, Array], Array]:
        s = dict(state)
        row, issued, book, due, opening, noise, trailing, value, work = inputs
        m, scale, grow, base, fleet, discount, unlevered = row
        s["adopted"] += a.lag_share * (jnp.log1p(book.active * work * fleet) - s["adopted"])
        ads = base * noise
        ebitda = w.margin * ads * (jnp.exp(w.epsilon * s["adopted"]) - 1.0) - book.cost * scale
        taxable, spend = ebitda - w.cost * book.capital, w.cost * book.spend
        flow = ebitda - f.tax * taxable - spend
        s["npv"] += discount * flow
        s["apv"] += unlevered * flow
        s["flow"] += flow
        lower = s["flow"] < s["trough"]
        back = jnp.where((s["back"] == months) & (s["flow"] >= 0.0), m, s["back"])
        s["back"] = jnp.where(lower, float(months), back)
        s["low_month"] = jnp.where(lower, m, s["low_month"])
        s["trough"] = jnp.minimum(s["trough"], s["flow"])
        s["book"] += spend - w.cost * book.capital
        s["invested"] += s["book"]
        s["earned"] += taxable
        s["idle_cost"] += book.idle * opening / 12.0
        s["stranded"] = jnp.maximum(s["stranded"], book.stranded)
        worth = value * book.first
        over = trailing * worth < w.operating_cost * grow * book.service
        s["end"] = jnp.where(over & (s["end"] == months), m, s["end"])
        held = s["end"] == months
        s["life"] += jnp.where(held, worth, 0.0)
        s["maturity"] += jnp.where(held, book.service, 0.0)
        drawn = s["revolver"] * (opening + plans.liquidity.revolver_margin[0]) / 12.0
        profit = taxable - due - drawn
        cfads = ebitda - f.tax * profit
        cash = s["cash"] * (1.0 + kept * plans.liquidity.cash_rate[0] / 12.0) + f.base_cash_flow_monthly + issued
        cash += w.margin * kept * (ads - base) + cfads - spend - due - drawn
        draw = jnp.minimum(jnp.maximum(floor - cash, -s["revolver"]), plans.liquidity.revolver[0] - s["revolver"])
        s["cash"], s["revolver"] = cash + draw, s["revolver"] + draw
        s["min_cash"] = jnp.minimum(s["min_cash"], s["cash"])
        s["most"] = jnp.maximum(s["most"], s["revolver"])
        s["short"] += floor - s["cash"] > MONEY_TOLERANCE_USD_BN
        return s, (cfads, ebitda, ads, s["cash"], s["revolver"], profit)

    inputs = (tables, issue, books, interest, w.opening[:-1], w.noise, w.trailing, w.value, w.work)
    s, series = lax.scan(month, _opening(model, w, totals), inputs)
    return _figures(model, w, notes, totals, books, interest, shield, s, series)


def _figures(model, w, notes, totals, books, interest, shield, s, series):
    f, p, plans, months = model.finance, model.programme, model.plans, model.months
    share = jnp.minimum(1.0, w.trailing[-1] / p.shell_price)
    brings = totals.value * w.resale + totals.shell * share
    terminal = w.cost * (brings - f.tax * (brings - totals.compute - totals.shell))
    short = s["short"] > 0.0
    some = totals.in_service > 0.0
    scale = jnp.where(some, 1.0 / jnp.where(some, 12.0 * totals.in_service, 1.0), jnp.nan)
    life = s["life"] * scale
    invested = s["invested"] > 0.0
    owed = jnp.asarray(np.append(notes.notes, np.nan))[s["end"].astype(jnp.int32)]
    tests, gap, cfads, profit = *_tests(model, w, notes, books, interest, series), series[0], series[5]
    years = (np.arange(f.fiscal_years)[:, None] == f.fiscal_year) * (1.0 - f.tax) / f.shares
    dscr, reserve, icr, leverage, breach, breach_month, cured = tests
    first = f.test_months[0]
    fading = (1.0 + plans.notes.coupon_mean[0]) ** (-np.arange(1, months - first) / 12.0)
    return [
        s["npv"] + f.wacc_discount[-1] * terminal, s["apv"] + f.unlevered_cost_discount[-1] * terminal + shield,
        jnp.full_like(life, jnp.nan), s["back"], jnp.maximum(-s["trough"], 0.0), s["low_month"], s["min_cash"],
        short.astype(jnp.float64), jnp.where(short, plans.liquidity.floor[0] - s["min_cash"], 0.0), s["short"],
        s["most"],
        dscr, reserve, dscr, icr, fading @ cfads[first + 1 :] / notes.notes[first], leverage, breach, breach_month,
        cured, gap, plans.notes.duration[0] - life, plans.notes.term_mean[0] - s["maturity"] * scale, owed, life,
        totals.idle * w.cost / 12.0, s["idle_cost"] * w.cost, s["stranded"] * w.cost, totals.retired * w.cost,
        jnp.zeros_like(life), 12.0 * (1.0 - f.tax) * s["earned"] / jnp.where(invested, s["invested"], 1.0),
        *(years @ profit),
    ]  # fmt: skip


def _tests(model, w, notes, books, interest, series):
    """Covenant figures, and the refinancing gap; trailing sums are a matrix product."""
    p, f, plans, months = model.programme, model.finance, model.plans, model.months
    cfads, ebitda, ads, cash, revolver, _ = series
    tests, m = f.test_months, np.arange(months)
    window = ((m <= tests[:, None]) & (m > tests[:, None] - 12)).astype(float)
    paid, year, earned = window @ interest, window @ cfads, window @ ebitda
    service = paid + notes.bullets[tests, None]
    dscr = year / service
    reserve = (
        (p.compute_cost_per_mw + plans.variant.refit[0] * p.shell_cost_per_mw * p.cost_growth_by_month[tests])
        * 12.0
        / p.compute_life
    )
    less = reserve[:, None] * books.service[tests] * w.cost
    base = f.ebitda_share * (window @ ads) + earned
    net = plans.liquidity.other_debt[0] + notes.notes[tests, None] + revolver[tests] - cash[tests]
    leverage = jnp.where(base > 0.0, net / jnp.where(base > 0.0, base, 1.0), NO_EARNINGS)
    failed = (dscr < plans.covenants.dscr[0]) | (leverage > plans.covenants.leverage[0])
    failed |= cash[tests] < plans.covenants.cash[0] - MONEY_TOLERANCE_USD_BN
    breach, place = jnp.any(failed, axis=0), jnp.argmax(failed, axis=0)
    passes = jnp.concatenate([~(failed[1:-1] | failed[2:]), jnp.zeros((2, failed.shape[1]), bool)])
    cured = jnp.where(breach, jnp.take_along_axis(passes, place[None], axis=0)[0].astype(jnp.float64), jnp.nan)
    month = jnp.where(breach, jnp.asarray(tests)[place], months).astype(jnp.float64)
    figures = (
        dscr.min(axis=0), ((year - less) / service).min(axis=0), (earned / paid).min(axis=0),
        leverage.max(axis=0), breach.astype(jnp.float64), month, cured,
    )  # fmt: skip
    due = np.flatnonzero(plans.notes.tranches.maturity < months)
    gap, term = (0.0 if due.size else jnp.nan) * w.cost, REFINANCED_MONTHS / 12.0
    for k in due:
        at, amount = plans.notes.tranches.maturity[k], plans.notes.tranches.amount[k]
        others = 12.0 * interest[at] - amount * plans.notes.tranches.rate[k] + notes.bullets[at] - amount / term
        spare = jnp.maximum(0.0, cfads[max(at - 11, 0) : at + 1].sum(axis=0) / REFINANCING_DSCR - others)
        gap += jnp.maximum(
            0.0, amount - spare / (w.opening[at + 1] + plans.notes.tranches.refinance_margin[k] + 1.0 / term)
        )
    return figures, gap
