"""Leasing, renting and selling: levers on operations against amounts worked out by hand, by the kernel and by its twin.

Contract prices of the kernel are polynomials good to 1e-7. The one statistical test states its false-alarm rate.
"""

from __future__ import annotations

import os

import numpy as np
import pytest

from tests import flat
from tests.flat import SERVICE, WORK, frozen, run, site
from tests.statistical import assert_share

LEASE = """
[plans.it.lease_excess]
on = true
occupancy = 1.0
contract_share = 0.0
default_rate = 0.0
cost_ratio = 0.0
crowding = 0.0
own_supply = false
"""
ALL_SPARE = "programme.internal_use=0"
CLOSE = 1e-6  # relative: the kernel's contract prices
FALLING = ("drivers.price.longrun=10", "drivers.price.kappa=1")  # 40 falls to 10


@pytest.fixture(params=["kernel", "twin"])
def engine(request):
    return request.param


def lease(**changes):
    """The table of lease_excess with other values."""
    lines = [line for line in LEASE.strip().splitlines() if line.partition(" =")[0] not in changes]
    return "\n".join([*lines, *(f"{key} = {value}" for key, value in changes.items())]) + "\n"


def falling(m):
    """Price at the end of month m, from 40 towards 10."""
    return 10.0 * 4.0 ** np.exp(-(np.asarray(m) + 1.0) / 12.0)


def contract(price, months):
    """Expected mean price over a term where nothing is random."""
    t = (np.arange(months) + 0.5) / 12.0
    return float(np.mean(10.0 * (price / 10.0) ** np.exp(-t)))


def test_a_quarter_gigawatt_at_forty_brings_ten_a_year(engine):
    plain = run(engine, frozen("", ALL_SPARE, sites=site(mw=250)))
    let = run(engine, frozen(lease(cost_ratio=0.105), ALL_SPARE, sites=site(mw=250)))
    assert let.lease[: WORK + 1] == pytest.approx([0.0] * WORK + [0.895 * 10 / 12])
    assert let.lease[WORK : WORK + 12].sum() == pytest.approx(0.895 * 10.0)
    assert let.ebitda - plain.ebitda == pytest.approx(let.lease)
    assert let.lease_income == pytest.approx(let.lease.sum())
    assert plain.lease_income == 0.0
    year = let.eps_fy2028 - plain.eps_fy2028
    assert year == pytest.approx(0.85 * 0.895 * 10.0 / 2.5)


def test_only_spare_capacity_is_let(engine):
    let = run(engine, frozen(lease(occupancy=0.9)))
    assert let.lease[-1] == pytest.approx(0.35 * 0.9 * 100 * 40 / 12e3)
    assert let.work[-1] == pytest.approx(100.0)


def test_let_capacity_crowds_its_own_share(engine):
    let = run(engine, frozen(lease(occupancy=0.9, crowding=0.15)))
    assert let.work[-1] == pytest.approx(100.0 * (1 - 0.15 * 0.35 * 0.9))


def test_what_is_let_lowers_its_price(engine):
    market = ("drivers.price.market0=100", "drivers.price.market_growth=0.2")
    let = run(engine, frozen(lease(own_supply="true"), ALL_SPARE, *market))
    t = (np.arange(WORK, 60) + 1) / 12
    assert let.lease[WORK:] == pytest.approx(100 * 40 / 12e3 / (1 + np.exp(-0.2 * t)))


def test_spot_rent_follows_price_and_age(engine):
    let = run(engine, frozen(lease(), ALL_SPARE, *FALLING, "drivers.silicon.wear=0.12"))
    m = np.arange(WORK, 60)
    assert let.lease[WORK:] == pytest.approx(100 * falling(m) * np.exp(-0.01 * (m - SERVICE)) / 12e3)


