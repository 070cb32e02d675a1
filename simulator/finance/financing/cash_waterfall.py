"""The levered month: interest, tax, cash, revolver, shares sold, notes swept, then the covenants.

Order of a month: flows at opening rates; interest on notes and revolver; tax; the revolver draws up to the floor or
repays above it; what is still missing is raised from new shares; where an uncured breach sweeps, all cash above the
floor prepays the notes; at a test month the covenants are tested and equity may cure a breach.

State by lane lives in rows of one scratch array (named in `covenants`). Sums over twelve months are those of four
quarters that end where tests do: test months are consecutive quarter-ends.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.finance import workspace as at
from simulator.finance.financing import covenants as row
from simulator.finance.financing.covenants import Cover, close_quarter, end_tests, start_tests, test_covenants
from simulator.finance.financing.debt import SLACK, Schedule
from simulator.finance.plan.plans import Terms
from simulator.finance.programme import Finance, Programme
from simulator.finance.workspace import Lanes, Ledger, Monthly, Works, World
from simulator.numerics.jit import disjoint, inline, inner


class Liquid(NamedTuple):
    """Cash and revolver by lane: lowest cash; whether, how far and in how many months below the floor; most drawn."""

    least: Lanes
    short: Lanes
    depth: Lanes
    months: Lanes
    drawn: Lanes


@inline
def levered(
    p: Programme, f: Finance, terms: Terms, base: NDArray[np.float64], revenue: Monthly, s: Schedule, world: World,
    scale: float, charged: Monthly, spent: Monthly, works: Works, scratch: NDArray[np.float64], ledger: Ledger,
    tracing: bool, cover: Cover, liquid: Liquid, sold: Lanes, apv: Lanes, earnings: NDArray[np.float64],
) -> None:  # fmt: skip
    """Run all months of a plan whose operations, notes and interest are in the ledger.

    Reads EBITDA, INTEREST, SHIELD; with a cloud CLOUD; with a cloud or JV OWED at test months; of `works` SERVICE and,
    with a JV, RENT, PARTNER, GUARANTEE. `scale` times `charged` and `spent` (months, lanes) are depreciation less gains
    and capex less sales, `base` is ad revenue before noise (months,), `revenue` that of `year_revenue`, `scratch`
    (LEVERED_ROWS, lanes). Fills CFADS; NOTES where the plan sweeps or a trace is kept; CASH, REVOLVER, EQUITY, PROFIT
    and DRAWN_INTEREST for a trace; `cover`; `liquid`; `sold`, equity in USD bn. INTEREST becomes what is paid after
    sweeps. Adds the tax shield to `apv`, USD a share to `earnings` (years, lanes).
    """
    funding, noise, margin = world.funding, world.monthly[at.NOISE], world.lanes[at.MARGIN]
    held, drawn, per_share = scratch[row.HELD], scratch[row.DRAWN], scratch[row.PER_SHARE]
    interest, ebitda, cfads = ledger[at.INTEREST], ledger[at.EBITDA], ledger[at.CFADS]
    years, balance, issued, repaid = f.fiscal_year, s.balance, s.issued, s.repaid
    tax, over, levers = f.tax, terms.revolver_margin, terms.equity_limit > 0.0 or terms.sweep
    kept, flows, tests = 1.0 + (1.0 - tax) * terms.cash_rate / 12.0, f.base_cash_flow, f.test_months
    first, last = (tests[0], tests[-1]) if tests.size > 0 else (base.size + 12, -1)
    _open(f, terms, scratch, ledger, sold, apv, liquid)
    start_tests(base.size, cover)
    for m in range(base.size):
        earned = earnings[years[m]]
        rent, guaranteed, given = _passed(m, terms, works, scratch)
        if levers:
            _begin(m, tax, f.shares, terms, s, works[at.PARTNER, m], ledger, scratch, sold, apv, earned)
        if tracing:
            _trace(m, tax, over, balance[m], terms.own, rent, guaranteed, scale, charged[m], funding, ledger, scratch)
        fixed = flows + issued[m] - repaid[m] - (terms.penalty if m == terms.penalty_month else 0.0)
        _settle(
            tax, over, fixed, (1.0 - tax) * base[m], kept, terms.cash_floor, terms.revolver, scale, terms.own,
            1.0 if terms.sweep else terms.own, funding[m], interest[m], charged[m], ebitda[m], spent[m], noise[m], rent,
            guaranteed, given, per_share, margin, held, drawn, cfads[m], earned,
        )  # fmt: skip
        if levers:
            _end(m, terms, balance[m], ledger, scratch, sold)
        if first - 12 <= m <= last and (m - first) % 3 == 0:
            _end_quarter(m, p, f, terms, revenue, s, world.lanes[at.COST], works, scratch, ledger, cover, sold)
        _follow(terms.cash_floor, held, drawn, liquid.least, liquid.months, liquid.drawn)
        if tracing:
            _trace_cash(m, held, drawn, ledger)
    end_tests(terms.with_jv or terms.with_cloud, scratch[row.AWAITED], cover)
    _judge(terms.cash_floor, liquid.least, liquid.short, liquid.depth)


@inline
def _end_quarter(
    m: int, p: Programme, f: Finance, terms: Terms, revenue: Monthly, s: Schedule, cost: Lanes, works: Works,
    rows: NDArray[np.float64], ledger: Ledger, cover: Cover, sold: Lanes,
) -> None:  # fmt: skip
    """Add up the quarter that ends with month m and, from the first test on, test the covenants."""
    quarter = (m - f.test_months[0]) // 3
    close_quarter(m, quarter % 2, terms, works[at.RENT], ledger, rows)
    if quarter >= 0:
        per_mw = (p.compute_per_mw + terms.refit * p.shell_per_mw * p.growth[m]) * 12.0 / p.compute_life
        test_covenants(
            m, terms, s, f.leverage_share, per_mw, cost, works[at.SERVICE], revenue[quarter], ledger, rows, cover, sold
        )


@inline
def _passed(m: int, terms: Terms, works: Works, rows: NDArray[np.float64]) -> tuple[Lanes, Lanes, Lanes]:
    """Rent and guarantee paid to the partner and what it gives, per unit of ownership.

    Where a sweep runs, the last is what cash gains from it and from principal prepaid before, of the plan.
    """
    rent, guaranteed, given = rows[row.NOTHING], rows[row.NOTHING], rows[row.NOTHING]
    if terms.with_jv:
        rent, guaranteed, given = works[at.RENT, m], works[at.GUARANTEE, m], works[at.PARTNER, m]
    if terms.sweep:
        given = rows[row.GIVEN]
    return rent, guaranteed, given


@inner
def _open(
    f: Finance, terms: Terms, rows: NDArray[np.float64], ledger: Ledger, sold: Lanes, apv: Lanes, liquid: Liquid
) -> None:
    """State before month 0. Without a sweep the notes' tax shield is one sum."""
    rows[: row.LEVERED_ROWS] = 0.0
    rows[row.HELD] = terms.opening_cash
    rows[row.LEFT] = 1.0
    rows[row.PER_SHARE] = (1.0 - f.tax) / f.shares
    sold[:] = 0.0
    liquid.least[:] = np.inf
    liquid.months[:] = 0.0
    liquid.drawn[:] = 0.0
    if not terms.sweep:
        for lane in range(apv.size):
            apv[lane] += ledger[at.SHIELD, 0, lane]


