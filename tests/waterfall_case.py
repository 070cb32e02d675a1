"""Cases of the cash waterfall: a company, a plan and months, for the compiled code and for its slow twin."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path as FilePath
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.config import freeze, load
from simulator.finance import workspace as at
from simulator.finance.charges import Charges
from simulator.finance.company import Company
from simulator.finance.financing.cash_waterfall import LiquidityFigures, WaterfallFigures, run_cash_waterfall
from simulator.finance.financing.covenants import CoverFigures, compute_loan_life_cover, fill_yearly_revenue
from simulator.finance.financing.debt import compute_refinancing_gap, fill_note_interest, fill_note_schedule
from simulator.finance.financing.waterfall_state import WATERFALL_ROWS
from simulator.finance.plan.cloud import Cloud
from simulator.finance.plan.covenants import Covenants
from simulator.finance.plan.disposal import Disposal
from simulator.finance.plan.equity import Equity
from simulator.finance.plan.jv import SHELL_ONLY, Jv
from simulator.finance.plan.leases import InternalOrLease, LeaseExcess
from simulator.finance.plan.liquidity import Liquidity
from simulator.finance.plan.notes import SCHEDULE_ROWS, Notes, NoteSchedule, Tranches
from simulator.finance.plan.plans import Plan
from simulator.finance.plan.variant import BOOK, COMMITTED, Variant
from simulator.finance.workspace import World
from simulator.model import Model
from simulator.numerics.jit import njit
from tests.naive.cash_waterfall import Note, Path, Terms, run_path

Array = NDArray[np.float64]
SEED = int(os.environ.get("SIMULATOR_TEST_SEED", "1"))
MONTHS, LANES = 120, 48
TESTS = tuple(range(47, MONTHS, 3))
COUPON = 0.05  # weighted, of the notes
INPUTS = ("EBITDA", "TAXABLE", "NET", "RENT_PAID", "PARTNER_FLOW", "GUARANTEED", "CLOUD", "OWED")
FILLED = {
    name: getattr(at, name)
    for name in ("INTEREST", "NOTES", "CFADS", "CASH", "REVOLVER", "PROFIT", "DRAWN_INTEREST")
} | {"EQUITY": at.EQUITY_SOLD}  # fmt: skip
LADDER = (
    Note(9.0, 0, 52, 0.042, False, 0.01, 5.0, True, False),
    Note(6.0, 0, 400, 0.055, False, 0.0, 40.0, True, False),
    Note(5.0, 7, 100, 0.02, True, 0.0, 8.0, False, False),
    Note(4.0, 60, 90, 0.015, True, 0.0, 2.5, False, True),
    Note(3.0, 30, 77, 0.05, False, 0.0, 4.0, False, True),
    Note(2.0, 2, 9, 0.03, True, 0.005, 0.6, True, False),
)
NEUTRAL = Terms(
    opening_cash=50.0, other_debt=28.7, cash_floor=20.0, revolver=20.0, revolver_margin=0.011, cash_rate=0.04,
    penalty=0.0, penalty_month=0, covenant_dscr=1.2, covenant_fccr=0.0, covenant_leverage=3.5, covenant_cash=20.0,
    refit=0.4, own=1.0, with_jv=False, with_cloud=False, equity_limit=0.0, equity_price=617.5, base_eps=0.0, cures=0,
    sweep=False,
)  # fmt: skip


@cache
def _reference() -> Model:
    """A model whose programme, company and sites fill in what the cash waterfall does not read."""
    return freeze(load(FilePath(__file__).parents[1] / "configs" / "smoke.toml")).model


def company(base: Array, tests: Sequence[int]) -> Company:
    """The flagship's company, in fiscal years from July; `base` (months,) is ad revenue before noise."""
    model, months = _reference(), base.size
    growth = np.exp(0.025 * (np.arange(months) + 1) / 12.0)
    programme = model.programme._replace(
        shell_cost_per_mw=0.01174, compute_cost_per_mw=0.02614, compute_life=66, cost_growth_by_month=growth
    )  # fmt: skip
    finance = model.finance._replace(
        tax=0.15, shares=2.56, base_cash_flow_monthly=22.0 / 12.0, ebitda_share=0.5,
        fiscal_year=(np.arange(months) + 6) // 12, fiscal_years=(months + 5) // 12 + 1,
        test_months=np.array(tests, dtype=np.int64),
    )  # fmt: skip
    arpu = model.arpu._replace(revenue0_by_month=base)
    return Company(model.marginals, model.grid, arpu, np.ones(months), programme, finance)


