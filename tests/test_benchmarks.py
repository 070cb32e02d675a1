"""The baselines of `benchmarks/` simulate the same model: their means are the kernel's within standard errors.

A figure fails at |z| >= 5, by chance 6e-7 each; with 58 figures and two comparisons a figure about 7e-5 a baseline.
"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.flagship import (
    NOT_RACED,
    SAME,
    Race,
    disagreement,
    exponential_rate,
    flagship,
    moments,
    require_supported,
)
from simulator import kernel
from simulator.engine.thread_pool import BlockSimulator, Task

PATHS = 1 << 14


@pytest.fixture(scope="module")
def race() -> Race:
    return flagship()


@pytest.fixture(scope="module")
def ours(race: Race, seed: int) -> NDArray[np.float64]:
    """Moments of the kernel's figures, from the first path that has no IRR."""
    return moments(BlockSimulator(race.model).simulate(seed, Task(kernel.SAMPLE_PATHS, PATHS)))


def differing(race: Race, ours: NDArray[np.float64], figures: NDArray[np.float64]) -> dict[str, float]:
    """Figures whose mean, or share of paths on which they are defined, is not the kernel's."""
    z = np.abs(disagreement(ours, moments(figures), (PATHS, figures.shape[1]))).max(axis=0)
    return {name: float(z[i]) for i, name in enumerate(race.names) if name not in NOT_RACED and not z[i] < SAME}


@pytest.mark.parametrize("block", [512, 4096])
def test_numpy_gives_the_kernels_answers(race, ours, seed, block):
    from benchmarks.numpy_model import NumpyModel

    assert differing(race, ours, NumpyModel(race.model, block, seed).simulate(PATHS)) == {}


@pytest.mark.slow
@pytest.mark.parametrize("generator", [False, True])
def test_plain_numba_gives_the_kernels_answers(race, ours, seed, generator):
    from benchmarks.numba_plain import NumbaPlain

    assert differing(race, ours, NumbaPlain(race.model, seed % 2**32, generator).simulate(PATHS)) == {}


@pytest.mark.slow
@pytest.mark.parametrize("narrow", [True, False])
def test_jax_gives_the_kernels_answers(race, ours, seed, narrow):
    pytest.importorskip("jax", reason="JAX is not installed: pip install 'capex-simulator[bench]'")
    from benchmarks.jax_model import JaxModel

    assert differing(race, ours, JaxModel(race.model, 4096, seed, narrow).simulate(PATHS)) == {}


def test_a_different_answer_is_seen(race, ours):
    figures = BlockSimulator(race.model).simulate(1, Task(kernel.SAMPLE_PATHS, PATHS)).copy()
    shifted = race.names.index("npv")
    figures[shifted] += 4.0  # 61 / sqrt(16384) = .5 is one standard error of a mean
    assert list(differing(race, ours, figures)) == ["npv"]
    figures[shifted, ::20] = np.nan
    assert list(differing(race, ours, figures)) == ["npv"]


def test_constant_figures_must_be_equal(race):
    same = moments(np.full((1, 100), 3.0))
    assert np.abs(disagreement(same, same, (100, 100))).max() == 0.0
    other = moments(np.full((1, 100), 3.0 + 1e-6))
    assert np.abs(disagreement(same, other, (100, 100))).max() > SAME


def test_event_rates_are_read_from_the_tables(race):
    assert exponential_rate(race.model, race.model.price.jump_rate_marginal) == pytest.approx(0.5, rel=1e-6)
    assert exponential_rate(race.model, race.model.silicon.paradigm_rate_marginal) == pytest.approx(0.05, rel=1e-6)


def test_baselines_refuse_what_they_do_not_model(race):
    plans = race.model.plans
    deferred = plans._replace(variant=plans.variant._replace(chips=np.array([1])))
    with pytest.raises(ValueError, match="baselines need: chips = committed"):
        require_supported(race.model._replace(plans=deferred))
