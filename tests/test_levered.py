"""The levered month against a slow twin, path by path, and against cases worked by hand."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator.compiled import njit
from simulator.finance import ledger as at
from simulator.finance.covenants import LEVERED_ROWS, Cover, loan_life_cover
from simulator.finance.debt import Schedule, liquidity, note_interest, plan_schedule, refinancing_gap, schedule
from simulator.finance.ledger import World
from simulator.finance.levered import levered
from simulator.finance.plan import Plans, Terms
from simulator.finance.programme import Finance, Programme
from tests.naive.levered import Note, Path, run_path

Array = NDArray[np.float64]
SEED = int(os.environ.get("SIMULATOR_TEST_SEED", "1"))
MONTHS, LANES = 120, 48
TESTS = tuple(range(47, MONTHS, 3))
GIVEN = ("EBITDA", "TAXABLE", "NET", "RENT_PAID", "PARTNER_FLOW", "GUARANTEED", "CLOUD", "OWED")
FILLED = ("INTEREST", "NOTES", "CFADS", "CASH", "REVOLVER", "EQUITY", "PROFIT", "DRAWN_INTEREST")
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


class Out(NamedTuple):
    """What a run fills: by lane, or (rows, lanes)."""

    cover: Cover
    sold: Array
    apv: Array
    earnings: Array  # (fiscal years, lanes)
    llcr: Array
    gap: Array
    liquid: Array  # (5, lanes)


@njit
def _run(
    p: Programme, f: Finance, terms: Terms, plans: Plans, coupon: float, base: Array, s: Schedule, world: World,
    service: Array, scratch: Array, ledger: Array, tracing: bool, out: Out,
) -> None:  # fmt: skip
    plan_schedule(plans, 0, s)
    note_interest(f.tax, plans, 0, s, world.funding, scratch, ledger[at.INTEREST], ledger[at.SHIELD])
    levered(
        p, f, terms, base, s, world, service, scratch, ledger, tracing, out.cover, out.sold, out.apv, out.earnings
    )  # fmt: skip
    liquidity(
        terms.cash_floor, ledger[at.CASH], ledger[at.REVOLVER], out.liquid[0], out.liquid[1], out.liquid[2],
        out.liquid[3], out.liquid[4],
    )  # fmt: skip
    loan_life_cover(f, coupon, s, ledger, out.llcr)
    refinancing_gap(
        plans, 0, s, world.funding, scratch, ledger[at.INTEREST], ledger[at.NOTES], ledger[at.CFADS], out.gap
    )


def neutral(kind: Any, **fields: Any) -> Any:
    """A frozen tuple with the fields that the levered month reads; zeros elsewhere."""
    zeros = {
        "int": 0, "float": 0.0, "NDArray[np.int64]": np.zeros(1, np.int64), "NDArray[np.float64]": np.zeros(1)
    }  # fmt: skip
    named = {name: getattr(of, "__forward_arg__", of) for name, of in kind.__annotations__.items()}
    return kind(**{name: fields[name] if name in fields else zeros[of] for name, of in named.items()})


def programme(months: int = MONTHS) -> Programme:
    """Costs that the refresh reserve rests on."""
    growth = np.exp(0.025 * (np.arange(months) + 1) / 12.0)
    made: Programme = neutral(
        Programme, shell_per_mw=0.01174, compute_per_mw=0.02614, compute_life=66, growth=growth
    )  # fmt: skip
    return made


def finance(tests: Sequence[int] = TESTS, months: int = MONTHS) -> Finance:
    """The flagship's company; fiscal years are calendar years from July."""
    made: Finance = neutral(
        Finance, tax=0.15, shares=2.56, base_cash_flow=22.0 / 12.0, leverage_share=0.5,
        fiscal_year=(np.arange(months) + 6) // 12, fiscal_years=(months + 5) // 12 + 1,
        test_months=np.array(tests, dtype=np.int64),
    )  # fmt: skip
    return made