@inner
def _begin(
    m: int, tax: float, shares: float, terms: Terms, s: Schedule, funds: Lanes, ledger: Ledger,
    rows: NDArray[np.float64], sold: Lanes, apv: Lanes, earned: Lanes,
) -> None:  # fmt: skip
    """What levers change before a month's flows: shares, notes that are left, what cash gains from those prepaid.

    Shares sold in earlier months bear the month's result and dilute what the base business earns a share. Interest, its
    shield and principal bear on the share of the notes that is left, once this month's are issued.
    """
    if terms.equity_limit > 0.0:
        price, base, kept = 1.0 / terms.equity_price, terms.base_eps / 12.0, 1.0 - tax
        for lane in range(sold.size):
            each = 1.0 / (shares + sold[lane] * price)
            rows[row.PER_SHARE, lane] = kept * each
            earned[lane] -= base * (1.0 - shares * each)
    if terms.sweep:
        issued, amortised, repaid = s.issued[m], s.amortised[m], s.repaid[m]
        before = s.balance[max(m - 1, 0)]  # before month 0 nothing is prepaid: any number will do
        if issued > 0.0:
            for lane in range(apv.size):
                rows[row.LEFT, lane] = (rows[row.LEFT, lane] * before + issued) / (before + issued)
        for lane in range(apv.size):
            left = rows[row.LEFT, lane]
            ledger[at.INTEREST, m, lane] *= left
            apv[lane] += left * ledger[at.SHIELD, m, lane]
            rows[row.PAID, lane] += left * amortised
            inflow = terms.own * funds[lane] if terms.with_jv else 0.0
            rows[row.GIVEN, lane] = inflow + repaid * (1.0 - left)


@inner
def _trace(
    m: int,
    tax: float,
    over: float,
    balance: float,
    own: float,
    rent: Lanes,
    guaranteed: Lanes,
    scale: float,
    charged: Lanes,
    funding: Monthly,
    ledger: Ledger,
    rows: NDArray[np.float64],
) -> None:
    """What only a trace keeps of a month before the revolver moves. Equity and sweeps overwrite their planes later."""
    for lane in range(rows.shape[1]):
        drawn = rows[row.DRAWN, lane] * (funding[m, lane] + over) / 12.0
        borne = ledger[at.INTEREST, m, lane] + drawn + own * (rent[lane] + guaranteed[lane])
        result = ledger[at.EBITDA, m, lane] - scale * charged[lane]
        ledger[at.DRAWN_INTEREST, m, lane] = drawn
        ledger[at.PROFIT, m, lane] = (1.0 - tax) * (result - borne)
        ledger[at.NOTES, m, lane] = balance
        ledger[at.EQUITY, m, lane] = 0.0


