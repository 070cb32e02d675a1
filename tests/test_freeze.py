"""A frozen config holds the numbers it was given, in a shape that compiled code takes."""

from __future__ import annotations

import math
from pathlib import Path
from time import perf_counter
from typing import Any

import numba
import numpy as np
import pytest

from simulator.config import freeze, load
from simulator.config.builder import event_slots
from simulator.config.calendar import fiscal_years, quarter_ends, quarters, years
from simulator.config.laws import is_fixed
from simulator.config.stress_files import find_sets
from simulator.drivers import laws
from simulator.drivers.marginals import CONSTANT
from simulator.finance.plan.variant import DEFERRED, ECONOMIC
from simulator.model import Model
from tests.config_case import NOTE, ONE_SITE, PLAN, SITE, mistake, read
from tests.smoke import SMOKE

ROOT = Path(__file__).parent.parent
TEXT = ONE_SITE + SITE.format(id="two", start=2, planned=20) + NOTE + PLAN


@pytest.fixture(scope="module")
def flagship():
    return freeze(load(ROOT / "configs/hyperscaler.toml"))


def _leaves(node: Any) -> list[Any]:
    return [leaf for item in node for leaf in _leaves(item)] if isinstance(node, tuple) else [node]


def _model(folder, *overrides: str, text: str = TEXT) -> Model:
    return freeze(read(folder, text, *overrides)).model


VARIANTS = [
    (),
    ("drivers.price.model=regime",),
    ("drivers.silicon.paradigm_rate=5e-324", "drivers.price.jump_rate=0"),
    ("dependence.family=gaussian", "plans.own.notes=false"),
    ("drivers.grid.fail_probability=0", "drivers.silicon.factor_share=1", "drivers.silicon.correlation=1", "months=12"),
]  # fmt: skip


@pytest.mark.parametrize("overrides", VARIANTS)
def test_leaves_are_floats_ints_and_plain_arrays(tmp_path, overrides):
    for leaf in _leaves(_model(tmp_path, *overrides)):
        assert type(leaf) in (float, int, np.ndarray)
        if isinstance(leaf, np.ndarray):
            assert leaf.dtype in (np.float64, np.int64)
            assert leaf.flags.c_contiguous
            assert leaf.flags.writeable
            assert not np.isnan(leaf).any()


def test_every_config_has_one_compiled_signature(tmp_path, flagship):
    kinds = {str(numba.typeof(_model(tmp_path, *overrides))) for overrides in VARIANTS}
    assert kinds == {str(numba.typeof(flagship.model))}


