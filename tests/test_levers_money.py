"""The partner, new shares and covenants against amounts worked out by hand, by the kernel and by its twin.

A site of 100 MW costs 1 of shell, spent over months 0 to 2, and 2 of compute; it is in service from month 2 on.
"""

from __future__ import annotations

import numpy as np
import pytest

from tests.flat import SERVICE, frozen, run, site

RATE, YEARS, T = 0.06, 20, 60
SPENT = np.array([7.0, 13.0, 7.0]) / 27.0  # of shell, by month: a smoothstep in thirds
JV = "[plans.it.jv]\non = true\nshare = 0.8\nrate = 0.06\nlease_years = 20\n"
LOYAL = "renewal_years = 19\n"  # no date to leave at within the horizon
POOR = ("drivers.price.spot0=3", "drivers.price.longrun=3")
FALLING = ("drivers.price.longrun=1", "drivers.price.kappa=1")  # rents fall below running costs
m = np.arange(T)
BASE = 0.8 * float(SPENT @ (1 + RATE) ** (np.array([1.0, 0.0, -1.0]) / 12))


@pytest.fixture(params=["kernel", "twin"])
def engine(request):
    return request.param


EARLY = 1 - 12 * (1.06 ** (1 / 12) - 1) / RATE  # of rent: what it gains by being paid monthly, not at a year's end


def recovery(years, rate=RATE):
    return rate / (1 - (1 + rate) ** -years)


def balance(base, years_left):
    """Of an annuity over 20 years."""
    return base * (1 - (1 + RATE) ** -years_left) / (1 - (1 + RATE) ** -YEARS)


def discounted(flows, rate):
    return float(flows @ (1 + rate) ** (-(np.arange(len(flows)) + 1) / 12))


def test_the_partner_pays_its_share_and_is_paid_rent(engine):
    plain, jv = run(engine, frozen("")), run(engine, frozen(JV))
    rent = BASE * recovery(YEARS) / 12
    assert jv.partner == pytest.approx(np.concatenate([0.8 * SPENT, np.zeros(57)]))
    assert jv.rent == pytest.approx(np.where(m >= SERVICE, rent, 0.0))
    assert jv.capex == pytest.approx(plain.capex)
    assert jv.ebitda == pytest.approx(plain.ebitda)
    used = np.clip((m - 1) / 240, 0, None)
    assert (plain.book - jv.book)[SERVICE:] == pytest.approx(0.8 * (1 - used)[SERVICE:])
    assert jv.cfads - plain.cfads == pytest.approx(np.where(m >= SERVICE, -0.85 * rent - 0.15 * 0.8 / 240, 0.0))
    assert jv.cash - plain.cash == pytest.approx(np.cumsum(jv.partner + jv.cfads - plain.cfads))
    assert (jv.exits, jv.write_offs) == (0.0, plain.write_offs)


def test_npv_discounts_the_partner_at_its_own_rate_after_tax(engine):
    plain, jv = run(engine, frozen("")), run(engine, frozen(JV))
    book = 0.8 * (1 - 58 / 240)
    owed = balance(BASE, 20 - 58 / 12) - book
    assert 0.0 < owed < 0.8 * BASE
    own = -discounted(np.where(m >= SERVICE, 0.15 * 0.8 / 240, 0.0), 0.10) - book * 1.1**-5
    shared = discounted(jv.partner - 0.85 * jv.rent, 0.85 * RATE) - 0.85 * owed * (1 + 0.85 * RATE) ** -5
    assert jv.npv - plain.npv == pytest.approx(own + shared)
    assert jv.apv - plain.apv == pytest.approx(own + shared)  # at the same rate here
    assert jv.guarantee == pytest.approx(owed)
    assert jv.partner_npv == pytest.approx(discounted(jv.rent - jv.partner, RATE) + (owed + book) * (1 + RATE) ** -5)
    assert jv.cumulative == pytest.approx(np.cumsum(jv.cash_flow))
    step = -0.85 * jv.rent - 0.15 * np.where(m >= SERVICE, 0.8 / 240, 0.0) + jv.partner
    assert jv.cash_flow - plain.cash_flow == pytest.approx(step)