def plan_with(terms: Terms, notes: Sequence[Note], months: int) -> Plan:
    """A plan with these terms and notes; levers that the cash waterfall does not read are off."""
    t = terms
    return Plan(
        own_share=t.own,
        variant=Variant(0, COMMITTED, BOOK, t.refit, 0),
        notes=Notes(len(notes) > 0, COUPON, 0.0, 0.0, False, 0, len(notes), tranches_of(notes)),
        liquidity=Liquidity(
            t.opening_cash, t.other_debt, t.cash_floor, t.revolver, t.revolver_margin, t.cash_rate, t.penalty,
            t.penalty_month,
        ),
        covenants=Covenants(t.covenant_dscr, t.covenant_fccr, t.covenant_leverage, t.covenant_cash, t.cures, t.sweep),
        cloud=Cloud(t.with_cloud, 0, 0),
        jv=Jv(
            t.with_jv, 0.8 * t.with_jv, COUPON, 240, 48, 0.8, SHELL_ONLY, 36, np.ones(1, np.int64), np.ones(months)
        ),
        lease_excess=LeaseExcess(False, 0.0, 0.0, 0.0, 0, 0, -1, 0.0, 0.0, False, False),
        internal_or_lease=InternalOrLease(False, 0.0),
        disposal=Disposal(False, 0.0, 0.0, 0, -1, -1),
        equity=Equity(t.equity_limit > 0.0, t.equity_limit, t.equity_price, t.base_eps),
    )  # fmt: skip


def tranches_of(notes: Sequence[Note]) -> Tranches:
    """The notes as arrays."""
    whole = {"issue", "maturity", "floating", "refinance", "amortising"}
    columns: dict[str, Any] = {
        name: np.array([getattr(note, name) for note in notes], np.int64 if name in whole else np.float64)
        for name in Note._fields
    }
    return Tranches(refinance_margin=columns.pop("margin"), kind=columns.pop("amortising"), **columns)


@njit
def _run(
    c: Company, plan: Plan, s: NoteSchedule, revenue: Array, world: World, charges: Charges, flows: Array,
    scratch: Array, ledger: Array, tracing: bool, figures: WaterfallFigures, llcr: Array, gap: Array,
) -> None:  # fmt: skip
    sweep, tranches, f = plan.covenants.sweep == 1, plan.notes.tranches, c.finance
    fill_note_schedule(tranches, s)
    fill_note_interest(f.tax, sweep, tranches, s, world.funding, scratch, ledger[at.INTEREST], ledger[at.TAX_SHIELD])
    fill_yearly_revenue(f.test_months, c.arpu.revenue0_by_month, world.monthly[at.AD_NOISE], scratch, revenue)
    run_cash_waterfall(c, plan, s, revenue, world, charges, flows, scratch, ledger, tracing, figures)
    compute_loan_life_cover(f, plan.notes.coupon_mean, s, ledger, llcr)
    compute_refinancing_gap(
        sweep, tranches, s, world.funding, scratch, ledger[at.INTEREST], ledger[at.NOTES], ledger[at.CFADS], gap
    )  # fmt: skip


class Case(NamedTuple):
    """Inputs by month and lane, by the ledger's names, and the world's."""

    planes: dict[str, Array]
    base: Array  # (months,)
    noise: Array
    funding: Array  # (months + 1, lanes)
    service: Array
    margin: Array
    cost: Array


def random_case(seed: int, lanes: int = LANES, months: int = MONTHS) -> Case:
    """A programme that spends 30 months and then earns, well on some paths and badly on others."""
    random = np.random.default_rng([SEED, seed])
    size, m = (months, lanes), np.arange(months)[:, None]
    luck = random.normal(0.0, 1.0, (1, lanes))
    ebitda = (m > 24) * (0.9 + 0.8 * luck + 0.3 * random.normal(0.0, 1.0, size).cumsum(axis=0) / 4.0)
    planes = {
        "EBITDA": ebitda,
        "TAXABLE": ebitda - 0.02 * m * random.uniform(0.5, 1.5, size),
        "NET": np.where(m < 30, random.uniform(1.0, 4.5, size), random.uniform(-0.3, 1.2, size)),
        "RENT_PAID": (m > 30) * random.uniform(0.05, 0.3, size),
        "PARTNER_FLOW": (m < 30) * random.uniform(0.0, 1.5, size),
        "GUARANTEED": (random.uniform(size=size) < 0.01) * random.uniform(0.0, 5.0, size),
        "CLOUD": (m > 10) * random.uniform(0.0, 0.3, size),
        "OWED": random.uniform(0.0, 15.0, size),
    }
    funding = 0.05 + 0.004 * random.normal(0.0, 1.0, (months + 1, lanes)).cumsum(axis=0) / 2.0
    noise = np.exp(0.02 * random.normal(0.0, 1.0, size).cumsum(axis=0))
    base = 17.0 * 1.08 ** (np.arange(months) / 12.0)
    margin, cost = random.uniform(0.7, 0.9, lanes), random.uniform(0.9, 1.4, lanes)
    return Case(planes, base, noise, funding, random.uniform(0.0, 3.5, size).cumsum(axis=0) / 50.0, margin, cost)