def test_calendar_of_the_flagship(flagship):
    months = range(120)
    assert quarters("2026-07", 120) == [((m + 6) // 3) % 4 for m in months]
    assert years("2026-07", 120) == [2026 + (m + 6) // 12 for m in months]
    assert quarter_ends("2026-07", 120) == [m for m in months if m % 3 == 2]
    assert fiscal_years("2026-07", 120) == tuple(range(2026, 2037))
    assert flagship.model.finance.test_months.tolist() == list(range(47, 120, 3))
    assert flagship.model.finance.fiscal_years == 11
    assert flagship.model.finance.fiscal_year[[0, 5, 6, 119]].tolist() == [0, 0, 1, 10]
    assert [metric.name for metric in flagship.plan if metric.name.startswith("eps")][-1] == "eps_fy2036"


def test_other_starts_shift_the_calendar():
    assert quarters("2025-02", 3) == [0, 0, 1]
    assert quarter_ends("2025-02", 6) == [1, 4]
    assert years("2025-02", 12)[10:] == [2025, 2026]


def test_monthly_tables(flagship):
    model, t = flagship.model, np.arange(1, 121) / 12
    season = np.array([0.95, 0.99, 0.98, 1.08])[quarters("2026-07", 120)]
    np.testing.assert_allclose(model.arpu.revenue0_by_month, 212 / 12 * np.exp(0.08 * t) * season, rtol=1e-13)
    np.testing.assert_allclose(model.arpu.fleet0_by_month, 2000 * np.exp(0.14 * t), rtol=1e-13)
    np.testing.assert_allclose(model.programme.cost_growth_by_month, np.exp(0.025 * t), rtol=1e-13)
    np.testing.assert_allclose(model.finance.wacc_discount, 1.085**-t, rtol=1e-13)
    np.testing.assert_allclose(model.finance.unlevered_cost_discount, 1.088**-t, rtol=1e-13)


def test_scalars(flagship):
    model = flagship.model
    assert model.silicon.correlation_partial == pytest.approx(3 / 7)
    assert (model.silicon.factor_share_loading**2, model.silicon.factor_share_residual**2) == pytest.approx((0.3, 0.7))
    assert (
        model.grid.national_share_loading**2,
        model.grid.regional_share_loading**2,
        model.grid.queue_residual**2,
    ) == pytest.approx((0.05, 0.33, 0.62))
    assert model.grid.fail_probability_threshold == pytest.approx(-1.6448536269514729)
    assert model.arpu.lag_share == pytest.approx(1 - math.exp(-1 / 9))
    assert model.arpu.noise_phi == pytest.approx(math.exp(-1.4 / 12))
    assert model.arpu.noise_sd == pytest.approx(0.08 * math.sqrt((1 - math.exp(-2.8 / 12)) / 2.8))
    assert model.price.arpu_correlation_residual == pytest.approx(math.sqrt(0.91))
    assert model.funding.spread_mean_log == math.log(0.0091)
    assert model.programme.shell_cost_per_mw == pytest.approx(0.01174)
    assert model.programme.work_delay.tolist() == [6] * 6
    assert model.finance.base_cash_flow_monthly == pytest.approx(22 / 12)
    assert model.grid.near_term_flag.tolist() == [1, 1, 0, 0, 0, 0]
    assert model.grid.mw.sum() == 3499


def test_the_published_notes(flagship):
    plans = flagship.model.plans
    assert [*plans.notes.first_tranche, plans.notes.end_tranche[-1]] == [0, 6, 12, 12, 18, 24]
    assert plans.notes.tranches.amount[:6].sum() == 30.0
    assert plans.notes.tranches.amount[12:18].sum() == pytest.approx(18.0)
    assert plans.notes.coupon_mean[0] == pytest.approx(0.05136, abs=5e-6)
    assert plans.notes.term_mean[0] == pytest.approx(19.27, abs=0.005)
    assert plans.notes.duration[0] == pytest.approx(10.63, abs=0.005)
    assert plans.notes.tranches.term[:6].tolist() == [5, 7, 10, 20, 30, 40]


def test_ladders_of_plans(tmp_path):
    text = (
        TEXT
        + "[[notes]]\namount = 1\nmargin = 0.02\nissue = 4\nmaturity = 40\nkind = 'amortising'\nrefinance = false\n"
    )
    text += "[plans.half]\nnotes = 2\nchips = 'deferred'\nrefresh = 'economic'\n[plans.none]\nnotes = false\n"
    plans = freeze(read(tmp_path, text)).model.plans
    assert [*plans.notes.first_tranche, plans.notes.end_tranche[-1]] == [0, 2, 4, 4]
    assert plans.notes.tranches.amount.tolist() == [3, 1, 1.5, 0.5]
    assert plans.notes.tranches.rate.tolist() == [0.05, 0.02] * 2
    assert plans.notes.tranches.floating.tolist() == [0, 1] * 2
    assert plans.notes.tranches.term.tolist() == [52 / 12, 3.0] * 2
    assert plans.notes.tranches.kind.tolist() == [0, 1] * 2
    assert plans.notes.tranches.refinance.tolist() == [1, 0] * 2
    assert plans.variant.chips.tolist()[1] == DEFERRED
    assert plans.variant.refresh.tolist()[1] == ECONOMIC
    assert plans.notes.coupon_mean.tolist() == pytest.approx([(3 * 0.05 + 0.0738) / 4] * 2 + [0.0])


def test_a_training_run_sets_the_months_before_work(tmp_path):
    run = "[sites.model]\nparameters = 405e9\ntokens = 15.6e12\nchips = 16384\npeak_flops = 989e12\nmfu = 0.404\n"
    run += "goodput = 0.75\n"
    model = _model(tmp_path, text=ONE_SITE + run + SITE.format(id="two", start=2, planned=20) + PLAN)
    assert model.programme.work_delay.tolist() == [3 + 2, 4 + 2]


def test_another_site_plan_or_year_moves_no_stream(tmp_path):
    small = freeze(read(tmp_path, TEXT)).draw_names
    more = SITE.format(id="aa", start=0, planned=30).replace("ohio", "texas") + TEXT + "[plans.other]\nrefresh='none'\n"
    large = freeze(read(tmp_path, "months = 240\n" + more)).draw_names
    assert small.items() <= large.items()
    assert set(large) - set(small) == {"regions.texas", "sites.aa"}


def test_what_is_not_drawn_has_no_rows(tmp_path):
    full = freeze(read(tmp_path, TEXT))
    assert not [name for name in full.draw_names if "regime" in name or name.endswith("margin")]
    fixed = freeze(
        read(tmp_path, TEXT, "drivers.silicon.gap=2", "programme.cost_multiplier=1", "drivers.price.jump_rate=0")
    )
    gone = set(full.draw_names) - set(fixed.draw_names)
    assert gone == {"drivers.silicon.gap", "programme.cost", "drivers.price.jump.gap", "drivers.price.jump.size"}
    assert fixed.model.silicon.gap_row == 0
    assert fixed.model.marginals.kind[fixed.model.silicon.gap_marginal] == CONSTANT
    regime = freeze(read(tmp_path, TEXT, "drivers.price.model=regime"))
    assert {"drivers.price.regime.stay", "drivers.price.regime.turn"} <= set(regime.draw_names)
    assert not [name for name in regime.draw_names if "jump" in name or "longrun" in name]
    rows = max(model.price.regime_stays_slots for model in (regime.model, full.model))
    assert rows < full.model.draws.rows


def test_rows_of_events_lie_inside_z(tmp_path):
    """Every row of scores that the model reads exists: a missing one would be another stream's."""
    for gap in ("0.05", "{law='exponential', mean=0.06}", "2"):
        for months in (12, 600):
            model = _model(tmp_path, f"drivers.silicon.gap={gap}", "drivers.silicon.age=0", f"months={months}",
                "drivers.silicon.performance=0.5", "drivers.silicon.efficiency=0.5")  # fmt: skip
            assert model.silicon.performance_row + model.silicon.gap_slots <= model.draws.rows
            assert model.silicon.gap_slots > months / 12 / 2


def test_lists_of_events_have_a_slot_more_than_events():
    assert event_slots(laws.named("exponential", mean=2.0), 10.0) == 27 + 1
    assert event_slots(laws.named("exponential", mean=20.0), 10.0) == 11 + 1
    assert event_slots(laws.constant(2.0), 10.0) == 5 + 2
    gamma = laws.named("gamma", shape=12.0, mean=2.0)
    assert event_slots(gamma, 10.0, 1.0) < 20
    assert event_slots(gamma, 10.0, 3.5) >= event_slots(gamma, 13.5)


def test_what_is_under_way_is_drawn_conditionally(tmp_path):
    config = read(tmp_path, TEXT)
    first, second = config.sites
    model = freeze(config).model
    assert len(set(model.grid.queue_marginal.tolist())) == 2
    assert model.marginals.kind[model.grid.build_marginal[0]] != model.marginals.kind[model.grid.build_marginal[1]]
    assert (first.start, second.start) == (-3, 2)


def test_names_of_rows(flagship):
    assert flagship.plans == ("own", "own_lease", "jv", "hybrid", "deferred")
    assert flagship.sites[2] == "hyperion_a"
    assert [metric.name for metric in flagship.world][-1] == "delay_lebanon"
    assert [event.label for event in flagship.events][::2] == ["npv < 0", "dscr_min < 1.2", "breach > 0.5"]
    assert [(event.metric, event.threshold) for event in flagship.events[4:]] == [("breach", 0.5), ("uncured", 0.5)]
    assert set(flagship.tally) <= {metric.name for metric in flagship.plan}
    assert len(flagship.tally) == 26
    assert flagship.levels == (0.95, 0.99)


def test_an_input_can_be_fixed(flagship):
    gap = next(item for item in flagship.inputs() if item.key == "drivers.silicon.gap")
    assert gap.how == "p10-p90"
    assert (gap.low, gap.base, gap.high) == pytest.approx((1.3049, 1.9447, 2.7664), abs=1e-4)
    fixed = flagship.with_input(gap.key, gap.high)
    marginals = fixed.model.marginals
    assert marginals.a[fixed.model.silicon.gap_marginal] == gap.high
    assert flagship.model.silicon.gap_row > 0
    floor = next(item for item in flagship.inputs() if item.key == "plan_defaults.liquidity.floor")
    assert (floor.low, floor.base, floor.high, floor.how) == (10, 20, 30, "low-high")
    assert flagship.with_input(floor.key, 10.0).model.plans.liquidity.floor.tolist() == [10.0] * 5
    assert flagship.with_input("sites.lebanon.requested", -18.0).model.grid.requested[5] == -18.0


def test_a_plans_own_number_is_an_input_of_its_own(tmp_path):
    swing = "refit = {value = 0.3, low = 0.1, high = 0.5}\n"
    text = ONE_SITE + "[plan_defaults]\n" + swing + "[plans.a]\ntitle = 'A'\n[plans.b]\n" + swing.replace("0.3", "0.2")
    inputs = {item.key: item for item in freeze(read(tmp_path, text)).inputs() if "refit" in item.key}
    assert {key: item.base for key, item in inputs.items()} == {"plan_defaults.refit": 0.3, "plans.b.refit": 0.2}


def test_freezing_is_repeatable_and_fast(flagship):
    start = perf_counter()
    again = flagship.with_input("drivers.silicon.wear", 0.01)
    assert perf_counter() - start < 1.0  # 0.1 s on an idle machine
    for ours, theirs in zip(_leaves(again.model), _leaves(flagship.model), strict=True):
        same = np.array_equal(ours, theirs)
        assert same or (ours, theirs) == (0.01, 0.03)


def test_fixed_numbers_are_known_as_such():
    assert is_fixed(laws.empirical([3.0, 3.0]))
    assert not is_fixed(laws.zero_inflated(laws.constant(3.0), 0.5))


def test_a_wacc_over_the_10_year_rate_follows_its_expected_curve(tmp_path):
    text = "[programme]\nwacc_basis = 'over_rate'\nwacc = 0.04\n[drivers.funding]\nrate0 = 0.06\n" + ONE_SITE + PLAN
    programme, finance = freeze(read(tmp_path, text)).model.programme, freeze(read(tmp_path, text)).model.finance
    rates, factor, factors = [], 1.0, []
    for month in range(120):
        rates.append(0.04 + 0.0447 + (0.06 - 0.0447) * math.exp(-0.2 * (month + 1) / 12))
        factor /= (1.0 + rates[-1]) ** (1 / 12)
        factors.append(factor)
    np.testing.assert_allclose(finance.wacc_discount, factors, rtol=1e-13)
    constant = factors[65] ** (-12 / 66) - 1.0  # the same factor at the end of compute's life
    assert programme.capital_recovery == pytest.approx(constant / (1.0 - (1.0 + constant) ** -5.5), rel=1e-12)


def test_a_wacc_that_follows_rates_moves_with_a_stress_and_a_fixed_one_does_not():
    (rates_up,) = find_sets(["rates_up"])
    for overrides, moves in (([], False), (["programme.wacc=0.04", "programme.wacc_basis=over_rate"], True)):
        base = freeze(load(SMOKE, overrides)).model.finance.wacc_discount
        stressed = freeze(load(SMOKE, overrides, [rates_up])).model.finance.wacc_discount
        assert bool((stressed < base).all()) == moves
        assert bool((stressed == base).all()) != moves


def test_a_wacc_over_the_10_year_rate_needs_a_margin(tmp_path):
    assert mistake(tmp_path, "[programme]\nwacc_basis = 'over_rate'\n" + ONE_SITE + PLAN) == (
        'my.toml:2: programme.wacc_basis: given "over_rate" with the default wacc (0.085), wanted wacc as a '
        "margin, as 0.04"
    )