def test_sunk_shell_is_contributed_at_cost(engine):
    levers = JV + LOYAL
    jv = run(engine, frozen(levers, "drivers.grid.build=6", sites=site(start=-3)))
    u = (np.arange(4) + 3) / 6
    spent = np.diff(u * u * (3 - 2 * u))
    assert jv.capex[0] == pytest.approx(spent[0] + 2 / 3)
    assert jv.partner[:3] == pytest.approx(0.8 * spent + [0.4, 0.0, 0.0])
    base = 0.4 * 1.06 ** (1 / 12) + 0.8 * float(spent @ 1.06 ** (np.array([1, 0, -1]) / 12))
    assert jv.rent[SERVICE] == pytest.approx(base * recovery(YEARS) / 12)


def test_a_refit_is_repaid_over_the_rest_of_the_lease(engine):
    swap = ('plans.it.refresh="book"', "programme.compute_life=20")
    jv = run(engine, frozen(JV + LOYAL, *swap))
    rent = BASE * recovery(YEARS) / 12
    second = rent + 0.32 * recovery(YEARS - 20 / 12) / 12
    third = second + 0.32 * recovery(YEARS - 40 / 12) / 12
    assert jv.rent[[21, 22, 41, 42]] == pytest.approx([rent, second, second, third])
    assert jv.partner[[22, 42]] == pytest.approx([0.32, 0.32])
    assert jv.capex[22] == pytest.approx(2.4)


@pytest.mark.parametrize("assets", ["shell", "all"])
@pytest.mark.parametrize("refresh", ["none", "book"])
def test_a_partner_made_whole_earns_its_rate(engine, assets, refresh):
    levers = JV + LOYAL + f'guarantee = 1.0\nassets = "{assets}"\n'
    worthless = "programme.resale=0"  # else the partner's part of old chips comes on top
    jv = run(engine, frozen(levers, *POOR, worthless, f'plans.it.refresh="{refresh}"', "programme.compute_life=20"))
    renewed = np.where(m > SERVICE, jv.partner, 0.0)  # paid when a swap's month ends, its rent from that month on
    soon = float(renewed @ (1.06 ** (-m / 12) - 1.06 ** (-(m + 1) / 12)))
    assert jv.partner_npv == pytest.approx(EARLY * discounted(jv.rent, RATE) + soon)
    assert RATE < jv.partner_irr < RATE + 0.025


def test_a_partner_of_all_assets_funds_and_owns_its_share_of_chips(engine):
    swap = ('plans.it.refresh="book"', "programme.compute_life=20", "drivers.silicon.wear=0.12")
    jv = run(engine, frozen(JV + LOYAL + 'assets = "all"\n', *swap))
    chips = 0.8 * 2 * float(np.full(3, 1 / 3) @ 1.06 ** (np.array([1, 0, -1]) / 12))
    rent = BASE * recovery(YEARS) / 12 + chips * recovery(20 / 12) / 12
    assert jv.partner[:3] == pytest.approx(0.8 * (SPENT + 2 / 3))
    assert jv.rent[[2, 21]] == pytest.approx([rent, rent])
    refitted = BASE * recovery(YEARS) / 12 + 0.32 * recovery(YEARS - 20 / 12) / 12
    assert jv.rent[[22, 41]] == pytest.approx([refitted + 1.6 * recovery(20 / 12) / 12] * 2)
    assert jv.partner[22] == pytest.approx(0.8 * 2.4)
    assert jv.sale[22] == pytest.approx(0.2 * 2 * 0.85 * np.exp(-0.2))
    assert jv.book[21] == pytest.approx(0.2 * (1 - 20 / 240))


