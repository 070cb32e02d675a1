"""Models in which some drivers are kept: the law of the others, and the scores of those that are kept."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.config import freeze, load
from simulator.drivers import dependence
from simulator.drivers.dependence import FACTORS
from simulator.engine.coalitions import GROUPS, active_groups, redraw_others, rest_others
from simulator.engine.interrupt import Stop
from simulator.engine.scenario_samples import figures, only_plan
from simulator.sampling.sampler import fill
from tests.smoke import ROOT, SMOKE

PATHS = 512
N = 20_000
LEVERS = ROOT / "tests" / "configs" / "levers.toml"
CONFIGS = {"smoke": SMOKE, "levers": LEVERS, "flagship": ROOT / "configs" / "hyperscaler.toml"}


@pytest.fixture(scope="module")
def smoke():
    return freeze(load(SMOKE))


def drawn_factors(model, n=N, seed=1):
    """The six factors (6, n)."""
    z, out = np.zeros((model.draws.rows, n)), np.empty((6, n))
    fill(model.draws, seed, np.arange(n), z)
    dependence.factors(model.dependence, model.marginals, z, out)
    return out


def npv(frozen, model, paths=PATHS):
    row = len(frozen.world) + next(k for k, metric in enumerate(frozen.plan) if metric.name == "npv")
    with Stop() as stop:
        return figures(model, [row], 1, paths, stop)[0]


@pytest.mark.parametrize("name", CONFIGS)
def test_every_random_stream_belongs_to_one_group(name):
    frozen = freeze(load(CONFIGS[name]))
    streams = [stream for stream in frozen.draw_names if stream != "dependence"]
    owners = [[group.name for group in GROUPS if group.streams and s.startswith(group.streams)] for s in streams]
    assert all(len(names) == 1 for names in owners), dict(zip(streams, owners, strict=True))
    assert sorted(factor for group in GROUPS for factor in group.factors) == sorted(FACTORS)
    assert active_groups(frozen.model, frozen.draw_names)


def test_a_stream_of_no_group_is_an_error(smoke):
    with pytest.raises(ValueError, match="weather, which belongs to no group"):
        active_groups(smoke.model, {**smoke.draw_names, "weather": 1})


@pytest.mark.parametrize("change", [redraw_others, rest_others])
def test_with_every_driver_kept_the_bits_are_the_runs(smoke, change):
    model, groups = only_plan(smoke.model, 0), active_groups(smoke.model, smoke.draw_names)
    assert np.array_equal(npv(smoke, change(model, smoke.draw_names, groups)), npv(smoke, model), equal_nan=True)


def test_with_none_moving_every_path_is_the_median_world(smoke):
    """All scores are zero: the kernel without any random stream, worlds of the centre of every law."""
    model = only_plan(smoke.model, 0)
    rested = npv(smoke, rest_others(model, smoke.draw_names, ()))
    none = model.draws._replace(stream=np.zeros(0, np.int64), row=np.zeros(0, np.int64), groups=np.zeros(0, np.int64))
    assert np.ptp(rested) == 0.0
    assert np.array_equal(rested, npv(smoke, model._replace(draws=none)))


def test_with_none_kept_worlds_are_others_of_the_same_law(smoke):
    """4,096 pairs: correlation within 4 / sqrt(n) of 0, means within 4 standard errors; each fails once in 16,000."""
    model, n = only_plan(smoke.model, 0), 4096
    base, other = npv(smoke, model, n), npv(smoke, redraw_others(model, smoke.draw_names, ()), n)
    assert abs(np.corrcoef(base, other)[0, 1]) < 4 / np.sqrt(n)
    assert abs(base.mean() - other.mean()) < 4 * np.hypot(base.std(), other.std()) / np.sqrt(n)
    assert base.std() == pytest.approx(other.std(), rel=0.2)


@pytest.mark.parametrize("family", ["gaussian", "t"])
@pytest.mark.parametrize("kept", [("price",), ("grid", "funding"), ("silicon", "grid", "ads", "price"), ("joint",)])
def test_factors_drawn_again_keep_their_joint_law_with_those_kept(family, kept):
    """Correlations within 4.5 / sqrt(n) of the model's own: 15 of them, 8 cases, fail once in 1,200 seeds."""
    frozen = freeze(load(SMOKE, [f"dependence.family={family}", "dependence.nu=8"]))
    groups = [group for group in GROUPS if group.name in kept]
    changed = redraw_others(frozen.model, frozen.draw_names, groups)
    base, factors = drawn_factors(frozen.model), drawn_factors(changed)
    rows = [FACTORS.index(factor) for group in groups for factor in group.factors]
    if family == "gaussian" or "joint" in kept:
        assert np.array_equal(factors[rows], base[rows])
    others = [row for row in range(6) if row not in rows]
    assert all(not np.array_equal(factors[row], base[row]) for row in others)
    reference = drawn_factors(frozen.model, seed=77)
    assert np.abs(np.corrcoef(factors) - np.corrcoef(reference)).max() < 4.5 * np.sqrt(2 / N)
    assert np.abs(factors.mean(axis=1)).max() < 4.5 / np.sqrt(N)
    assert np.abs(factors.std(axis=1) - 1.0).max() < 4.5 / np.sqrt(2 * N)


@pytest.mark.parametrize("family", ["gaussian", "t"])
def test_factors_at_rest_are_zero_and_those_that_move_keep_their_law(family):
    frozen = freeze(load(SMOKE, [f"dependence.family={family}"]))
    groups = [group for group in GROUPS if group.name in ("price", "joint")]
    base = drawn_factors(frozen.model)
    factors = drawn_factors(rest_others(frozen.model, frozen.draw_names, groups))
    price = FACTORS.index("price")
    assert np.array_equal(factors[price], base[price])
    assert not np.delete(factors, price, axis=0).any()


def test_a_stress_shift_of_a_factor_stays(smoke):
    frozen = freeze(load(SMOKE, ["dependence.shift.price=1.5"]))
    factors = drawn_factors(redraw_others(frozen.model, frozen.draw_names, ()))
    assert factors[FACTORS.index("price")].mean() == pytest.approx(1.5, abs=0.05)