def test_contracts_lock_price_value_and_impact_and_are_locked_again(engine):
    levers = lease(contract_share=1.0, term=12, own_supply="true")
    market = ("drivers.price.market0=100", "drivers.price.market_growth=0.2")
    let = run(engine, frozen(levers, ALL_SPARE, *FALLING, *market, "drivers.silicon.wear=0.12"))
    for k in range(4):
        lock = WORK + 12 * k
        impact = 1 / (1 + np.exp(-0.2 * (lock + 1) / 12))
        rent = 100 * contract(falling(lock), 12) * np.exp(-0.01 * (lock - SERVICE)) * impact / 12e3
        assert let.lease[lock : lock + 12] == pytest.approx([rent] * len(let.lease[lock : lock + 12]), rel=CLOSE)


def test_half_under_contract_half_at_spot(engine):
    let = run(engine, frozen(lease(contract_share=0.5, term=24), ALL_SPARE, *FALLING))
    m = np.arange(WORK, WORK + 24)
    rent = 50 * (contract(falling(WORK), 24) + falling(m)) / 12e3
    assert let.lease[m] == pytest.approx(rent, rel=CLOSE)


def test_a_contract_survives_a_swap_and_its_successor_has_the_new_vintage(engine):
    swap = ('plans.it.refresh="book"', "programme.compute_life=20")  # new chips in month 22
    let = run(engine, frozen(lease(contract_share=1.0, term=18), ALL_SPARE, *swap, "drivers.silicon.wear=0.12"))
    full = 100 * 40 / 12e3
    assert let.sale[22] > 0.0
    assert let.lease[WORK : WORK + 18] == pytest.approx([full * np.exp(-0.06)] * 18, rel=CLOSE)
    assert let.lease[26:42] == pytest.approx([full * np.exp(-0.04)] * 16, rel=CLOSE)


def test_spot_has_the_new_vintage_in_the_month_of_the_swap(engine):
    swap = ('plans.it.refresh="book"', "programme.compute_life=20")
    let = run(engine, frozen(lease(), ALL_SPARE, *swap, "drivers.silicon.wear=0.12"))
    assert let.lease[[21, 22, 23]] == pytest.approx(100 * 40 / 12e3 * np.exp([-0.19, 0.0, -0.01]))


def test_a_tenant_that_defaults_leaves_capacity_to_spot(engine):
    seed = int(os.environ.get("SIMULATOR_TEST_SEED", "0"))
    flat_seed, flat.SEED = flat.SEED, flat.SEED + seed
    try:  # a share of 4,000 independent tenants; five assertions: false alarm 1e-6 together
        let = run(engine, frozen(lease(contract_share=1.0, term=36, default_rate=0.3), ALL_SPARE, *FALLING), 4000)
    finally:
        flat.SEED = flat_seed
    fixed = 100 * contract(falling(WORK), 36) / 12e3
    spot = 100 * falling(np.arange(WORK, WORK + 36)) / 12e3
    pays = np.isclose(let.lease[WORK : WORK + 36], fixed, rtol=1e-5)
    assert (pays | np.isclose(let.lease[WORK : WORK + 36], spot[:, None], rtol=1e-9)).all()
    assert (pays[:-1] >= pays[1:]).all()  # once gone, the tenant does not come back
    for j in (0, 5, 11, 23, 35):  # it pays month j if it lasts to the month's end
        assert_share(pays[j], np.exp(-0.3 * (j + 1) / 12), f"tenants that pay month {j}")


def test_older_generations_are_let_whole(engine):
    sites = site("old") + site("new", mw=300, start=6, planned=12)  # at work from months 8 and 17 on
    steps = ("drivers.silicon.gap=1.5", "drivers.silicon.age=1", "drivers.silicon.performance=0.5")
    levers = lease(occupancy=0.9, previous_generation="true", crowding=0.2, term=12, contract_share=0.5)
    let = run(engine, frozen(levers, *steps, "months=23", sites=sites))  # one new generation in month 5, one in 23
    value = np.exp(-0.7 * 0.5)
    spare, whole, rate = 0.35 * 0.9, 0.9, 40 / 12e3
    assert let.lease[16] == pytest.approx(100 * spare * rate * value, rel=CLOSE)
    assert let.work[16] == pytest.approx(100 * (1 - 0.2 * spare))
    assert let.lease[17] == pytest.approx(100 * whole * rate * value + 300 * spare * rate, rel=CLOSE)
    assert let.work[17] == pytest.approx(300 * (1 - 0.2 * spare))