def test_a_site_that_does_not_earn_its_rent_is_left(engine):
    jv = run(engine, frozen(JV, *FALLING))
    month, price = 50, 40.0 ** np.exp(-(np.arange(39, 51) + 1) / 12)
    halls = 0.8 * (1 - 48 / 240) * price.mean() / 12
    owed = min(0.8 * BASE, balance(BASE, 16) - halls)
    assert jv.exits == 1.0
    assert jv.in_service[[49, 50, 59]].tolist() == [100.0, 0.0, 0.0]
    assert jv.work[[49, 50]].tolist() == [100.0, 0.0]
    assert jv.rent[[49, 50]] == pytest.approx([BASE * recovery(YEARS) / 12, 0.0])
    assert jv.guarantee == pytest.approx(owed)
    assert np.flatnonzero(jv.guarantee_by_month).tolist() == [month]
    assert jv.sale[month] == pytest.approx(1.7)
    assert jv.ebitda[50:] == pytest.approx([0.0] * 10, abs=1e-12)
    taxed = 1.7 - 0.4 - 0.2 / 240 - owed  # gain on chips of 48 months, depreciation of the sponsor's halls
    assert jv.cfads[month] == pytest.approx(-0.15 * taxed)
    assert jv.cash[50] - jv.cash[49] == pytest.approx(1.7 - owed - 0.15 * taxed)
    assert jv.book[50] == pytest.approx(0.2 * (1 - 49 / 240))
    flows = jv.rent - jv.partner
    flows[50] += owed + halls
    assert jv.partner_npv == pytest.approx(discounted(flows, RATE))
    assert (jv.asset_value[50], jv.stranded[50]) == (0.0, 0.0)


def test_a_full_guarantee_makes_the_partner_whole_at_an_exit(engine):
    jv = run(engine, frozen(JV + "guarantee = 1.0\n", *FALLING))
    assert jv.exits == 1.0
    late = balance(BASE, 16) * (1.06 ** (-50 / 12) - 1.06 ** (-51 / 12))  # paid at the end of the month of exit
    assert jv.partner_npv == pytest.approx(EARLY * discounted(jv.rent, RATE) - late)


@pytest.mark.parametrize(("block", "exits"), [(36, 0.0), (19, 0.0), (18, 1.0)])
def test_nobody_leaves_soon_after_a_swap(engine, block, exits):
    swap = ('plans.it.refresh="book"', "programme.compute_life=30")  # new chips in month 32
    jv = run(engine, frozen(JV + f"exit_block = {block}\n", *FALLING, *swap))
    assert jv.exits == exits


@pytest.mark.parametrize(("margin", "exits"), [(-1e-6, 1.0), (1e-6, 0.0)])
def test_the_sponsor_leaves_when_compute_earns_less_than_the_rent(engine, margin, exits):
    price = 1.2 + BASE * recovery(YEARS) * 10 + margin  # running cost and rent of a W
    jv = run(engine, frozen(JV, f"drivers.price.spot0={price}", f"drivers.price.longrun={price}"))
    assert jv.exits == exits


def test_contracts_and_choices_end_with_an_exit(engine):
    lease = "[plans.it.lease_excess]\non = true\ncontract_share = 1.0\nterm = 24\ndefault_rate = 0\n"
    jv = run(engine, frozen(JV + lease + "[plans.it.internal_or_lease]\non = true\n", *FALLING))
    assert (jv.lease[8:50] > 0.0).all()
    assert jv.lease[50:] == pytest.approx([0.0] * 10, abs=1e-12)


def test_the_sponsor_bears_its_part_of_idle_capital(engine):
    jv = run(engine, frozen(JV, "drivers.grid.slip=2"))
    assert jv.idle_capital == pytest.approx(3 * 2 / 12)
    assert jv.idle_sponsor == pytest.approx(2.2 * 2 / 12)


def test_a_jv_takes_only_its_own_sites(engine):
    sites = site("one") + site("two", mw=50)
    jv = run(engine, frozen(JV + 'sites = ["two"]\n', sites=sites))
    assert jv.partner[:3] == pytest.approx(0.4 * SPENT)
    assert jv.rent[10] == pytest.approx(0.5 * BASE * recovery(YEARS) / 12)


def test_rent_is_a_fixed_charge_and_a_debt(engine):
    frozen_plan = frozen(JV + LOYAL, "programme.covenant_lead=12", "months=30")
    jv = run(engine, frozen_plan)
    tests = frozen_plan.model.finance.test_months
    assert jv.owed[tests] == pytest.approx(balance(BASE, 20 - (tests - SERVICE) / 12))
    rent, cfads = 12 * jv.rent[10], [jv.cfads[k - 11 : k + 1].sum() for k in tests]
    assert jv.fccr_min == pytest.approx(min((flow + rent) / rent for flow in cfads))
    assert np.isnan(jv.dscr_min)
    levels = [(jv.owed[k] - jv.cash[k]) / (60 + jv.ebitda[k - 11 : k + 1].sum()) for k in tests]
    assert jv.leverage_max == pytest.approx(max(levels))


