"""Ad-ARPU elasticity: compiled draws against closed forms."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simulator.config import freeze, load
from simulator.drivers import arpu, reverting
from simulator.drivers.arpu import Arpu
from simulator.drivers.laws import named, truncated, zero_inflated
from simulator.finance import workspace as at
from simulator.finance.company import Company
from simulator.finance.operations.cash_flow import compute_ebitda
from simulator.finance.operations.leasing import Leasing
from simulator.finance.plan.leases import InternalOrLease, LeaseExcess
from simulator.finance.sites.build import SiteHistory
from simulator.numerics.jit import njit
from tests.drawing import draw_arpu
from tests.statistical import assert_correlation, assert_covariance, assert_mean, assert_share, assert_variance

ROOT = Path(__file__).parents[1]
LANES = 60_000
MU, SIGMA, CAP, ZERO = float(np.log(0.05)), 0.7, 0.30, 0.10
ELASTICITY = zero_inflated(truncated(named("lognormal", median=0.05, sigma=SIGMA), high=CAP), ZERO)


@pytest.mark.parametrize("level", [0.0, 0.03])
def test_noise_is_mean_reverting(seed, level):
    drawn = draw_arpu(seed, f"noise {level}", LANES, level=level)
    x = np.log(drawn.noise)
    for month in (1, 12, 60):
        t = month / 12
        variance = reverting.variance(t, 1.4, 0.08, level)
        assert_mean(x[month - 1], 0.0)
        assert_variance(x[month - 1], variance)
        assert_mean(drawn.noise[month - 1], np.exp(0.5 * variance))
    for earlier, later in ((6, 12), (12, 36)):
        assert_covariance(
            x[earlier - 1], x[later - 1], reverting.covariance(earlier / 12, later / 12, 1.4, 0.08, level)
        )


def test_stationary_autocorrelation():
    variance = reverting.variance(50.0, 1.4, 0.08)
    assert variance == pytest.approx(0.08**2 / 2.8)
    assert reverting.covariance(50.0, 50.5, 1.4, 0.08) / variance == pytest.approx(np.exp(-0.7))


def test_monthly_steps_are_the_ar1_of_the_process():
    phi, sd = reverting.monthly(1.4, 0.08)
    assert sd**2 / (1.0 - phi**2) == pytest.approx(0.08**2 / 2.8, rel=1e-14)
    assert reverting.monthly(0.0, 0.08) == pytest.approx((1.0, 0.08 / np.sqrt(12.0)))


def test_elasticity_mixture(seed):
    eps = draw_arpu(seed, "elasticity", LANES, months=1, epsilon=ELASTICITY).epsilon
    assert_share(eps == 0.0, ZERO)
    for n in (1, 2, 3):
        assert_mean(eps**n, arpu.elasticity_moment(n, ZERO, MU, SIGMA, CAP))
    assert eps.max() <= CAP * (1.0 + 1e-6)


def test_elasticity_without_a_cap_is_a_lognormal():
    assert arpu.elasticity_moment(1, 0.0, MU, SIGMA, np.inf) == pytest.approx(0.064, abs=5e-4)
    assert arpu.elasticity_moment(2, 0.0, MU, SIGMA, np.inf) == pytest.approx(np.exp(2 * MU + 2 * SIGMA**2))


def test_elasticity_loads_on_the_factor(seed):
    law = named("normal", mean=0.06, sd=0.01)
    drawn = draw_arpu(seed, "loading", LANES, months=1, epsilon=law, share=0.3)
    assert_correlation(drawn.epsilon, drawn.factor, np.sqrt(0.3))
    assert_variance(drawn.epsilon, 0.01**2)


def test_revenue_ratio_under_a_normal_elasticity(seed):
    drawn = draw_arpu(seed, "ratio", LANES, months=1, epsilon=named("normal", mean=0.06, sd=0.05))
    for ratio in (2.0, 5.0):
        assert_mean(ratio**drawn.epsilon, arpu.expected_ratio(np.log(ratio), 0.06, 0.05))


def test_margin_is_an_uncertain_number(seed):
    drawn = draw_arpu(seed, "margin", LANES, months=1, margin=named("uniform", low=0.7, high=0.9))
    assert_mean(drawn.margin, 0.8)
    assert_variance(drawn.margin, 0.2**2 / 12)


# What compute does for revenue: exact


NOTHING_LEASED = Leasing(
    own_share=1.0,
    excess=LeaseExcess(False, 0.0, 0.0, 0.0, 0, 0, -1, 0.0, 0.0, False, False),
    option=InternalOrLease(False, 0.0),
    switching=False,
    work_share=1.0,
)


@njit
def book(company, leasing, world, flows, history, rows, ledger):  # inner: no entry for Python
    compute_ebitda(company, leasing, world, flows, history, rows, rows, ledger, False)


def increment(epsilon: float, lag: float, added: float, months: int = 30) -> np.ndarray:
    """Margin on extra revenue by month, W = `added` MW-equivalents from month 0 on 100, base revenue 2, noise 1.1."""
    ads = Arpu(
        revenue0_by_month=np.full(months, 2.0), fleet0_by_month=np.full(months, 100.0), factor_level=0.0,
        noise_phi=1.0, noise_sd=0.0, elasticity_marginal=0, elasticity_loading=0.0, elasticity_residual=1.0,
        lag_share=lag, margin_marginal=0, noise_row=0, elasticity_row=0, margin_row=0,
    )  # fmt: skip
    model = freeze(load(ROOT / "configs/smoke.toml", [f"months={months}"])).model
    company = Company(model.marginals, model.grid, ads, np.ones(months), model.programme, model.finance)
    world = at.allocate_world(months, 1, 0, 3)
    flows, ledger = np.zeros((at.SITE_FLOW_PLANES, months, 3)), np.zeros((at.LEDGER_PLANES, months, 3))
    world.monthly[at.AD_NOISE], world.monthly[at.WORK_INDEX] = 1.1, 1.0
    world.parameters[at.ELASTICITY], world.parameters[at.MARGIN] = epsilon, 0.8
    flows[at.WORK_UNITS] = added
    history = SiteHistory(np.zeros((1, 3)), np.zeros((1, 3)), np.zeros((1, months + 2, 3)))
    book(company, NOTHING_LEASED, world, flows, history, np.empty((at.SCRATCH_ROWS, 3)), ledger)
    return ledger[at.EBITDA, :, 0]


@pytest.mark.parametrize("epsilon", [0.0, 0.05, 1.0])
def test_without_a_lag_revenue_follows_compute_to_the_power_of_the_elasticity(epsilon):
    expected = 0.8 * 2.0 * 1.1 * ((100.0 + 60.0) / 100.0) ** epsilon - 0.8 * 2.0 * 1.1
    np.testing.assert_allclose(increment(epsilon, 1.0, 60.0), expected, rtol=1e-12, atol=1e-15)


def test_adoption_of_a_step_is_exponential():
    months = np.arange(1, 31)
    extra = increment(1.0, float(-np.expm1(-1.0 / 9.0)), 60.0) / (0.8 * 2.0 * 1.1)
    adopted = np.log1p(extra) / np.log(1.6)
    np.testing.assert_allclose(adopted, arpu.adoption(months, 9.0), rtol=1e-12)