def test_what_is_let_whole_alone_is_traced_too(engine):
    sites = site("old") + site("new", mw=300, start=6, planned=12)
    steps = ("drivers.silicon.gap=1.5", "drivers.silicon.age=1", "drivers.silicon.performance=0.5")
    levers = lease(occupancy=0.9, previous_generation="true", term=12)
    let = run(engine, frozen(levers, *steps, "months=23", "programme.internal_use=1", sites=sites))
    whole = 100 * 0.9 * 40 / 12e3 * np.exp(-0.7 * 0.5)
    assert let.lease[[16, 17]] == pytest.approx([0.0, whole], rel=CLOSE)
    assert let.lease_income == pytest.approx(let.lease.sum())


OPTION = """
[plans.it.internal_or_lease]
on = true
share = 0.5
[plans.it.lease_excess]
occupancy = 0.8
cost_ratio = 0.0
own_supply = false
"""


def test_what_earns_nothing_for_ads_is_let_from_january_on(engine):
    let = run(engine, frozen(OPTION))
    rent = 0.5 * 0.8 * 100 * 40 / 12e3
    assert let.lease == pytest.approx([0.0] * 12 + [rent] * 48)
    assert let.work[[11, 12, 59]] == pytest.approx([100.0, 50.0, 50.0])


@pytest.mark.parametrize(("price", "years"), [(0.99, [0, 0]), (1.01, [1, 1])])
def test_the_choice_weighs_rent_against_what_ads_lose(engine, price, years):
    eps, lag = 0.4, 1 - np.exp(-1 / 9)
    learned = np.log(1.1) * (1 - (1 - lag) ** 4)  # W of months 8 .. 11, seen in month 12
    earns = 0.8 * 120e3 * np.exp(eps * learned) * eps / 1100.0
    rent = float(price * earns / 0.8)
    eps_and_price = (f"drivers.arpu.elasticity={eps}", f"drivers.price.spot0={rent}", f"drivers.price.longrun={rent}")
    let = run(engine, frozen(OPTION, *eps_and_price, "months=30"))
    assert (let.lease[[12, 23]] > 0.0).tolist() == [bool(year) for year in years]
    assert not let.lease[:12].any()


def test_choices_bear_the_impact_of_what_they_let(engine):
    levers = OPTION.replace("own_supply = false", "own_supply = true")
    let = run(engine, frozen(levers, "drivers.price.market0=100", "drivers.price.market_growth=0"))
    assert let.lease[20] == pytest.approx(40 * 40 / 12e3 / 1.4)


def test_a_choice_is_made_before_its_own_impact(engine):
    eps, lag = 0.4, 1 - np.exp(-1 / 9)
    learned = np.log(1.1) * (1 - (1 - lag) ** 4)
    price = 0.8 * 120e3 * np.exp(eps * learned) * eps / 1100.0 / 0.8 * 1.05  # 5 % above, or 25 % below after impact
    levers = OPTION.replace("own_supply = false", "own_supply = true")
    numbers = (f"drivers.price.{key}={float(price)}" for key in ("spot0", "longrun"))
    market = ("drivers.price.market0=100", "drivers.price.market_growth=0", "months=24")
    let = run(engine, frozen(levers, f"drivers.arpu.elasticity={eps}", *numbers, *market))
    assert let.lease[12] == pytest.approx(40 * price / 12e3 / 1.4)


def test_a_site_that_is_let_whole_takes_no_choice(engine):
    sites = site("old") + site("new", mw=300, start=6, planned=12)
    steps = ("drivers.silicon.gap=1.5", "drivers.silicon.age=1", "months=22")
    levers = lease(occupancy=0.8, previous_generation="true") + OPTION.partition("[plans.it.lease_excess]")[0]
    let = run(engine, frozen(levers, *steps, sites=sites))
    rate = 40 / 12e3
    assert let.lease[[12, 16]] == pytest.approx([100 * (0.35 * 0.8 + 0.5 * 0.8) * rate] * 2)
    assert let.lease[17] == pytest.approx((100 * 0.8 + 300 * 0.35 * 0.8) * rate)  # the choice of January lapses
    assert let.work[[12, 17]] == pytest.approx([50.0, 300.0])