def plans_of(notes: Sequence[Note], sweep: bool) -> Plans:
    """One plan of these notes; levers that the levered month reads elsewhere are zero."""
    whole = ("issue", "maturity", "floating", "refinance", "amortising")
    fields: dict[str, Any] = {"jv_sites": np.zeros((1, 1), np.int64), "jv_discount": np.ones((1, 1))}
    for name in Note._fields:
        values = [getattr(note, name) for note in notes]
        fields[f"tranche_{name}"] = np.array(values, dtype=np.int64 if name in whole else np.float64)
    made: Plans = neutral(
        Plans, tranche_from=np.array([0, len(notes)]), sweep=np.array([int(sweep)]), **fields
    )  # fmt: skip
    return made


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
    ledger = np.full((at.LEDGER, months, lanes), np.nan)
    unread = {"RENT_PAID", "PARTNER_FLOW", "GUARANTEED"} if not terms.with_jv else set()
    unread |= {"CLOUD"} if not terms.with_cloud else set()
    unread |= {"OWED"} if not (terms.with_jv or terms.with_cloud) else set()
    for name in set(GIVEN) - unread:
        ledger[getattr(at, name)] = case.planes[name]
    monthly = np.full((at.MONTHLY, months, lanes), np.nan)
    monthly[at.NOISE] = case.noise
    by_lane = np.full((5, lanes), np.nan)
    by_lane[at.MARGIN], by_lane[at.COST] = case.margin, case.cost
    world = World(
        np.zeros((6, lanes)), monthly, case.funding.copy(), np.zeros((3, 1, lanes)), by_lane,
        np.zeros((1, months, lanes)),
    )  # fmt: skip
    f = finance(tests, months)
    cover = Cover(*np.full((len(Cover._fields), lanes), np.nan))
    sold, apv, llcr, gap = np.full((4, lanes), np.nan)
    apv[:] = 0.0
    out = Out(cover, sold, apv, np.zeros((f.fiscal_years, lanes)), llcr, gap, np.zeros((5, lanes)))
    scratch = np.full((LEVERED_ROWS, lanes), np.nan)
    _run(
        programme(months), f, terms, plans_of(notes, terms.sweep), 0.05, case.base, schedule(months), world,
        case.service, scratch, ledger, tracing, out,
    )  # fmt: skip
    figures = cover._asdict() | {"sold": sold, "apv": apv, "earnings": out.earnings, "llcr": llcr, "gap": gap}
    liquid = dict(zip(("least", "short", "depth", "count", "drawn"), out.liquid, strict=True))
    return figures | liquid | {name: ledger[getattr(at, name)] for name in FILLED}


def slow(case: Case, terms: Terms, notes: Sequence[Note], tests: Sequence[int] = TESTS) -> dict[str, Array]:
    """The same from the twin, lane by lane."""
    months, lanes = case.noise.shape
    each = []
    for lane in range(lanes):
        path = Path(
            {name: plane[:, lane] for name, plane in case.planes.items()}, case.base, case.noise[:, lane],
            case.funding[:, lane], case.service[:, lane], case.margin[lane], case.cost[lane],
        )  # fmt: skip
        each.append(run_path(path, terms, notes, programme(months), finance(tests, months), 0.05))
    return {name: np.array([figures[name] for figures in each]).T for name in each[0]}


LEVERS: dict[str, tuple[dict[str, Any], Sequence[Note]]] = {
    "neutral": ({}, LADDER),
    "no notes": ({"covenant_fccr": 1.1}, ()),
    "penalty": ({"penalty": 7.0, "penalty_month": 31}, LADDER),
    "no covenants": ({"covenant_dscr": 0.0, "covenant_leverage": 0.0, "covenant_cash": 0.0}, LADDER),
    "jv": ({"with_jv": True, "covenant_fccr": 1.1}, ()),
    "cloud": ({"with_cloud": True, "own": 0.6}, LADDER),
    "equity": ({"equity_limit": 25.0, "base_eps": 37.1}, LADDER),
    "cures": ({"equity_limit": 25.0, "base_eps": 37.1, "cures": 2}, LADDER),
    "sweep": ({"sweep": True}, LADDER),
    "all, notes": (
        {"with_jv": True, "with_cloud": True, "own": 0.6, "equity_limit": 40.0, "cures": 2, "sweep": True}, LADDER
    ),
    "all, none": (
        {"with_jv": True, "with_cloud": True, "own": 0.6, "equity_limit": 40.0, "cures": 2, "covenant_fccr": 1.1}, ()
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LEVERS)
def test_every_plane_and_figure_is_the_twins(name: str) -> None:
    levers, notes = LEVERS[name]
    case, terms = random_case(sorted(LEVERS).index(name)), NEUTRAL._replace(**levers)
    found, wanted = compiled(case, terms, notes), slow(case, terms, notes)
    assert set(found) == set(wanted)
    for figure, values in wanted.items():
        np.testing.assert_allclose(found[figure], values, rtol=1e-9, atol=1e-9, err_msg=figure)