@disjoint
def _settle(
    tax: float,
    over: float,
    fixed: float,
    wobble: float,
    kept: float,
    floor: float,
    limit: float,
    scale: float,
    own: float,
    part: float,
    funding: Lanes,
    interest: Lanes,
    charged: Lanes,
    ebitda: Lanes,
    spent: Lanes,
    noise: Lanes,
    rent: Lanes,
    guaranteed: Lanes,
    given: Lanes,
    per_share: Lanes,
    margin: Lanes,
    held: Lanes,
    drawn: Lanes,
    cfads: Lanes,
    earned: Lanes,
) -> None:
    """Interest, tax and CFADS; ads wobble, then cash, then the revolver up to the floor or back above it.

    `part` times `given` is what cash gains from the partner and from principal that a sweep has prepaid.
    """
    twelfth = 1.0 / 12.0
    for lane in range(margin.size):
        owed = drawn[lane]
        pays_rent = own * rent[lane]
        borne = interest[lane] + owed * ((funding[lane] + over) * twelfth) + (pays_rent + own * guaranteed[lane])
        taxed = ebitda[lane] - scale * charged[lane] - borne
        before = ebitda[lane] - tax * taxed
        earned[lane] += per_share[lane] * taxed
        cfads[lane] = before - pays_rent
        flow = before - scale * spent[lane] - borne + part * given[lane]
        after = held[lane] * kept + (flow + fixed + wobble * margin[lane] * (noise[lane] - 1.0))
        missing = floor - after
        pays = missing if missing > -owed else -owed
        draw = pays if pays < limit - owed else limit - owed
        held[lane] = after + draw
        drawn[lane] = owed + draw


@disjoint
def _follow(floor: float, held: Lanes, drawn: Lanes, least: Lanes, count: Lanes, most: Lanes) -> None:
    """Lowest cash, months below the floor and the largest revolver balance so far."""
    for lane in range(held.size):
        least[lane] = held[lane] if held[lane] < least[lane] else least[lane]
        count[lane] += 1.0 if floor - held[lane] > SLACK else 0.0
        most[lane] = drawn[lane] if drawn[lane] > most[lane] else most[lane]


@inner
def _judge(floor: float, least: Lanes, short: Lanes, depth: Lanes) -> None:
    """Whether cash fell below the floor, and how far."""
    for lane in range(least.size):
        lacks = floor - least[lane]
        short[lane] = 1.0 if lacks > SLACK else 0.0
        depth[lane] = lacks if lacks > SLACK else 0.0


@inner
def _trace_cash(m: int, held: Lanes, drawn: Lanes, ledger: Ledger) -> None:
    """What only a trace keeps of a month once the revolver, sales, sweeps and cures are through."""
    for lane in range(held.size):
        ledger[at.CASH, m, lane] = held[lane]
        ledger[at.REVOLVER, m, lane] = drawn[lane]


@inner
def _end(m: int, terms: Terms, balance: float, ledger: Ledger, rows: NDArray[np.float64], sold: Lanes) -> None:
    """What levers change after the revolver: shares sold, notes prepaid."""
    if terms.equity_limit > 0.0:
        _sell(m, terms, ledger, rows, sold)
    if terms.sweep:
        _prepay(m, terms.cash_floor, balance, ledger, rows)


@inner
def _sell(m: int, terms: Terms, ledger: Ledger, rows: NDArray[np.float64], sold: Lanes) -> None:
    """With the revolver full, shares are sold for what cash still lacks, up to the limit."""
    floor, limit = terms.cash_floor, terms.equity_limit
    for lane in range(sold.size):
        missing = floor - rows[row.HELD, lane]
        room = limit - sold[lane] if limit > sold[lane] else 0.0
        wanted = missing if missing > SLACK else 0.0
        raised = wanted if wanted < room else room
        sold[lane] += raised
        rows[row.HELD, lane] += raised
        ledger[at.EQUITY, m, lane] = raised


@inner
def _prepay(m: int, floor: float, balance: float, ledger: Ledger, rows: NDArray[np.float64]) -> None:
    """Where a sweep runs, cash above the floor prepays all notes alike; the notes that are left."""
    if balance > 0.0:
        for lane in range(rows.shape[1]):
            above = rows[row.HELD, lane] - floor
            excess = above if rows[row.SWEEPING, lane] > 0.0 and above > 0.0 else 0.0
            owed = rows[row.LEFT, lane] * balance
            all_of_it = excess >= owed
            rows[row.HELD, lane] -= owed if all_of_it else excess
            rows[row.LEFT, lane] = 0.0 if all_of_it else rows[row.LEFT, lane] - excess / balance
    for lane in range(rows.shape[1]):
        ledger[at.NOTES, m, lane] = rows[row.LEFT, lane] * balance