def test_a_plan_that_owns_nothing_rents_everything(engine):
    efficiency = ("drivers.silicon.gap=1.5", "drivers.silicon.age=1", "drivers.silicon.efficiency=0.5")
    rented = run(engine, frozen("own_share = 0\n[plans.it.cloud]\nterm = 12\n", *FALLING, *efficiency, "months=30"))
    for lock in (2, 14, 26):
        cost = 0.65 * 100 * contract(falling(lock), 12) / 12e3
        months = slice(lock, lock + 12)
        assert rented.cloud[months] == pytest.approx([cost] * len(rented.cloud[months]), rel=CLOSE)
    assert not rented.cloud[:2].any()
    assert rented.work[[7, 8, 13, 14, 26]] == pytest.approx([0, 100, 100, 100 * np.exp(0.5), 100 * np.exp(1.0)])
    for name in ("capex", "book", "in_service", "idle"):
        assert not getattr(rented, name).any(), name
    t = (np.arange(30) + 1) / 12
    assert rented.npv == pytest.approx(-0.85 * (rented.cloud * 1.1**-t).sum())
    assert rented.ebitda == pytest.approx(-rented.cloud)
    assert rented.cloud_cost == pytest.approx(rented.cloud.sum())
    assert (rented.idle_capital, rented.stranded_peak, rented.write_offs) == (0.0, 0.0, 0.0)
    assert np.isnan(rented.asset_life)


def test_a_term_is_owed_to_its_end(engine):
    frozen_plan = frozen("own_share = 0\n[plans.it.cloud]\nterm = 24\n", "programme.covenant_lead=14", "months=40")
    rented = run(engine, frozen_plan)
    cost = 0.65 * 100 * 40 / 12e3
    tests = [int(m) for m in frozen_plan.model.finance.test_months]
    assert tests[:2] == [17, 20]

    def owed(months):
        return sum(cost * 1.05 ** (-j / 12) for j in range(1, months + 1))

    assert rented.owed[[17, 20]] == pytest.approx([owed(8), owed(5)], rel=CLOSE)
    assert rented.owed[32] == pytest.approx(owed(7), rel=CLOSE)  # commitments end with the horizon
    levels = [(rented.owed[m] - rented.cash[m]) / (0.5 * 120 + rented.ebitda[m - 11 : m + 1].sum()) for m in tests]
    assert rented.leverage_max == pytest.approx(max(levels), rel=CLOSE)
    cfads = -12 * cost * 0.85
    assert rented.fccr_min == pytest.approx((cfads + 12 * cost) / (12 * cost), rel=CLOSE)


def test_owning_everything_rents_nothing(engine):
    own = run(engine, frozen(""))
    assert own.cloud_cost == 0.0
    assert not own.owed.any()


def test_a_share_of_everything_is_owned(engine):
    whole = run(engine, frozen(lease(), 'plans.it.refresh="book"', "programme.compute_life=20"))
    part = run(engine, frozen("own_share = 0.6\n" + lease(), 'plans.it.refresh="book"', "programme.compute_life=20"))
    for name in ("capex", "sale", "book", "idle", "lease", "in_service", "stranded", "asset_value"):
        assert getattr(part, name) == pytest.approx(0.6 * getattr(whole, name)), name
    assert part.work == pytest.approx(whole.work)  # 60 owned and 40 rented
    assert part.ebitda == pytest.approx(0.6 * whole.ebitda - part.cloud)
    for name in ("idle_capital", "idle_sponsor", "idle_cost", "stranded_peak", "stranded_retired", "write_offs"):
        assert getattr(part, name) == pytest.approx(0.6 * getattr(whole, name)), name
    assert part.asset_life == pytest.approx(whole.asset_life)


DISPOSAL = "[plans.it.disposal]\non = true\ncarrying = 2.0\nprobability = {}\nratio = {}\n"