EQUITY = "[plans.it.equity]\non = true\nlimit = {}\nprice = 600\ndiscount = 0.5\nbase_eps = 36\n"
TIGHT = (
    "plans.it.liquidity.opening_cash=1", "plans.it.liquidity.floor=0.5", "plans.it.liquidity.revolver=0.5",
)  # fmt: skip


@pytest.mark.parametrize("limit", [5.0, 1.0])
def test_shares_are_sold_when_the_revolver_is_full(engine, limit):
    sold = run(engine, frozen(EQUITY.format(limit), *TIGHT, "months=12"))
    cash, drawn, raised, shares, earnings = 1.0, 0.0, 0.0, 2.5, 0.0
    for k in range(12):
        interest = drawn * 0.061 / 12
        tax = 0.15 * (sold.ebitda[k] - (2 / 60 + 1 / 240 if k >= SERVICE else 0.0) - interest)
        earnings += 0.85 / 0.15 * tax / shares - 3.0 * (1 - 2.5 / shares)
        cash += sold.ebitda[k] - tax - interest - sold.capex[k]
        draw = min(max(0.5 - cash, -drawn), 0.5 - drawn)
        new = min(max(0.5 - cash - draw, 0.0), limit - raised)
        cash, drawn, raised, shares = cash + draw + new, drawn + draw, raised + new, shares + new / 300
        assert (sold.cash[k], sold.revolver[k], sold.equity[k]) == pytest.approx((cash, drawn, new), abs=1e-12)
    assert sold.equity_sold == pytest.approx(min(raised, limit))
    assert sold.eps_fy2026 == pytest.approx(earnings)
    assert sold.shortfall == float(limit == 1.0)


def covenants(**limits):
    return [f"plans.it.covenants.{name}={value}" for name, value in limits.items()]


def test_an_injection_cures_until_cures_run_out(engine):
    low = (
        "plans.it.liquidity.opening_cash=10",
        "months=30",
        *covenants(cash=10, cures=1),
    )  # tests in months 17, 20, ..
    frozen_plan = frozen(EQUITY.format(20), *low)
    cured = run(engine, frozen_plan)
    assert frozen_plan.model.finance.test_months.tolist() == [17, 20, 23, 26, 29]
    assert np.flatnonzero(cured.equity).tolist() == [17]
    assert cured.cash[17] == pytest.approx(10.0)
    assert cured.cash[16] + cured.cfads[17] + cured.equity[17] == pytest.approx(10.0)
    assert (cured.breach, cured.breach_month, cured.breach_cured, cured.uncured) == (1.0, 17.0, 1.0, 1.0)
    richer = run(engine, frozen(EQUITY.format(20), *low, "programme.base_cash_flow=1"))
    assert (richer.breach, richer.breach_cured, richer.uncured) == (1.0, 1.0, 0.0)
    poorer = run(engine, frozen(EQUITY.format(2), *low))
    assert (poorer.equity_sold, poorer.breach_cured, poorer.uncured) == (0.0, 0.0, 1.0)


def test_a_breach_whose_watch_is_not_over_is_not_cured(engine):
    low = ("plans.it.liquidity.opening_cash=10", "months=21", *covenants(cash=21.5))
    flow = ("programme.base_cash_flow=12", "plans.it.liquidity.penalty=5", "plans.it.liquidity.penalty_month=17")
    pending = run(engine, frozen("", *low, *flow))  # month 20 passes, the horizon ends
    assert (pending.breach, pending.breach_month) == (1.0, 17.0)
    assert (pending.breach_cured, pending.uncured) == (0.0, 1.0)
    passed = run(engine, frozen("", *low, *flow, "months=24"))
    assert (passed.breach_cured, passed.uncured) == (1.0, 0.0)


def test_fixed_charges_are_covered_where_there_are_no_notes(engine):
    rented = "own_share = 0\n[plans.it.cloud]\nterm = 60\n" + EQUITY.format(20)
    cured = run(engine, frozen(rented, "months=20", *covenants(fccr=1.1)))
    charges = 12 * 0.65 * 100 * 40 / 12e3
    assert cured.breach == 1.0
    assert cured.equity[17] == pytest.approx((1.1 - 0.15) * charges, rel=1e-6)
    noted = run(engine, frozen(rented + NOTE, "months=20", *covenants(fccr=1.1), "plans.it.notes=true"))
    assert noted.breach == 0.0


