"""The naive twin by itself: it compiles nothing, and small cases agree with numbers worked out by hand."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats
from scipy.interpolate import CubicSpline

from tests.naive import simulate
from tests.naive.marginals import (
    EMPIRICAL,
    INTERVALS,
    LOG_TABLE,
    LOGNORMAL,
    NORMAL,
    TABLE,
    UNIFORM,
    factors,
    quantile,
)
from tests.naive.summary import irr, macaulay
from tests.naive.tiny import tiny_model

ROOT = Path(__file__).parent.parent
NOBODY = {"start": 180.0, "planned": 200.0}  # a site that comes after every horizon used here
EARLY = {"start": -10.0, "build": 10.0, "planned": 3.0}  # chips and hall in month 2, near-term


def run(model, rows=200):
    """Figures and monthly series of the only plan on one path with all scores 0."""
    result = simulate(model, np.zeros((rows, 1)))
    series = {name: values[:, 0] for name, values in (result["series"] | result["plan_series"][0]).items()}
    figures = {name: values[0] for name, values in (result["world"] | result["plans"][0]).items()}
    return SimpleNamespace(**figures), SimpleNamespace(**series)


def test_the_twin_compiles_nothing():
    code = "import sys, tests.naive; print([m for m in ('numba', 'llvmlite', 'simulator') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, env={"PYTHONPATH": "."}
    )
    assert done.stdout.strip() == "[]"


def test_spend_follows_the_build_and_the_planned_date():
    figures, series = run(tiny_model())  # construction months 0..11, compute 9..14, power at 18
    assert series.capex[0] == pytest.approx(17 / 864)  # smoothstep(1/12)
    assert series.capex[5] == pytest.approx(0.5 - 325 / 864)
    assert series.capex[9] == pytest.approx(100 / 108 - 0.84375 + 1 / 3)
    assert series.capex[12:17] == pytest.approx([1 / 3, 1 / 3, 1 / 3, 0.0, 0.0])
    assert series.capex[:17].sum() == pytest.approx(3.0)
    assert figures.delay_0 == figures.delay_mean == 3.0
    assert figures.latest_site == 18.0


def test_idle_months_cost_and_are_counted():
    figures, series = run(tiny_model())  # hall ready in month 11, chips in 14, both at work from 17
    assert series.idle[10:18] == pytest.approx([0, 1, 1, 1, 3, 3, 3, 0])
    assert figures.idle_capital == pytest.approx(12 / 12)
    assert figures.idle_cost == pytest.approx(12 * 0.05 / 12)
    assert series.operating_cost[13:18] == pytest.approx([0, 0.0015, 0.0015, 0.0015, 0.0075])


def test_sunk_spend_is_book_but_no_flow():
    figures, series = run(tiny_model(EARLY, months=12))
    assert series.capex == pytest.approx([1 / 3, 1 / 3, 1 / 3] + 9 * [0.0])
    assert series.book[:4] == pytest.approx([7 / 3, 8 / 3, 3 - 0.225, 3 - 0.45])
    assert series.idle[:3] == pytest.approx([1, 1, 0])
    assert figures.peak_funding == pytest.approx(-series.cumulative.min())


def test_slip_moves_service_but_not_spend():
    _, series = run(tiny_model(EARLY | {"slip": 2.5}, months=12))
    assert series.capex[:3] == pytest.approx([1 / 3, 1 / 3, 1 / 3])
    assert series.mw_in_service[[4, 5]] == pytest.approx([0, 100])
    assert series.idle[1:6] == pytest.approx([1, 3, 3, 3, 0])


def test_deferred_chips_follow_power_for_a_fee():
    _, series = run(tiny_model({"queue": 18.25}, plan={"variant.chips": 1}))  # paid over (12.25, 18.25]
    assert series.capex[12:19] == pytest.approx([0.25] + 5 * [1 / 3] + [0.25 / 3])
    assert series.operating_cost[14] == pytest.approx(0.1 * 2.0 * 3.25 / 6)
    assert series.mw_in_service[[17, 18]] == pytest.approx([0, 100])
    assert series.idle[17:19] == pytest.approx([1, 0])


def test_failed_request_goes_behind_the_meter():
    figures, series = run(tiny_model(fail_z=np.inf, behind=20.5))
    assert figures.latest_site == 20.5
    assert series.operating_cost[20] == pytest.approx(0.0075 + 0.1 * 0.5 / 12)
    assert series.operating_cost[19] == pytest.approx(0.0015)


def test_depreciation_tax_and_flow_of_a_month():
    _, series = run(tiny_model())
    assert series.dep[16:19] == pytest.approx([0, 0.225, 0.225])
    assert series.cf[17] == pytest.approx(-0.0075 + 0.15 * 0.2325)
    assert series.book[18] == pytest.approx(3 - 0.45)


def test_swap_at_the_end_of_book_life():
    figures, series = run(tiny_model())  # month 27; chips of month 14 are worth half since month 23
    assert series.value[[22, 23]] == pytest.approx([1.0, 0.5])
    assert series.sale[27] == pytest.approx(0.5 * 2.0 * 0.85)
    assert series.gain[27] == pytest.approx(0.85)
    assert series.capex[27] == pytest.approx(2.0 + 0.4)
    assert series.dep[[26, 27]] == pytest.approx([0.225, 0.265])
    assert figures.write_offs == pytest.approx(0.0, abs=1e-12)


def test_swap_when_new_chips_earn_their_keep():
    figures, series = run(tiny_model(step=np.log(4.0), opex=7.0, plan={"variant.refresh": 2}))
    assert np.flatnonzero(series.sale).tolist() == [23]  # 12 x .25 < 7 <= 12, six months into depreciation
    assert series.gain[23] == pytest.approx(0.25 * 2 * 0.85 - 0.8)
    assert figures.write_offs == pytest.approx(0.375)
    assert figures.stranded_retired == pytest.approx(0.8 - 0.5)
    assert figures.stranded_peak == 0.0  # looked at when months close, after the swap


def test_no_swap_where_nothing_earns_its_keep():
    _, series = run(tiny_model(opex=13.0, plan={"variant.refresh": 2}))
    assert not series.sale.any()


@pytest.mark.parametrize(("price", "terminal"), [(12.0, 1.7 + 0.565 - 0.225), (6.0, 1.7 + 0.2825 - 0.182625)])
def test_terminal_value_sells_chips_and_halls_at_the_price(price, terminal):
    figures, series = run(tiny_model(price=price))  # books at month 35: compute .2, refit .04, shell .525
    assert series.book[-1] == pytest.approx(0.765)
    assert figures.npv - series.cumulative[-1] == pytest.approx(terminal)


def test_terminal_value_of_a_site_that_never_came():
    figures, series = run(tiny_model({"queue": 60.0}))
    assert series.book[-1] == pytest.approx(3.0)
    assert figures.npv - series.cumulative[-1] == pytest.approx(0.5 * 1.7 + 1 - 0.15 * (0.85 + 1 - 3))


def test_ads_follow_the_compute_at_work():
    _, series = run(tiny_model(EARLY, months=12, eps=0.1))
    assert series.W[[2, 3]] == pytest.approx([0, 100])
    assert series.increment[3] == pytest.approx(0.8 * 10 * (2**0.1 - 1))


def test_old_chips_keep_working_at_their_own_efficiency():
    _, series = run(tiny_model(efficiency=np.log(3.0), wear=0.12))  # chips of months 14 and 27
    assert series.W[26] == pytest.approx(100 * np.exp(-0.12))
    assert series.W[28] == pytest.approx(300 * np.exp(-0.01))


def test_note_is_served_refinanced_and_shields_tax():
    note = {"maturity": 5, "refinance_margin": 0.03}
    figures, series = run(tiny_model(NOBODY, [note], months=12))
    assert series.issues[0] == 10.0
    assert series.interest == pytest.approx(6 * [0.05] + 6 * [0.8 / 12])
    assert series.notes[-1] == 10.0
    assert not series.repayments.any()
    shield = sum(0.0075 * 1.06 ** (-k / 12) for k in range(1, 7))
    shield += sum(0.01 * 1.08 ** (-k / 12) for k in range(7, 13))
    assert figures.apv - figures.npv == pytest.approx(shield)
    capacity = 0.15 * 0.3 / 1.2 / (0.08 + 0.1)  # cash flow of six months is the tax shield alone
    assert figures.refinancing_gap == pytest.approx(10 - capacity)


def test_refinancing_counts_what_other_notes_take():
    notes = [{"maturity": 5, "refinance_margin": 0.01}, {"maturity": 400, "amount": 0.1, "term": 100.0}]
    figures, _ = run(tiny_model(NOBODY, notes, months=12))
    capacity = (0.15 * 6 * (0.05 + 0.0005) / 1.2 - 0.006 - 0.001) / (0.06 + 0.1)
    assert figures.refinancing_gap == pytest.approx(10 - capacity)


def test_note_without_refinancing_is_repaid():
    _, series = run(tiny_model(NOBODY, [{"maturity": 5, "refinance": 0}], months=12))
    assert np.flatnonzero(series.repayments).tolist() == [5]
    assert series.notes[[4, 5]] == pytest.approx([10, 0])
    assert series.interest[[5, 6]] == pytest.approx([0.05, 0])


def test_amortising_note_pays_equal_principal():
    note = {"amount": 12.0, "issue": 2, "maturity": 13, "kind": 1}
    _, series = run(tiny_model(NOBODY, [note], months=18))
    assert series.repayments == pytest.approx([0, 0, *12 * [1.0], 0, 0, 0, 0])
    assert series.interest[[1, 2, 3, 13, 14]] == pytest.approx([0, 0.06, 0.055, 0.005, 0])
    assert series.notes[[1, 2, 13]] == pytest.approx([0, 11, 0])


def test_floating_note_fixes_its_rate_at_issue():
    _, series = run(tiny_model(NOBODY, [{"issue": 3, "rate": 0.02, "floating": 1}], months=6))
    assert series.interest == pytest.approx([0, 0, 0] + 3 * [10 * 0.07 / 12])


def test_covers_of_a_note_and_earnings_per_share():
    model = tiny_model(EARLY, [{}], months=24, eps=0.1, compute_life=66, shell_life=240, tests=(23,))
    figures, series = run(model)
    ebitda = 12 * (8 * 0.0717734625362931 - 0.0075)  # 2^.1 - 1
    depreciation = 12 * (2 / 66 + 1 / 240)
    cfads = ebitda - 0.15 * (ebitda - depreciation - 0.6)
    assert series.cfads[12:].sum() == pytest.approx(cfads)
    assert figures.dscr_min == figures.fccr_min == pytest.approx(cfads / (0.6 + 10 / 5))
    assert figures.dscr_reserve_min == pytest.approx((cfads - (2 + 0.4) / 5.5) / 2.6)
    assert figures.icr_min == pytest.approx(ebitda / 0.6)
    assert figures.eps_fy1 == pytest.approx(0.85 * (ebitda - depreciation - 0.6) / 2.5)
    assert figures.leverage_max == pytest.approx((5 + 10 - series.cash[-1]) / (0.5 * 120 + ebitda))
    assert figures.llcr == pytest.approx(0.0)


@pytest.mark.parametrize(("tests", "cured"), [((11, 26, 29), 1.0), ((11, 23, 35), 0.0), ((11, 26), 0.0)])
def test_breach_is_cured_by_the_next_two_tests(tests, cured):
    notes = [{"maturity": 14, "refinance": 0}]  # nothing owed from month 27 on: those tests are skipped and pass
    figures, _ = run(tiny_model(NOBODY, notes, {"covenants.dscr": 1.2}, tests=tests))
    assert (figures.breach, figures.breach_month, figures.breach_cured) == (1.0, 11.0, cured)
    assert figures.dscr_min == pytest.approx(0.09 / 2.6)


def test_without_notes_covers_are_undefined_and_nothing_is_breached():
    figures, _ = run(tiny_model(NOBODY, plan={"covenants.dscr": 1.2, "covenants.fccr": 1.1}, months=24, tests=(23,)))
    undefined = ("dscr_min", "fccr_min", "icr_min", "llcr", "breach_cured", "refinancing_gap", "duration_gap",
                 "wam_gap", "debt_at_end", "asset_life")  # fmt: skip
    assert all(np.isnan(getattr(figures, name)) for name in undefined)
    assert (figures.breach, figures.breach_month) == (0.0, 24.0)


def test_cash_collects_every_flow():
    model = tiny_model(
        NOBODY,
        [{}],
        {"liquidity.cash_rate": 0.04, "liquidity.penalty": 2.0, "liquidity.penalty_month": 1},
        months=2,
        base_cash_flow=1.0,
    )
    _, series = run(model)
    first = 50 + 1 + 10 - 0.05 + 0.0075 + 0.85 * 0.04 / 12 * 50
    assert series.cash == pytest.approx([first, first + 1 - 0.0425 + 0.85 * 0.04 / 12 * first - 2])


def test_revolver_defends_the_floor_and_is_repaid():
    plan = {
        "liquidity.opening_cash": 21.0,
        "liquidity.floor": 20.0,
        "liquidity.revolver": 3.0,
        "liquidity.penalty": 7.0,
    }
    figures, series = run(tiny_model(NOBODY, plan=plan, months=4, base_cash_flow=2.0))
    left = 3 - (19 + 2 - 0.85 * 3 * 0.06 / 12 - 20)
    assert series.cash[:2] == pytest.approx([19, 20])
    assert series.revolver[:2] == pytest.approx([3, left])
    rest = left * (1 + 0.85 * 0.06 / 12) - 2
    assert series.revolver[2:] == pytest.approx([rest, 0])
    assert series.cash[2:] == pytest.approx([20, 20 + 2 - rest * (1 + 0.85 * 0.06 / 12)])
    assert (figures.shortfall, figures.shortfall_depth, figures.shortfall_months) == (1.0, 1.0, 1.0)
    assert (figures.min_cash, figures.revolver_peak) == (19.0, 3.0)


def test_stranded_value_is_book_above_what_chips_are_worth():
    figures, _ = run(tiny_model(step=np.log(4.0)))  # month 23: seven months depreciated, a quarter of the value
    assert figures.stranded_peak == pytest.approx(0.6 - 0.5)
    assert figures.stranded_retired == 0.0


@pytest.mark.parametrize(("opex", "life", "use", "owed"), [(0.9, 12.5, 19, np.nan), (7.0, 6.0, 6, 10.0)])
def test_assets_end_when_old_chips_no_longer_pay_their_power(opex, life, use, owed):
    figures, _ = run(tiny_model(notes=[{"maturity": 5}], opex=opex))  # lives of notes are those at issue
    assert figures.asset_life == pytest.approx(life / 12)
    assert figures.wam_gap == pytest.approx(5 - use / 12)
    assert figures.duration_gap == pytest.approx(4.393054 - life / 12)  # 6 %, 5 years at par
    assert figures.debt_at_end == pytest.approx(owed, nan_ok=True)


def test_duration_and_coupon_of_the_published_notes():
    amounts, terms = np.array([4, 4, 6.5, 4.5, 6.5, 4.5]), [5, 7, 10, 20, 30, 40]
    coupons = np.array([0.042, 0.046, 0.04875, 0.055, 0.05625, 0.0575])
    durations = [macaulay(np.array([c]), t)[0] for c, t in zip(coupons, terms, strict=True)]
    assert (amounts * durations).sum() / 30 == pytest.approx(10.63, abs=0.005)
    assert macaulay(np.array([0.0]), 7.0)[0] == 7.0


def test_internal_rate_of_return_needs_a_single_root():
    flows = np.zeros((25, 4))
    flows[0], flows[12], flows[24] = [-100, -100, 10, -100], [110, 0, 10, 230], [0, 0, 0, -132]
    assert irr(flows, np.array([0, 121, 0, 0])) == pytest.approx([0.1, 0.1, np.nan, np.nan], nan_ok=True)


def test_regimes_follow_their_stays():
    model = tiny_model(months=30)  # shortage .25 y, normal 1 y, then by the score's sign: glut .5 y or shortage .25 y
    model.price.model = 1
    z = np.zeros((200, 2))
    z[1, 1] = -1.0  # second change, from normal
    price = simulate(model, z)["series"]["price"]
    assert price[:, 0].tolist() == 2 * [20.0] + 12 * [10.0] + 3 * [20.0] + 12 * [10.0] + [20.0]
    assert price[:, 1].tolist() == 2 * [20.0] + 12 * [10.0] + 6 * [5.0] + 10 * [10.0]


def test_quantiles_of_every_kind():
    z = np.array([-9.0, -1.0, 0.0, 0.5, 9.0])
    line = np.zeros((INTERVALS, 4))  # the identity
    line[:, 0], line[:, 1] = np.arange(INTERVALS) / 16.0 - 8.0, 1.0 / 16.0
    kinds = [NORMAL, LOGNORMAL, UNIFORM, TABLE, LOG_TABLE, EMPIRICAL]
    tables = SimpleNamespace(
        kind=kinds, a=[1.0, 1.0, 1.0, 0.0, 0.0, 0.0], b=[*5 * [2.0], 1.0], atom=6 * [0.0], atom_z=6 * [-np.inf],
        atom_value=6 * [7.0], first=[0, 0, 0, 0, 0, line.size], count=[0, 0, 0, line.size, line.size, 2],
        numbers=np.append(line, [1.0, 3.0]),
    )  # fmt: skip
    values = [quantile(tables, i, z) for i in range(6)]
    clamped = np.clip(z, -8.0, 8.0)
    p = stats.norm.cdf(z)
    wanted = [1 + 2 * z, np.exp(1 + 2 * z), 1 + 2 * p, clamped, np.exp(clamped), np.clip(4 * p, 1, 3)]
    for row, expected in zip(values, wanted, strict=True):
        assert row == pytest.approx(expected, rel=1e-12)


def test_an_atom_lies_below_the_law():
    tables = SimpleNamespace(
        kind=[UNIFORM], a=[0.0], b=[1.0], atom=[0.3], atom_z=[stats.norm.ppf(0.3)], atom_value=[-5.0]
    )
    z = stats.norm.ppf([0.29, 0.31, 0.65, 0.999])
    assert quantile(tables, 0, z) == pytest.approx([-5.0, 0.01 / 0.7, 0.5, 0.699 / 0.7])


def test_t_factors_are_standard_normal_scores_with_one_common_scale():
    nodes = np.linspace(0.0, 3.0, 301)  # of asinh |x|
    score = CubicSpline(nodes * 100, stats.norm.ppf(stats.t(6).cdf(np.sinh(nodes)))).c[::-1].T.ravel()
    tables = SimpleNamespace(kind=[LOGNORMAL], a=[0.1], b=[-0.5], atom=[0.0], first=[0], count=[0])
    chol = np.linalg.cholesky(np.full((6, 6), 0.2) + 0.8 * np.eye(6))
    shift = np.array([0.5, 0.0, 0.0, 0.0, 0.0, -1.0])
    dependence = SimpleNamespace(
        correlation_cholesky=chol,
        family=1,
        nu_marginal=0,
        nu_table=np.ascontiguousarray(score),
        nu_table_per_unit=100.0,
        factor_row=2,
        shift=shift,
    )
    z = np.random.default_rng(1).standard_normal((9, 50))
    x = np.exp(0.1 - 0.5 * z[8]) * (chol @ z[2:8])
    values = factors(SimpleNamespace(dependence=dependence, marginals=tables), z)
    assert values == pytest.approx(stats.norm.ppf(stats.t(6).cdf(x)) + shift[:, None], abs=1e-7)