@pytest.mark.parametrize("ratio", [0.9, 1.1])
def test_a_pool_is_written_down_and_sold(engine, ratio):
    plain, sold = run(engine, frozen("")), run(engine, frozen(DISPOSAL.format(1, ratio)))
    sale, written = sold.sale - plain.sale, 2.0 * min(1.0, ratio)
    month = int(np.flatnonzero(sale)[0])
    assert month < 12
    assert np.flatnonzero(sale).tolist() == [month]
    assert sale[month] == pytest.approx(2.0 * ratio)
    assert sold.write_offs - plain.write_offs == pytest.approx(2.0 - written)
    book = (sold.book - plain.book).tolist()
    assert book == pytest.approx([written] * month + [0.0] * (60 - month))
    tax = -0.15 * (2.0 - written) * 1.1 ** (-1 / 12) + 0.15 * (2.0 * ratio - written) * 1.1 ** (-(month + 1) / 12)
    assert sold.npv - plain.npv == pytest.approx(2.0 * ratio * 1.1 ** (-(month + 1) / 12) - tax)
    assert sold.capex == pytest.approx(plain.capex)


def test_a_pool_that_is_not_sold_returns_to_use(engine):
    low = ("drivers.price.spot0=6", "drivers.price.longrun=6")
    plain, kept = run(engine, frozen("", *low)), run(engine, frozen(DISPOSAL.format(0, 0.9), *low))
    assert (kept.sale == plain.sale).all()
    m = np.arange(60)
    book = 1.8 * (1 - np.maximum(m - 11, 0) / 240)
    assert kept.book - plain.book == pytest.approx(book)
    t = (m + 1) / 12
    shield = 0.15 * (0.2 * 1.1 ** (-1 / 12) + (1.8 / 240 * 1.1**-t)[12:].sum())
    end = (0.5 * book[-1] + 0.15 * 0.5 * book[-1]) * 1.1**-5  # halls fetch half their book at a price of 6
    assert kept.npv - plain.npv == pytest.approx(shield + end)
    assert kept.write_offs - plain.write_offs == pytest.approx(0.2)


def test_months_of_closing_cover_the_year_alike(engine):
    closed = run(engine, frozen(DISPOSAL.format(0.9, 1.0)), 2000)  # false alarm 2e-7 a share: three of them
    month = np.where(closed.sale.any(axis=0), closed.sale.argmax(axis=0), 99)
    assert_share(month < 99, 0.9, "pools sold")
    assert_share(month < 6, 0.45, "pools sold in half a year")
    assert_share(month == 11, 0.075, "pools sold in the last month")


def test_stresses_move_their_drivers(engine):
    calm = run(engine, frozen("", "drivers.price.longrun=10"))
    price = run(engine, frozen("", "drivers.price.longrun=10", "drivers.price.shock=-0.7"))
    t = (np.arange(60) + 1) / 12
    assert price.price / calm.price == pytest.approx(np.exp(-0.7 * np.exp(-t)))
    hit = run(engine, frozen("", "drivers.silicon.shock_loss=0.4", "drivers.silicon.shock_month=20"))
    assert hit.value[[18, 19, 59]] == pytest.approx([1.0, 0.6, 0.6])
    assert hit.work[[18, 19]] == pytest.approx([100.0, 60.0])
    assert hit.world.paradigm_worst == 0.4
    queue = "drivers.grid.queue={ law = 'lognormal', median = 30, sigma = 0.45 }"
    late = site(planned=20, start=10)
    base = run(engine, frozen("", queue, "drivers.grid.near_term=0", sites=late))
    slow = run(engine, frozen("", queue, "drivers.grid.near_term=0", "drivers.grid.score_shift=1.5", sites=late))
    assert slow.world.latest_site / base.world.latest_site == pytest.approx(np.exp(0.45 * 1.5))
    level = "drivers.price.factor_level=0.25"
    risen = run(engine, frozen("", level, "dependence.shift.price=0.5", "drivers.price.kappa=12"))
    usual = run(engine, frozen("", level, "drivers.price.kappa=12"))
    assert risen.price[-1] / usual.price[-1] == pytest.approx(np.exp(0.125), rel=1e-6)