@pytest.mark.parametrize(("limits", "need"), [({"dscr": 2.0}, "dscr"), ({"leverage": 0.01}, "leverage")])
def test_an_injection_is_what_the_covenant_lacks(engine, limits, need):
    limits |= {"cash": 1.0}  # passes; asks for less
    lacks = frozen(EQUITY.format(500) + NOTE, "plans.it.notes=true", "months=20", *covenants(**limits), *POORER)
    cured = run(engine, lacks)
    year = slice(6, 18)
    service, cfads = cured.interest[year].sum() + 10 / 10, cured.cfads[year].sum()
    debt = 10 + 200 + cured.revolver[17] - (cured.cash[17] - cured.equity[17])
    missing = {"dscr": 2.0 * service - cfads, "leverage": debt - 0.01 * (60 + cured.ebitda[year].sum())}
    assert cured.equity[17] == pytest.approx(missing[need])
    assert (cured.breach, cured.breach_cured, cured.uncured) == (1.0, 1.0, 0.0)


NOTE = "\n[[notes]]\namount = 10\ncoupon = 0.06\nmaturity = 120\n"
POORER = ("plans.it.liquidity.other_debt=200",)
SWEEP = ("plans.it.notes=true", 'plans.it.covenants.consequence="sweep"', "plans.it.liquidity.floor=104")


def test_a_sweep_prepays_notes_from_the_month_after(engine):
    swept = run(engine, frozen(NOTE, *SWEEP, *covenants(cash=200)))  # fails in months 17 and 20
    assert swept.interest[[0, 21]] == pytest.approx([0.05, 0.05])
    paid = swept.cash[20] + swept.cfads[21] - 0.05 - 104.0
    assert 0.0 < paid < 10.0
    assert swept.cash[[21, 22]] == pytest.approx([104.0, 104.0 + swept.cfads[22] - (10 - paid) * 0.005])
    assert swept.notes[[20, 21, 22]] == pytest.approx([10.0, 10.0 - paid, 10.0 - paid])
    assert swept.interest[22] == pytest.approx((10.0 - paid) * 0.005)
    assert (swept.uncured, swept.breach_cured) == (1.0, 0.0)
    kept = run(engine, frozen(NOTE, *SWEEP, 'plans.it.covenants.consequence="default"', *covenants(cash=200)))
    assert kept.notes[21] == 10.0
    assert kept.uncured == 1.0


def test_a_sweep_ends_when_two_tests_pass(engine):
    rising = (
        "programme.base_cash_flow=12",
        "plans.it.liquidity.opening_cash=75",
        *POORER,
    )  # net debt falls by 1 a month
    swept = run(engine, frozen(NOTE, *SWEEP, *rising, *covenants(leverage=1.77), "plans.it.liquidity.floor=100"))
    level = [
        (200 + swept.notes[k] - swept.cash[k]) / (60 + swept.ebitda[k - 11 : k + 1].sum()) for k in (17, 20, 23, 26)
    ]
    assert (np.array(level) > 1.77).tolist() == [True, True, False, False]
    paid = -np.diff(swept.notes)
    assert np.flatnonzero(paid).tolist() == [20, 21, 22, 23, 24, 25]  # months 21 .. 26
    assert swept.cash[21:27] == pytest.approx([100.0] * 6)
    assert swept.cash[27] > 100.5


def test_a_refinancing_in_a_month_with_a_sweep(engine):
    """The part prepaid in that month needs no new lender, and neither does the other note's part of it."""
    notes = NOTE.replace("120", "21") + NOTE.replace("120", "200") + "term = 20\n"
    earns = ("drivers.arpu.elasticity=0.4", "plans.it.liquidity.floor=112")
    swept = run(engine, frozen(notes, *SWEEP, *earns, *covenants(cash=300)))
    assert np.flatnonzero(np.diff(swept.notes))[0] == 20  # the first sweep is in month 21
    left = swept.notes[21] / 20.0
    assert 0.3 < left < 0.9
    cfads = swept.cfads[10:22].sum()
    capacity = (cfads / 1.2 - left * (0.6 + 0.5)) / (0.05 + 0.1)
    assert 0.5 < capacity < 10 * left - 0.5
    assert swept.refinancing_gap == pytest.approx(10 * left - capacity)