def compiled(
    case: Case, terms: Terms, notes: Sequence[Note], tracing: bool = True, tests: Sequence[int] = TESTS
) -> dict[str, Array]:
    """Every figure and plane, by name; what must not be read is NaN beforehand."""
    months, lanes = case.noise.shape
    c = company(case.base, tests)
    ledger = np.full((at.LEDGER_PLANES, months, lanes), np.nan)
    ledger[at.EBITDA] = case.planes["EBITDA"]
    if terms.with_cloud:
        ledger[at.CLOUD_COST] = case.planes["CLOUD"]
    if terms.with_jv or terms.with_cloud:
        ledger[at.COMMITMENTS] = case.planes["OWED"]
    flows = np.full((at.SITE_FLOW_PLANES, months, lanes), np.nan)
    flows[at.SERVICE_MW] = case.service
    paid = ((at.RENT, "RENT_PAID"), (at.PARTNER_FUNDING, "PARTNER_FLOW"), (at.GUARANTEE, "GUARANTEED"))
    for plane, name in paid * terms.with_jv:
        flows[plane] = case.planes[name] / terms.own
    world = at.allocate_world(months, 1, 1, lanes)
    for unread in world:
        unread[:] = np.nan
    world.monthly[at.AD_NOISE], world.funding[:] = case.noise, case.funding
    world.parameters[at.MARGIN], world.parameters[at.COST_MULTIPLIER] = case.margin, case.cost
    cover = CoverFigures(*np.full((len(CoverFigures._fields), lanes), np.nan))
    liquidity = LiquidityFigures(*np.full((len(LiquidityFigures._fields), lanes), np.nan))
    sold, llcr, gap = np.full((3, lanes), np.nan)
    earnings = np.zeros((c.finance.fiscal_years, lanes))
    figures = WaterfallFigures(cover, liquidity, sold, np.zeros(lanes), earnings)
    empty, scratch = NoteSchedule(*np.full((SCHEDULE_ROWS, months), np.nan)), np.full((WATERFALL_ROWS, lanes), np.nan)
    charges = Charges(1.0, case.planes["EBITDA"] - case.planes["TAXABLE"], case.planes["NET"])
    _run(
        c, plan_with(terms, notes, months), empty, np.empty((len(tests), lanes)), world, charges, flows, scratch,
        ledger, tracing, figures, llcr, gap,
    )  # fmt: skip
    named = cover._asdict() | {"sold": sold, "apv": figures.apv, "earnings": earnings, "llcr": llcr, "gap": gap}
    named |= {
        "least": liquidity.lowest_cash, "short": liquidity.shortfall, "depth": liquidity.depth,
        "months": liquidity.months, "drawn": liquidity.largest_drawn,
    }  # fmt: skip
    return named | {name: ledger[plane] for name, plane in FILLED.items()}


def slow(case: Case, terms: Terms, notes: Sequence[Note], tests: Sequence[int] = TESTS) -> dict[str, Array]:
    """The same from the twin, lane by lane."""
    c, lanes = company(case.base, tests), case.noise.shape[1]
    each = []
    for lane in range(lanes):
        path = Path(
            {name: plane[:, lane] for name, plane in case.planes.items()}, case.base, case.noise[:, lane],
            case.funding[:, lane], case.service[:, lane], case.margin[lane], case.cost[lane],
        )  # fmt: skip
        each.append(run_path(path, terms, notes, c.programme, c.finance, COUPON))
    return {name: np.array([figures[name] for figures in each]).T for name in each[0]}
