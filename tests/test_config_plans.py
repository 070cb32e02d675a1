"""Levers as frozen numbers: neutral where they are off, drawn from streams of their own where they are on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

from simulator.config import freeze, load
from simulator.config.builder import Builder
from simulator.config.drivers.price import contract_curves
from simulator.config.freeze import Frozen
from simulator.drivers.contracts import lock_contract
from simulator.drivers.marginals import sample
from simulator.results.tree import flatten
from tests.config_case import NOTE, ONE_SITE, SITE, read

ROOT = Path(__file__).parent.parent
BASE = ONE_SITE + SITE.format(id="two", start=2, planned=20) + NOTE


@pytest.fixture(scope="module")
def flagship() -> Frozen:
    return freeze(load(ROOT / "configs/hyperscaler.toml"))


def _frozen(folder: Path, plans: str, *overrides: str) -> Frozen:
    return freeze(read(folder, BASE + plans, *overrides))


def _quantiles(frozen: Frozen, marginal: int, z: list[float]) -> list[float]:
    out = np.empty(len(z))
    sample(frozen.model.marginals, marginal, np.array(z), out)
    return out.tolist()


def test_levers_that_are_off_are_neutral_and_draw_nothing(tmp_path):
    frozen = _frozen(tmp_path, "[plans.own]\n")
    model, plans = frozen.model, frozen.model.plans
    frozen_plans = flatten(plans)
    neutral = ("lease_excess.on", "lease_excess.leased_share", "lease_excess.contract_share", "lease_excess.term",
        "lease_excess.term_tenor", "lease_excess.previous_generation", "internal_or_lease.on",
        "internal_or_lease.share", "jv.on", "jv.share", "jv.assets", "equity.on", "equity.limit", "equity.base_eps",
        "covenants.cures", "covenants.sweep", "disposal.on", "disposal.carrying", "variant.number",
        "variant.lease_term", "order", "notes.interest_shared", "cloud.on", "cloud.term_tenor")  # fmt: skip
    assert {name: frozen_plans[name].tolist() for name in neutral} == {name: [0] for name in neutral}
    assert plans.own_share.tolist() == [1.0]
    marginals = ("lease_excess.default_rate_marginal", "disposal.months_marginal", "disposal.ratio_marginal")
    assert {name: frozen_plans[name].tolist() for name in marginals} == {name: [-1] for name in marginals}
    assert plans.jv.sites.tolist() == [[0, 0]]
    assert plans.jv.discount.tolist() == [[1.0] * 120]
    assert model.price.tenors.size == model.price.curves.numbers.size == 0
    programme = model.programme
    assert programme.default_rate_row.tolist() == [-1, -1]
    assert (programme.disposal_probability_row, programme.disposal_months_row, programme.disposal_ratio_row) == (
        -1,
        -1,
        -1,
    )
    assert not [name for name in frozen.draw_names if name.startswith("plans.")]


def test_the_standard_plans(flagship):
    plans, price = flagship.model.plans, flagship.model.price
    assert plans.own_share.tolist() == [1, 1, 1, 0.6, 1]
    assert plans.lease_excess.leased_share.tolist() == pytest.approx([0] + [0.35 * 0.9] * 4)
    assert plans.jv.share.tolist() == [0, 0, 0.8, 0, 0]
    assert plans.jv.sites.sum(axis=1).tolist() == [0, 0, 6, 0, 0]
    assert (plans.jv.lease_months[2], plans.jv.renewal_months[2], plans.jv.exit_block[2]) == (240, 48, 36)
    t = np.arange(1, 121) / 12
    np.testing.assert_allclose(plans.jv.discount[2], (1 + 0.0658 * 0.85) ** -t, rtol=1e-13)
    assert price.tenors.tolist() == [36]
    assert plans.lease_excess.term.tolist() == [0, 36, 36, 36, 36]
    np.testing.assert_allclose(price.market0_by_month, 30000 * np.exp(0.2 * t), rtol=1e-13)
    assert plans.variant.number.tolist() == [0, 0, 1, 0, 2]  # own, own_lease and hybrid build and renew alike
    assert plans.order.tolist() == [3, 0, 1, 4, 2]  # own, own_lease and deferred bear the same interest
    assert plans.notes.interest_shared.tolist() == [0, 1, 0, 0, 1]
    assert plans.variant.lease_term.tolist() == [36] * 5
    programme, finance = flagship.model.programme, flagship.model.finance
    assert programme.internal_use == 0.65
    assert programme.capital_recovery == pytest.approx(0.085 / (1 - 1.085**-5.5), rel=1e-13)
    assert np.flatnonzero(finance.january).tolist() == list(range(6, 120, 12))


def test_plans_alike_in_their_sites_share_a_variant(tmp_path):
    lets = "lease_excess = {{on = true, term = {}}}\n"
    text = f"[plans.none]\n[plans.a]\n{lets.format(12)}[plans.b]\n{lets.format(24)}[plans.c]\nown_share = 0.5\n"
    text += f"{lets.format(12)}[plans.d]\nrefit = 0.1\n[plans.e]\njv.on = true\n"
    text += "[plans.f]\njv = {on = true, share = 0.7}\n"
    text += (
        "[plans.g]\njv.on = true\njv.sites = ['two', 'one']\nequity.on = true\nnotes = false\n[plans.h]\njv.on = true\n"
    )
    text += "jv.sites = ['two']\n[plans.i]\nown_share = 0.5\ncloud.term = 12\n[plans.j]\nrefresh = 'none'\n"
    frozen = _frozen(tmp_path, text)
    plans = frozen.model.plans
    assert plans.variant.number.tolist() == [0, 0, 1, 0, 2, 3, 4, 3, 5, 0, 6]
    assert plans.order.tolist() == [0, 1, 3, 9, 2, 4, 5, 7, 6, 8, 10]
    assert plans.variant.lease_term.tolist() == [12, 12, 24, 12, 0, 0, 0, 0, 0, 12, 0]
    tenors = frozen.model.price.tenors
    assert tenors.tolist() == [12, 24, 36]
    assert tenors[plans.lease_excess.term_tenor[[1, 2, 3]]].tolist() == [12, 24, 12]
    assert tenors[plans.cloud.term_tenor[[3, 9]]].tolist() == [36, 12]


def test_interest_is_passed_on_to_like_notes_alone(tmp_path):
    note = "[[notes]]\namount = 5\ncoupon = 0.05\nmaturity = 60\n"
    plans = {"a": "notes = true", "b": "notes = 2", "c": "notes = true\ncovenants.consequence = 'sweep'",
        "d": "notes = true\nrefit = 0.1", "e": "notes = false", "f": "notes = true\nrefit = 0.1"}  # fmt: skip
    text = "".join(f"[plans.{name}]\n{levers}\n" for name, levers in plans.items())
    frozen_plans = _frozen(tmp_path, note + text).model.plans
    assert frozen_plans.variant.number.tolist() == [0, 0, 0, 1, 0, 1]
    assert frozen_plans.order.tolist() == [1, 2, 4, 0, 3, 5]
    assert frozen_plans.notes.interest_shared.tolist() == [0, 0, 0, 1, 0, 1]


def test_fixed_charges_are_tested_only_without_notes(tmp_path):
    text = "[[notes]]\namount = 5\ncoupon = 0.05\nmaturity = 60\n[plans.with]\n[plans.without]\nnotes = false\n"
    assert _frozen(tmp_path, text).model.plans.covenants.fccr.tolist() == [0.0, 1.1]


def test_a_lever_moves_no_draw_of_anything_else(tmp_path):
    off = _frozen(tmp_path, "[plans.own]\n").draw_names
    on = _frozen(tmp_path, "[plans.own]\nlease_excess.on = true\ndisposal.on = true\n").draw_names
    assert off.items() <= on.items()
    assert set(on) - set(off) == {"plans.default.one", "plans.default.two", "plans.disposal.close",
        "plans.disposal.when", "plans.disposal.ratio"}  # fmt: skip


def test_tenants_default_once_a_contract(tmp_path):
    text = "[plans.a]\nlease_excess = {on = true, term = 50, default_rate = 0.1}\n[plans.b]\n"
    text += "lease_excess = {on = true, term = 7, default_rate = 0}\n"
    frozen = _frozen(tmp_path, text)
    model = frozen.model
    first, second = model.programme.default_rate_row.tolist()
    assert second - first == 4  # three contracts of 50 months in 120, in rows of four
    assert model.plans.lease_excess.default_rate_marginal[1] == -1
    years = _quantiles(frozen, model.plans.lease_excess.default_rate_marginal[0], [0.0, 2.0])
    assert years == pytest.approx([np.log(2) / 0.1, -np.log(norm.sf(2.0)) / 0.1], rel=1e-5)
    for idle in ("default_rate=0", "contract_share=0", "occupancy=0"):
        still = freeze(read(tmp_path, BASE + "[plans.a]\nlease_excess.on = true\n", f"plans.a.lease_excess.{idle}"))
        assert still.model.programme.default_rate_row.tolist() == [-1, -1]


def test_a_pool_held_for_sale(tmp_path):
    text = "[plans.own]\n[plans.a]\ndisposal = {on = true, months = 9}\n[plans.b]\n"
    text += (
        "disposal = {on = true, probability = 1, ratio = 0.95}\n[plans.c]\ndisposal = {on = true, probability = 0}\n"
    )
    frozen = _frozen(tmp_path, text)
    plans, programme = frozen.model.plans, frozen.model.programme
    assert plans.disposal.carrying.tolist() == [0, 2.04, 2.04, 2.04]
    assert plans.disposal.probability_threshold[1:].tolist() == pytest.approx([norm.ppf(0.9), 1e9, -1e9])
    assert plans.disposal.months[1:].tolist() == [9, 12, 12]
    assert _quantiles(frozen, plans.disposal.months_marginal[1], [0.0, 3.0]) == pytest.approx(
        [4.5, 9 * norm.cdf(3)], rel=1e-5
    )
    assert _quantiles(frozen, plans.disposal.ratio_marginal[1], [0.0, 1.0]) == pytest.approx([1.0, 1.1])
    assert _quantiles(frozen, plans.disposal.ratio_marginal[2], [1.0]) == [0.95]
    assert 0 < programme.disposal_probability_row < programme.disposal_months_row < programme.disposal_ratio_row
    fixed = _frozen(tmp_path, "[plans.b]\ndisposal = {on = true, ratio = 0.95}\n")
    assert "plans.disposal.ratio" not in fixed.draw_names


def test_equity_and_what_an_uncured_breach_brings(tmp_path):
    text = "[plans.own]\n[plans.a]\nequity.on = true\ncovenants.consequence = 'sweep'\n[plans.b]\nequity.on = true\n"
    plans = _frozen(tmp_path, text + "equity.limit = 5\ncovenants.cures = 1\n").model.plans
    assert plans.equity.limit.tolist() == [0, 20, 5]
    assert plans.equity.price_net.tolist() == pytest.approx([617.5] * 3)
    assert plans.equity.base_eps.tolist() == [0, 37.1, 37.1]
    assert plans.covenants.cures.tolist() == [0, 2, 1]
    assert plans.covenants.sweep.tolist() == [0, 1, 0]


def test_leasing_by_choice(tmp_path):
    text = "[plans.a]\ninternal_or_lease = {on = true, share = 0.4}\nlease_excess.occupancy = 0.8\n[plans.b]\n"
    text += (
        "lease_excess = {on = true, previous_generation = true, own_supply = false}\njv = {on = true, assets = 'all'}\n"
    )
    plans = _frozen(tmp_path, text).model.plans
    assert plans.internal_or_lease.share.tolist() == [0.4, 0]
    assert plans.lease_excess.leased_share.tolist() == pytest.approx([0, 0.315])
    assert plans.lease_excess.occupancy.tolist() == [0.8, 0.9]
    assert plans.lease_excess.previous_generation.tolist() == [0, 1]
    assert plans.lease_excess.own_supply.tolist() == [1, 0]
    assert plans.jv.assets.tolist() == [0, 1]


def test_contract_prices_are_the_closed_form(flagship):
    """MODEL case 14: at a spot price of 40 a contract of one year costs .674 of it, of three years .478."""
    curves = contract_curves(flagship.config, Builder(ROOT), [12, 36])
    y, state, scale, out = np.log([40 / 12]), np.zeros(1), np.full(1, 12.0), np.empty(1)
    for row, share in ((0, 0.674), (1, 0.478)):
        lock_contract(curves.numbers[row], curves.low, curves.last, y, state, scale, out)
        assert out[0] / 40 == pytest.approx(share, abs=0.002)


def test_scenario_shocks_reach_the_drivers(tmp_path):
    shocks = ("drivers.price.shock=-.7", "drivers.silicon.shock_loss=.4", "drivers.silicon.shock_month=9",
        "drivers.grid.score_shift=1.5", "dependence.shift.price=.5")  # fmt: skip
    model = _frozen(tmp_path, "[plans.own]\n", *shocks).model
    assert (model.price.shock, model.silicon.shock_loss, model.silicon.shock_month) == (-0.7, 0.4, 9)
    assert model.grid.score_shift == 1.5
    assert model.dependence.shift.tolist() == [0, 0, 0, 0.5, 0, 0]
    calm = _frozen(tmp_path, "[plans.own]\n").model
    assert (calm.price.shock, calm.silicon.shock_loss, calm.grid.score_shift) == (0, 0, 0)
    assert not calm.dependence.shift.any()


def test_inputs_of_levers_that_nobody_uses_are_left_out(flagship):
    keys = {item.key for item in flagship.inputs()}
    assert {"plan_defaults.jv.guarantee", "plan_defaults.lease_excess.crowding", "plans.hybrid.own_share"} <= keys
    assert not [key for key in keys if "equity" in key or "disposal" in key or "internal_or_lease" in key]
    for plan in flagship.plans:
        own = {item.key for item in flagship.inputs(plan)}
        assert own < keys
        assert ("plan_defaults.jv.rate" in own) == (plan == "jv")
        assert ("plan_defaults.cloud.term" in own) == ("plans.hybrid.own_share" in own) == (plan == "hybrid")
        assert ("drivers.price.market0" in own) == ("programme.internal_use" in own) == (plan != "own")
    sold = flagship.with_overrides(["plans.own.disposal.on=true"])
    added = {item.key: item for item in sold.inputs("own")}
    assert added["plan_defaults.disposal.ratio"].high == pytest.approx(1 + 0.1 * norm.ppf(0.9))


def test_a_swing_of_a_default_acts_on_every_plan_that_inherits_it(flagship):
    moved = flagship.with_overrides(["plans.jv.lease_excess.occupancy=0.8"])
    again = moved.with_input("plan_defaults.lease_excess.occupancy", 0.7).model.plans
    assert again.lease_excess.leased_share.tolist() == pytest.approx([0, 0.245, 0.28, 0.245, 0.245])
    assert flagship.with_overrides(["plans.jv.jv.share=.7"]).model.plans.jv.share.tolist() == [0, 0, 0.7, 0, 0]
